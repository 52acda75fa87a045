#include "sms-gateway/schedule.h"
#include <stdio.h>
#include <string.h>

enum err schedule_quiet_parse(const char *text, struct schedule_quiet *ret_quiet)
{
	if (strlen(text) != 11)
		return ERR_INPUT;
	for (int i = 0; i < 11; i++) {
		bool right = i == 5       ? text[i] == '-'
			     : i % 6 == 2 ? text[i] == ':'
					  : text[i] >= '0' && text[i] <= '9';
		if (!right)
			return ERR_INPUT;
	}
	int part[4];
	for (int i = 0; i < 4; i++) {
		const char *p = text + i * 3;
		part[i] = (p[0] - '0') * 10 + p[1] - '0';
	}
	if (part[0] > 23 || part[1] > 59 || part[2] > 23 || part[3] > 59)
		return ERR_INPUT;
	*ret_quiet =
		(struct schedule_quiet){ part[0] * 60 + part[1], part[2] * 60 + part[3] };
	return OK;
}

bool schedule_is_quiet(const struct schedule_quiet *q, int minute)
{
	if (q->from <= q->to)
		return minute >= q->from && minute < q->to;
	return minute >= q->from || minute < q->to;
}

void schedule_bucket_init(struct schedule_bucket *b, long per_second, int64_t ticks)
{
	*b = (struct schedule_bucket){ per_second, (double)per_second, ticks };
}

int64_t schedule_bucket_take(struct schedule_bucket *b, unsigned segments, int64_t ticks)
{
	double room = (double)b->per_second;
	if (ticks > b->filled) {
		b->tokens += (double)(ticks - b->filled) * room / 1000;
		if (b->tokens > room)
			b->tokens = room;
		b->filled = ticks;
	}
	double need = segments < room ? segments : room;
	if (b->tokens >= need) {
		b->tokens -= segments;
		return 0;
	}
	return (int64_t)((need - b->tokens) * 1000 / room) + 1;
}

int64_t schedule_backoff(int64_t base, int64_t cap, unsigned tries, uint32_t random)
{
	int64_t most = base;
	for (unsigned i = 1; i < tries && most < cap; i++)
		most *= 2;
	if (most > cap)
		most = cap;
	return (int64_t)(((uint64_t)most + 1) * random >> 32);
}

int64_t schedule_done(int64_t now, uint64_t segments, long per_second,
	const struct schedule_quiet *q, int (*minute_of)(int64_t))
{
	while (segments) {
		int64_t left = 60 - now % 60;
		if (!schedule_is_quiet(q, minute_of(now))) {
			uint64_t possible = (uint64_t)left * (uint64_t)per_second;
			if (possible >= segments)
				return now +
				       (int64_t)((segments + (uint64_t)per_second - 1) /
						 (uint64_t)per_second);
			segments -= possible;
		}
		now += left;
	}
	return now;
}
