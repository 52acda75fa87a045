#include "box.h"
#include "common/clock.h"
#include "common/log.h"
#include "queue.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	REPEAT_MS = 10 * 60 * 1000, /* how long the same form gets the same answer */
	REPEAT_SETS = 16384,
	REPEAT_WAYS = 4,
	BATCH_WAVES = 8,
	SEALERS = 8, /* at most; sealing costs most, so it gets every core */
};

/* Forms stored a moment ago, by keyed hash, in memory only: a set-associative table that
 * forgets the oldest. */
struct repeat {
	int64_t until;
	uint8_t hash[BOX_REPEAT];
};

struct box {
	struct store *store;
	struct repeat (*repeats)[REPEAT_WAYS];
	struct queue unsealed;
	struct queue sealed;
	pthread_t sealers[SEALERS];
	size_t sealer_count;
	pthread_t writer;
};

static struct repeat *repeat_set(struct box *box, const uint8_t *hash)
{
	return box->repeats[(hash[0] << 8 | hash[1]) % REPEAT_SETS];
}

static struct repeat *repeat_find(struct box *box, const uint8_t *hash, int64_t ticks)
{
	struct repeat *set = repeat_set(box, hash);
	for (size_t i = 0; i < REPEAT_WAYS; i++)
		if (set[i].until > ticks && memcmp(set[i].hash, hash, BOX_REPEAT) == 0)
			return &set[i];
	return NULL;
}

static void repeat_add(struct box *box, const uint8_t *hash, int64_t ticks)
{
	struct repeat *set = repeat_set(box, hash), *oldest = set;
	for (size_t i = 1; i < REPEAT_WAYS; i++)
		if (set[i].until < oldest->until)
			oldest = &set[i];
	oldest->until = ticks + REPEAT_MS;
	memcpy(oldest->hash, hash, BOX_REPEAT);
}

/* The phases of the waves in one batch, read once in its transaction. */
struct phases {
	day today;
	size_t count;
	struct {
		int64_t wave;
		bool open;
	} known[BATCH_WAVES];
};

static enum err is_open_tx(
	struct box *box, struct phases *p, int64_t number, bool *ret_open)
{
	for (size_t i = 0; i < p->count; i++) {
		if (p->known[i].wave == number) {
			*ret_open = p->known[i].open;
			return OK;
		}
	}
	struct wave w;
	enum err e = store_wave_get(box->store, number, &w);
	if (e)
		return e;
	*ret_open = wave_phase(&w, p->today) == WAVE_OPEN;
	if (p->count < BATCH_WAVES) {
		p->known[p->count].wave = number;
		p->known[p->count++].open = *ret_open;
	}
	return OK;
}

static enum err do_job_tx(
	struct box *box, struct box_job *job, struct phases *phases, int64_t ticks)
{
	bool open;
	enum err e = is_open_tx(box, phases, job->wave, &open);
	if (e)
		return e;
	if (!open) {
		job->spend = SPEND_CLOSED;
		return OK;
	}
	if (job->decline)
		return store_decline_tx(box->store, job->wave, job->serial, &job->id,
			job->decline, &job->spend);
	e = store_spend_tx(box->store, job->wave, job->serial, job->sealed, &job->spend);
	if (e || !job->repeatable)
		return e;
	if (job->spend == SPEND_OK)
		repeat_add(box, job->repeat, ticks);
	else if (repeat_find(box, job->repeat, ticks))
		job->spend = SPEND_REPEATED;
	return OK;
}

static enum err try_batch(struct box *box, struct box_job *batch)
{
	struct phases phases = { .today = clock_day(clock_now()) };
	int64_t ticks = clock_ticks();
	enum err e = store_begin(box->store);
	if (e)
		return e;
	for (struct box_job *job = batch; job && e == OK; job = job->next)
		e = do_job_tx(box, job, &phases, ticks);
	return store_end(box->store, e);
}

/* What was not stored must not answer for a repeated form. */
static void forget(struct box *box, struct box_job *batch)
{
	for (struct box_job *job = batch; job; job = job->next) {
		struct repeat *r = job->repeatable && job->spend == SPEND_OK
					   ? repeat_find(box, job->repeat, clock_ticks())
					   : NULL;
		if (r)
			r->until = 0;
	}
}

static void run_batch(struct box *box, struct box_job *batch)
{
	enum err e = try_batch(box, batch);
	if (e)
		forget(box, batch);
	/* One that can't be stored must not take the others with it. */
	bool apart = e && batch->next;
	if (e && !apart)
		log_error("ballot box: %s: an answer was refused and can be sent again",
			err_text(e));
	while (batch) {
		struct box_job *job = batch;
		batch = job->next;
		job->next = NULL;
		job->err = e;
		if (apart)
			run_batch(box, job);
		else
			job->done(job);
	}
}

static void *write_all(void *context)
{
	struct box *box = context;
	struct box_job *batch;
	while ((batch = queue_take_all(&box->sealed)))
		run_batch(box, batch);
	return NULL;
}

static void *seal_all(void *context)
{
	struct box *box = context;
	struct box_job *job;
	while ((job = queue_take(&box->unsealed))) {
		job->err = ballot_seal(
			job->public_key, job->name, &job->ballot, job->sealed);
		secret_wipe(&job->ballot, sizeof job->ballot);
		if (job->err)
			job->done(job);
		else
			queue_put(&box->sealed, job);
	}
	return NULL;
}

/* Ends the threads that were started, the sealers before the writer, and frees the box.
 */
static void destroy(struct box *box, bool has_writer)
{
	queue_end(&box->unsealed);
	while (box->sealer_count)
		(void)pthread_join(box->sealers[--box->sealer_count], NULL);
	queue_end(&box->sealed);
	if (has_writer)
		(void)pthread_join(box->writer, NULL);
	queue_finish(&box->unsealed);
	queue_finish(&box->sealed);
	store_close(box->store);
	free(box->repeats);
	free(box);
}

enum err box_start(const char *database, struct box **ret_box, struct why *why)
{
	struct box *box = mem_alloc(sizeof *box);
	queue_init(&box->unsealed);
	queue_init(&box->sealed);
	enum err e = store_open(database, &box->store, why);
	if (e) {
		destroy(box, false);
		return e;
	}
	box->repeats = mem_alloc(REPEAT_SETS * sizeof *box->repeats);
	bool started = pthread_create(&box->writer, NULL, write_all, box) == 0;
	bool writer = started;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t wanted = cores < 1 ? 1 : cores < SEALERS ? (size_t)cores : SEALERS;
	while (started && box->sealer_count < wanted) {
		started = pthread_create(&box->sealers[box->sealer_count], NULL, seal_all,
				  box) == 0;
		box->sealer_count += started;
	}
	if (!started) {
		destroy(box, writer);
		return err_why(why, ERR_IO, "the ballot box: no thread could be started");
	}
	*ret_box = box;
	return OK;
}

void box_submit(struct box *box, struct box_job *job)
{
	/* Until the writer knows better: forget() must not take it for a stored one. */
	job->spend = SPEND_USED;
	queue_put(job->decline ? &box->sealed : &box->unsealed, job);
}

void box_stop(struct box *box)
{
	if (box)
		destroy(box, true);
}
