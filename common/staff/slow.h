/* What would hold up a listener, done by threads of its own: so many at a time and no
 * more, the others wait in a queue. */
#ifndef COMMON_STAFF_SLOW_H
#define COMMON_STAFF_SLOW_H

#include "common/http.h"

enum { SLOW_THREADS = 2, SLOW_WAITING = 64 };

struct slow_options {
	size_t threads; /* 1 to SLOW_THREADS */
	bool idle;      /* they run when no other thread wants to */
	/* Called about once a minute, and first at once, on one of the threads; NULL:
	 * nothing. */
	void (*each_minute)(void *context);
	void *context;
};

struct slow;
enum err slow_start(
	const struct slow_options *options, struct slow **ret_slow, struct why *why);
/* Call it after http_stop(), with nothing left in the queue. NULL is fine. */
void slow_stop(struct slow *s);

/* Parks the request, runs work(job) on a thread, then calls `then` on the listener's,
 * with the job as http_note(). false when too many wait already: nothing was parked. The
 * job must live in the request's arena, and be touched by work() alone until `then`. */
bool slow_do(struct slow *s, struct http_request *r, void (*work)(void *job), void *job,
	http_handler *then);

#endif
