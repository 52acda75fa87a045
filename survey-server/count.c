#include "count.h"
#include "definition.h"
#include "flow.h"
#include "release.h"
#include <string.h>

enum {
	PROGRESS_EVERY = 1000,
	CHECKPOINT_TRIES = 600, /* a tenth of a second each, for readers to finish */
	NOT_ELIGIBLE = 40,      /* AAPOR's code */
};

/* One count under way. */
struct counting {
	const struct wave *wave;
	const struct secret_x25519 *key;
	struct definition definition;
	struct release_input in;
	struct count_sums sums;
	int64_t all;
	count_progress *progress;
};

static void add(const struct questionnaire *q, unsigned hidden, const struct ballot *b,
	struct release_row *row)
{
	row->answered++;
	for (size_t n = 0; n < q->count; n++)
		if (flow_asked(q, hidden, n, b->answers))
			tally_add(&row->tallies[n], &q->questions[n], b->answers[n]);
}

static enum err open_one(const struct counting *c, const uint8_t *sealed,
	struct ballot *b, size_t *ret_area, enum plan *ret_plan)
{
	struct background background;
	enum err e = ballot_open(c->key, c->wave->name, sealed, b);
	if (e == OK)
		e = background_decode(b->background, &background);
	if (e)
		return e;
	*ret_plan = background.plan;
	*ret_area = background.values[c->definition.area];
	return *ret_area < c->definition.variables[c->definition.area].count ? OK
									     : ERR_INPUT;
}

static enum err count_one(void *context, const uint8_t sealed[static BALLOT_SEALED])
{
	struct counting *c = context;
	const struct questionnaire *q = &c->definition.questionnaire;
	struct ballot b;
	size_t area;
	enum plan plan;
	if (++c->sums.ballots % PROGRESS_EVERY == 0 && c->progress)
		c->progress(c->sums.ballots, c->all);
	if (open_one(c, sealed, &b, &area, &plan) != OK) {
		c->sums.damaged++;
		return OK;
	}
	unsigned hidden = definition_area(&c->definition, (unsigned)area)->hidden;
	flow_drop(q, hidden, b.answers);
	if (!flow_enough(q, hidden, b.answers)) {
		c->sums.break_off++;
	} else {
		c->sums.answered++;
		c->in.helped[b.helped]++;
		c->in.channels[plan - 1].answered++;
		add(q, hidden, &b, &c->in.city);
		add(q, hidden, &b, &c->in.areas[area]);
	}
	secret_wipe(&b, sizeof b);
	return OK;
}

static enum err add_left_out(void *context, const char *reason, int64_t persons)
{
	json_set(context, reason, json_new_number((double)persons));
	return OK;
}

static enum err add_disposition(void *context, const char *code, int64_t persons)
{
	if (atoi(code) == NOT_ELIGIBLE)
		*(int64_t *)context += persons;
	return OK;
}

static enum err read_frame(struct store *s, struct counting *c)
{
	struct stratum *strata;
	size_t count;
	struct release_input *in = &c->in;
	enum err e = store_strata(s, c->wave->number, &strata, &count);
	if (e)
		return e;
	for (size_t i = 0; i < count; i++) {
		in->frame += strata[i].frame;
		in->city.invited += strata[i].drawn;
		in->channels[strata[i].plan - 1].invited += strata[i].drawn;
		if (strata[i].area < c->definition.variables[c->definition.area].count)
			in->areas[strata[i].area].invited += strata[i].drawn;
	}
	free(strata);
	in->left_out = json_object();
	e = store_left_out(s, c->wave->number, add_left_out, in->left_out);
	if (e == OK)
		e = store_disposition_sums(
			s, c->wave->number, add_disposition, &in->not_eligible);
	return e;
}

static enum err read_definition(
	struct store *s, struct arena *a, struct counting *c, struct why *why)
{
	auto_(buf) struct buf text = { 0 };
	enum err e = store_definition(s, c->wave->number, &text);
	if (e)
		return e;
	e = definition_read(a, buf_string(&text), text.len, &c->definition, why);
	if (e)
		return e;
	return c->definition.area < 0 ? err_why(why, ERR_IO, "the wave has no areas")
				      : OK;
}

/* The whole count; the caller holds the snapshot. */
static enum err count_all(
	struct store *s, struct counting *c, struct json **ret_release, struct why *why)
{
	auto_(arena) struct arena *a = arena_create();
	struct release_input *in = &c->in;
	int64_t spent;
	enum err e = read_definition(s, a, c, why);
	if (e)
		return e;
	in->definition = &c->definition;
	in->areas = arena_alloc(
		a, c->definition.variables[c->definition.area].count * sizeof *in->areas);
	e = read_frame(s, c);
	if (e == OK)
		e = store_ballot_count(s, c->wave->number, &c->all);
	if (e == OK)
		e = store_spent_count(s, c->wave->number, &spent);
	if (e == OK && spent != c->all)
		e = err_why(why, ERR_CONFLICT,
			"%lld invitations are spent, but there are %lld ballots: the database "
			"is damaged; restore a backup",
			(long long)spent, (long long)c->all);
	if (e == OK)
		e = store_ballots(s, c->wave->number, count_one, c);
	if (e) {
		json_destroy(in->left_out);
		return e;
	}
	in->break_off = c->sums.break_off;
	in->damaged = c->sums.damaged;
	*ret_release = release_make(in);
	return OK;
}

enum err count_run(struct store *s, const struct wave *w,
	const uint8_t private_key[static 32], count_progress *progress,
	struct json **ret_release, struct count_sums *ret_sums, struct why *why)
{
	auto_(x25519) struct secret_x25519 *key = secret_x25519_load(private_key);
	uint8_t public_key[32];
	secret_x25519_public(key, public_key);
	if (!secret_equal(public_key, w->public_key, sizeof public_key))
		return err_why(why, ERR_CRYPTO, "the recovery key is not that of wave %s",
			w->name);
	struct counting c = {
		.wave = w, .key = key, .in = { .wave = w }, .progress = progress
	};
	*why = (struct why){ "" };
	enum err e = store_snapshot(s);
	if (e == OK) {
		e = count_all(s, &c, ret_release, why);
		store_release(s);
	}
	if (e && !why->text[0])
		return err_why(why, e, "the database: %s", store_error(s));
	*ret_sums = c.sums;
	return e;
}

enum err count_store(struct store *s, const struct wave *w, const struct json *release,
	const struct count_sums *sums, day today, struct why *why)
{
	auto_(buf) struct buf text = { 0 };
	json_print(release, false, &text);
	int64_t ballots = 0;
	struct wave now;
	enum err e = store_begin(s);
	if (e)
		return err_why(why, e, "the database: %s", err_text(e));
	e = store_wave_get(s, w->number, &now);
	if (e == OK)
		e = store_ballot_count(s, w->number, &ballots);
	bool changed = e == OK && (now.state != WAVE_CLOSED || ballots != sums->ballots);
	if (changed)
		e = ERR_CONFLICT;
	if (e == OK)
		e = store_burn_tx(s, w->number, buf_string(&text), today);
	e = store_end(s, e);
	if (changed)
		return err_why(
			why, e, "the wave changed while it was counted: run count again");
	return e ? err_why(why, e, "the database: %s", err_text(e)) : OK;
}

static enum err set_counted(struct store *s, const struct wave *w)
{
	enum err e = store_begin(s);
	return e ? e : store_end(s, store_wave_state_tx(s, w->number, WAVE_COUNTED));
}

static enum err empty_log(struct store *s)
{
	enum err e = ERR_CONFLICT;
	for (int i = 0; i < CHECKPOINT_TRIES && e == ERR_CONFLICT; i++)
		e = store_checkpoint(s);
	return e;
}

enum err count_burn(
	struct store *s, const struct wave *w, const char *key_file, struct why *why)
{
	/* Deleted rows are overwritten, but copies that pages left behind when they were
	 * split are not: the file is written anew from what lives, and the log, which
	 * holds the old pages, is emptied. */
	enum err e = empty_log(s);
	if (e == OK)
		e = store_rewrite(s);
	if (e == OK)
		e = empty_log(s);
	if (e)
		return err_why(why, e,
			"the figures are stored, but the log can't be emptied yet (%s): run count "
			"again",
			err_text(e));
	e = secret_key_erase(key_file, why);
	if (e)
		return e;
	e = set_counted(s, w);
	if (e == OK)
		e = empty_log(s);
	return e ? err_why(why, e, "the database: %s: run count again", err_text(e)) : OK;
}
