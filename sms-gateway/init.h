/* The command `init`: makes the folders, the key files and the staff's database that are
 * missing. */
#ifndef SMS_GATEWAY_INIT_H
#define SMS_GATEWAY_INIT_H

#include "sms-gateway/config.h"

/* Says on standard output what it made; never overwrites anything. The program's exit
 * status. */
int init_run(const struct config *c);

#endif
