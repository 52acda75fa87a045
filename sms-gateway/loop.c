#include "sms-gateway/loop.h"
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct loop {
	pthread_mutex_t lock;
	pthread_cond_t told;
	bool stop;
};

struct loop *loop_create(void)
{
	struct loop *l = mem_alloc(sizeof *l);
	pthread_condattr_t attributes;
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&l->lock, NULL);
	(void)pthread_cond_init(&l->told, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	return l;
}

void loop_destroy(struct loop *l)
{
	if (!l)
		return;
	(void)pthread_cond_destroy(&l->told);
	(void)pthread_mutex_destroy(&l->lock);
	free(l);
}

bool loop_wait(struct loop *l, int64_t ms)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_mutex_lock(&l->lock);
	while (!l->stop && ms > 0)
		if (pthread_cond_timedwait(&l->told, &l->lock, &until) != 0)
			break;
	bool go_on = !l->stop;
	(void)pthread_mutex_unlock(&l->lock);
	return go_on;
}

void loop_stop(struct loop *l)
{
	(void)pthread_mutex_lock(&l->lock);
	l->stop = true;
	(void)pthread_cond_broadcast(&l->told);
	(void)pthread_mutex_unlock(&l->lock);
}
