/* When something may be sent: quiet hours, the provider's pace, how long to wait before
 * another try. Pure. */
#ifndef SMS_GATEWAY_SCHEDULE_H
#define SMS_GATEWAY_SCHEDULE_H

#include "common/err.h"
#include <stdbool.h>
#include <stdint.h>

/* Minutes of the day; the same twice is no quiet hours at all. */
struct schedule_quiet {
	int from; /* the first quiet minute */
	int to;   /* the first minute after */
};

/* "20:00-08:00"; ERR_INPUT for anything else. */
enum err schedule_quiet_parse(const char *text, struct schedule_quiet *ret_quiet);
/* Whether that minute of the day (0–1439) is quiet; quiet hours may span midnight. */
bool schedule_is_quiet(const struct schedule_quiet *q, int minute);

/* A token bucket that holds one second's worth of segments. */
struct schedule_bucket {
	long per_second;
	double tokens;
	int64_t filled; /* ticks, ms */
};

void schedule_bucket_init(struct schedule_bucket *b, long per_second, int64_t ticks);
/* Takes that many segments and returns 0, or takes nothing and returns how many
 * milliseconds to wait. A message of more segments than the bucket holds goes when the
 * bucket is full and leaves a debt. */
int64_t schedule_bucket_take(struct schedule_bucket *b, unsigned segments, int64_t ticks);

/* Full jitter: evenly between 0 and the least of cap and base·2^(tries−1), from 32 random
 * bits. https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ */
int64_t schedule_backoff(int64_t base, int64_t cap, unsigned tries, uint32_t random);

/* When that many segments will have been sent, starting at `now` (seconds since 1970),
 * outside quiet hours; minute_of tells the minute of the day at a moment. */
int64_t schedule_done(int64_t now, uint64_t segments, long per_second,
	const struct schedule_quiet *q, int (*minute_of)(int64_t));

#endif
