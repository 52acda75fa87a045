/* Where the time of one form, then of its answer goes: each step on its own, one thread,
 * means.
 *
 *   parts DATABASE WAVE CODES INVITATION_KEY     (a database with that wave's
 * invitations, no daemon on it) */
#include "common/clock.h"
#include "common/form.h"
#include "common/gzip.h"
#include "definition.h"
#include "flow.h"
#include "store.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 4000, GROUP = 64 };

static const char body[] = "q1=2&q2=1&q3=1&q4=3&q5=1&q6=2";

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

struct step {
	const char *name;
	double total;
};

enum { SNAPSHOT, DERIVE, FIND, OPEN, NONCE, FORM, SEAL, SPEND, COMMIT, STEPS };

static struct step steps[STEPS] = {
	[SNAPSHOT] = { "begin and end a snapshot, shared by 64", 0 },
	[DERIVE] = { "code to id and seal key (3 HMAC)", 0 },
	[FIND] = { "look up the invitation", 0 },
	[OPEN] = { "open its background (AES-GCM)", 0 },
	[NONCE] = { "a nonce into the compressed form", 0 },
	[FORM] = { "read the form", 0 },
	[SEAL] = { "seal the ballot (HPKE)", 0 },
	[SPEND] = { "spend and store, in the transaction", 0 },
	[COMMIT] = { "commit with fsync, shared by 64", 0 },
};

static struct gzip_mould page;

static double lap(int step, double since)
{
	double t = now_us();
	steps[step].total += t - since;
	return t;
}

static bool answer(struct store *s, const uint8_t *key, const char *line,
	struct store_found *found, uint8_t *sealed)
{
	struct code code;
	struct invitation_id id;
	struct invitation_seal seal;
	struct ballot ballot = { .channel = CHANNEL_WEB };
	struct form form;
	uint8_t nonce[16];
	char hex[33];
	struct arena *a = arena_create();
	double t = now_us();
	if (code_parse(line, &code) != OK)
		return false;
	invitation_derive(key, &code, &id, &seal);
	t = lap(DERIVE, t);
	if (store_invitation_find(s, &id, found) != OK)
		return false;
	t = lap(FIND, t);
	if (background_open(
		    &seal, found->wave.name, &id, found->sealed, ballot.background) != OK)
		return false;
	t = lap(OPEN, t);
	secret_random(nonce, sizeof nonce);
	secret_hex(nonce, sizeof nonce, hex);
	gzip_mould_fill(&page, hex, page.bytes.data);
	t = lap(NONCE, t);
	if (form_parse(a, body, sizeof body - 1, &form) != OK)
		return false;
	for (size_t i = 0; i < form.count; i++)
		ballot.answers[i] = (uint8_t)(form.fields[i].value[0] - '0');
	t = lap(FORM, t);
	if (ballot_seal(found->wave.public_key, found->wave.name, &ballot, sealed) != OK)
		return false;
	lap(SEAL, t);
	arena_destroy(a);
	return true;
}

int main(int argc, char **argv)
{
	uint8_t key[SECRET_KEY], sealed[GROUP][BALLOT_SEALED];
	struct store_found found[GROUP];
	struct store *s;
	struct why why;
	char line[64];
	if (argc != 5 || secret_key_load(argv[4], key, &why) != OK ||
		store_open(argv[1], &s, &why) != OK)
		return 2;
	FILE *codes = fopen(argv[3], "r");
	if (!codes)
		return 2;
	const char some[8192] = "form";
	gzip_mould_make(some, sizeof some, 7000, 32, &page);
	for (int round = 0; round < ROUNDS; round += GROUP) {
		double since = now_us();
		if (store_snapshot(s) != OK)
			return 1;
		lap(SNAPSHOT, since);
		for (int i = 0; i < GROUP; i++) {
			if (!fgets(line, sizeof line, codes))
				return 1;
			line[strcspn(line, "\n")] = '\0';
			if (!answer(s, key, line, &found[i], sealed[i]))
				return 1;
		}
		since = now_us();
		store_release(s);
		lap(SNAPSHOT, since);
		if (store_begin(s) != OK)
			return 1;
		double t = now_us();
		for (int i = 0; i < GROUP; i++) {
			enum spend spend;
			if (store_spend_tx(s, found[i].wave.number, found[i].serial,
				    sealed[i], &spend) != OK)
				return 1;
		}
		t = lap(SPEND, t);
		if (store_end(s, OK) != OK)
			return 1;
		lap(COMMIT, t);
	}
	double sum = 0;
	for (int i = 0; i < STEPS; i++) {
		printf("%-40s %7.1f us\n", steps[i].name, steps[i].total / ROUNDS);
		sum += steps[i].total / ROUNDS;
	}
	printf("%-40s %7.1f us\n", "together, before HTTP", sum);
	store_close(s);
	fclose(codes);
	return 0;
}
