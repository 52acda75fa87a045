/* The commands of sms-gateway. */
#ifndef SMS_GATEWAY_COMMANDS_H
#define SMS_GATEWAY_COMMANDS_H

#include "common/program.h"
#include "sms-gateway/config.h"

extern const struct program commands_program;

#endif
