#include "throttle.h"
#include "common/buf.h"
#include "common/secret.h"
#include <stdbool.h>
#include <string.h>

enum { ENTRIES = 4096, HASH = 16, FIRST_WAIT_MS = 1000 };

struct entry {
	uint8_t hash[HASH];
	unsigned failures; /* 0: free */
	int64_t last;      /* failure */
	int64_t before;    /* the one before that */
};

struct throttle {
	uint8_t key[SECRET_KEY];
	struct entry entries[ENTRIES];
};

struct throttle *throttle_create(void)
{
	struct throttle *t = mem_alloc(sizeof *t);
	secret_random(t->key, sizeof t->key);
	return t;
}

void throttle_destroy(struct throttle *t)
{
	if (!t)
		return;
	secret_wipe(t, sizeof *t);
	free(t);
}

/* The name and the place or device, told apart from every other pair. */
static void hash_of(const struct throttle *t, char kind, const char *name,
	const char *where, uint8_t out[static HASH])
{
	auto_(buf) struct buf text = { 0 };
	uint8_t hash[32];
	buf_add(&text, &kind, 1);
	buf_add(&text, name, strlen(name) + 1);
	buf_text(&text, where);
	secret_hmac(t->key, sizeof t->key, text.data, text.len, hash);
	memcpy(out, hash, HASH);
}

/* What a try counts against, and how many failures that has free. */
struct count {
	uint8_t hash[HASH];
	unsigned free;
};

/* Fills one or two. */
static size_t counts_of(const struct throttle *t, const struct throttle_try *y,
	struct count out[static 2])
{
	out[0].free = THROTTLE_FREE;
	out[1].free = THROTTLE_PLACE_FREE;
	if (y->device) {
		hash_of(t, 'd', y->name, y->device, out[0].hash);
		return 1;
	}
	hash_of(t, 'a', y->name, y->address, out[0].hash);
	hash_of(t, 'p', "", y->address, out[1].hash);
	return 2;
}

/* Frees what has had its time. When nothing is left, nothing needs the key any more. */
static void forget(struct throttle *t, int64_t ticks)
{
	bool any = false;
	for (struct entry *e = t->entries; e < t->entries + ENTRIES; e++) {
		if (ticks - e->last >= THROTTLE_FORGET_MS)
			e->failures = 0;
		any |= e->failures > 0;
	}
	if (!any)
		secret_random(t->key, sizeof t->key);
}

static struct entry *find(struct throttle *t, const uint8_t hash[static HASH])
{
	for (struct entry *e = t->entries; e < t->entries + ENTRIES; e++)
		if (e->failures && memcmp(e->hash, hash, HASH) == 0)
			return e;
	return NULL;
}

/* A free entry, or that of the failure longest ago. */
static struct entry *make(struct throttle *t, const uint8_t hash[static HASH])
{
	struct entry *made = t->entries;
	for (struct entry *e = t->entries; e < t->entries + ENTRIES && made->failures;
		e++)
		if (!e->failures || e->last < made->last)
			made = e;
	*made = (struct entry){ 0 };
	memcpy(made->hash, hash, HASH);
	return made;
}

static int64_t delay(unsigned failures, unsigned free)
{
	int64_t ms = failures < free ? 0 : FIRST_WAIT_MS;
	for (unsigned i = free; i < failures && ms < THROTTLE_MOST_MS; i++)
		ms *= 2;
	return ms < THROTTLE_MOST_MS ? ms : THROTTLE_MOST_MS;
}

int64_t throttle_wait(struct throttle *t, const struct throttle_try *y, int64_t ticks)
{
	struct count counts[2];
	int64_t longest = 0;
	forget(t, ticks);
	size_t n = counts_of(t, y, counts);
	for (size_t i = 0; i < n; i++) {
		const struct entry *e = find(t, counts[i].hash);
		int64_t wait =
			e ? e->last + delay(e->failures, counts[i].free) - ticks : 0;
		longest = wait > longest ? wait : longest;
	}
	return longest;
}

void throttle_failed(struct throttle *t, const struct throttle_try *y, int64_t ticks)
{
	struct count counts[2];
	forget(t, ticks);
	size_t n = counts_of(t, y, counts);
	for (size_t i = 0; i < n; i++) {
		struct entry *e = find(t, counts[i].hash);
		if (!e)
			e = make(t, counts[i].hash);
		e->failures++;
		e->before = e->last;
		e->last = ticks;
	}
}

void throttle_passed(struct throttle *t, const struct throttle_try *y)
{
	struct count counts[2];
	size_t n = counts_of(t, y, counts);
	struct entry *own = find(t, counts[0].hash);
	struct entry *place = n > 1 ? find(t, counts[1].hash) : NULL;
	if (own)
		own->failures = 0;
	/* As if this try had never been: those who sign in from one place again and again
	 * must not keep its failures alive. */
	if (place) {
		place->failures--;
		place->last = place->before;
	}
}
