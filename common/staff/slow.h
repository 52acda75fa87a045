/* What would hold up a listener: two threads, of the lowest priority, that hash passwords
 * and ask the identity provider. Two hashes at a time and no more. */
#ifndef COMMON_STAFF_SLOW_H
#define COMMON_STAFF_SLOW_H

#include "common/http.h"

enum { SLOW_THREADS = 2, SLOW_WAITING = 64 };

struct slow;
/* each_minute(context) is called about once a minute, and first at once, on one of the
 * threads. */
enum err slow_start(void (*each_minute)(void *context), void *context,
	struct slow **ret_slow, struct why *why);
/* Call it after http_stop(), with nothing left in the queue. NULL is fine. */
void slow_stop(struct slow *s);

/* Parks the request, runs work(job) on a thread, then calls `then` on the listener's,
 * with the job as http_note(). false when too many wait already: nothing was parked. The
 * job must live in the request's arena, and be touched by work() alone until `then`. */
bool slow_do(struct slow *s, struct http_request *r, void (*work)(void *job), void *job,
	http_handler *then);

#endif
