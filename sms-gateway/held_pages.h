/* The coordinator's page of those who wait for a decision. Does what the commands
 * contacts held, keep and remove do, and no more. */
#ifndef SMS_GATEWAY_HELD_PAGES_H
#define SMS_GATEWAY_HELD_PAGES_H

#include "common/staff/staff.h"

/* Handlers; their context is the struct staff, whose pages_config() there must be. */
http_handler held_pages_list, held_pages_decide;

#endif
