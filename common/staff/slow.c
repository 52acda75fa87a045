#include "slow.h"
#include "common/clock.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MINUTE_MS = 60000 };

struct task {
	struct http_request *request;
	void (*work)(void *job);
	void *job;
};

struct slow {
	struct slow_options options;
	pthread_mutex_t lock;
	pthread_cond_t change;
	struct task waiting[SLOW_WAITING]; /* a ring */
	size_t first, count;
	bool ending;
	pthread_t threads[SLOW_THREADS];
	size_t thread_count;
};

/* Who signs in may wait, who answers may not: this thread runs when no other wants to.
 * Where a sandbox refuses that, and the lowest of the ordinary priorities too, it works
 * all the same: so many at a time is promised, a priority is not. */
static void step_back(const struct slow *s)
{
	const struct sched_param none = { 0 };
	/* Linux takes both for this thread alone. */
	if (s->options.idle && sched_setscheduler(0, SCHED_IDLE, &none) != 0)
		(void)setpriority(PRIO_PROCESS, (id_t)gettid(), 19);
}

/* Waits for a task, until then (in ticks; 0: for ever). false when none came, or when all
 * is done and the end has come. */
static bool take(struct slow *s, int64_t until, struct task *ret_task)
{
	const struct timespec t = { until / 1000, until % 1000 * 1000000 };
	int waited = 0;
	(void)pthread_mutex_lock(&s->lock);
	while (s->count == 0 && !s->ending && waited == 0)
		waited = until ? pthread_cond_timedwait(&s->change, &s->lock, &t)
			       : pthread_cond_wait(&s->change, &s->lock);
	bool any = s->count > 0;
	if (any) {
		*ret_task = s->waiting[s->first];
		s->first = (s->first + 1) % SLOW_WAITING;
		s->count--;
	}
	(void)pthread_mutex_unlock(&s->lock);
	return any;
}

static void finish(const struct task *t)
{
	t->work(t->job);
	http_wake(t->request);
}

static bool has_ended(struct slow *s)
{
	(void)pthread_mutex_lock(&s->lock);
	bool ended = s->ending && s->count == 0;
	(void)pthread_mutex_unlock(&s->lock);
	return ended;
}

static void *run(void *context)
{
	struct slow *s = context;
	struct task t;
	step_back(s);
	while (take(s, 0, &t))
		finish(&t);
	return NULL;
}

static void *run_and_watch(void *context)
{
	struct slow *s = context;
	struct task t;
	step_back(s);
	do {
		s->options.each_minute(s->options.context);
		int64_t next = clock_ticks() + MINUTE_MS;
		/* A queue that is never empty must not keep the minute away. */
		while (clock_ticks() < next && take(s, next, &t))
			finish(&t);
	} while (!has_ended(s));
	return NULL;
}

static bool start_threads(struct slow *s)
{
	sigset_t all, before;
	bool fine = true;
	/* Signals are for the thread that waits for them. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	while (fine && s->thread_count < s->options.threads) {
		bool first = s->thread_count == 0;
		void *(*how)(void *) =
			first && s->options.each_minute ? run_and_watch : run;
		fine = pthread_create(&s->threads[s->thread_count], NULL, how, s) == 0;
		s->thread_count += fine;
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return fine;
}

enum err slow_start(
	const struct slow_options *options, struct slow **ret_slow, struct why *why)
{
	struct slow *s = mem_alloc(sizeof *s);
	pthread_condattr_t attributes;
	s->options = *options;
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->change, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	if (!start_threads(s)) {
		slow_stop(s);
		return err_why(why, ERR_IO, "slow work: no thread could be started");
	}
	*ret_slow = s;
	return OK;
}

void slow_stop(struct slow *s)
{
	if (!s)
		return;
	(void)pthread_mutex_lock(&s->lock);
	s->ending = true;
	(void)pthread_cond_broadcast(&s->change);
	(void)pthread_mutex_unlock(&s->lock);
	while (s->thread_count)
		(void)pthread_join(s->threads[--s->thread_count], NULL);
	(void)pthread_cond_destroy(&s->change);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

bool slow_do(struct slow *s, struct http_request *r, void (*work)(void *job), void *job,
	http_handler *then)
{
	(void)pthread_mutex_lock(&s->lock);
	bool room = s->count < SLOW_WAITING;
	if (room) {
		/* Before a thread can see it: what wakes it must find it parked. */
		http_set_note(r, job);
		http_park(r, then);
		s->waiting[(s->first + s->count++) % SLOW_WAITING] =
			(struct task){ r, work, job };
		(void)pthread_cond_signal(&s->change);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return room;
}
