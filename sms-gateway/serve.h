/* The command `serve`: sends, registers, takes delivery reports and shows the staff's
 * pages until it is told to stop. */
#ifndef SMS_GATEWAY_SERVE_H
#define SMS_GATEWAY_SERVE_H

#include "sms-gateway/config.h"

/* Runs until SIGTERM or SIGINT. The program's exit status. */
int serve_run(const struct config *c);

#endif
