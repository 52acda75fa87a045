/* What the threads that work by themselves share: waiting, and being told to stop. */
#ifndef SMS_GATEWAY_LOOP_H
#define SMS_GATEWAY_LOOP_H

#include "common/mem.h"
#include <stdbool.h>
#include <stdint.h>

struct loop;

struct loop *loop_create(void);
void loop_destroy(struct loop *l);
/* Waits so many milliseconds, or until loop_stop(). False when it is time to stop. */
bool loop_wait(struct loop *l, int64_t ms);
void loop_stop(struct loop *l);

#endif
