#include "sms-gateway/sample.h"
#include "common/file.h"
#include "common/log.h"
#include "common/program.h"
#include "common/sheet.h"
#include "sms-gateway/enroll.h"
#include "sms-gateway/pages.h"
#include "sms-gateway/register.h"
#include "sms-gateway/stores.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE_MAX_DRAWN = 100000, HASH_TEXT = 64 };

struct sampling {
	const struct config *config;
	const struct sample_order *order;
	const struct survey_wave *wave;
	struct register_context registering;
	enum store_draw draw;
	size_t size; /* persons in each stratum */
	bool any;    /* administration had persons in the wave */
	size_t failed;
};

/* One administration's. */
struct drawing {
	struct sampling *sampling;
	struct store *store;
	struct arena *arena;
	struct keyring_wave keys;
	struct enroll_frame frame;
	uint8_t seed[DRAW_SEED];
	struct buf list; /* the frame, as it is committed to */
	bool anew;       /* there were codes, and perhaps messages planned */
};

static enum err engine(const struct drawing *d, enum err e, struct why *why)
{
	return err_why(why, e, "%s: nothing was drawn: %s",
		store_administration(d->store), store_reason(d->store, e));
}

static void hex_of_sha256(const void *data, size_t len, char out[static HASH_TEXT + 1])
{
	uint8_t hash[32];
	secret_sha256(data, len, hash);
	secret_hex(hash, sizeof hash, out);
}

/* A line per person, in the order of the hashes: an auditor counts its SHA-256 with
 * sha256sum. */
static void list_frame(struct drawing *d)
{
	const struct survey_variable *areas =
		&d->sampling->wave->variables[d->frame.area];
	buf_text(&d->list, "person;verksamhetsområde;enhet;kan ringas\n");
	for (size_t i = 0; i < d->frame.count; i++) {
		const struct enroll_person *p = &d->frame.persons[i];
		char hex[2 * DRAW_PERSON + 1];
		secret_hex(p->person, DRAW_PERSON, hex);
		buf_format(&d->list, "%s;%s;", hex, areas->values[p->area].code);
		sheet_text(&d->list, p->unit);
		buf_text(&d->list, p->callable ? ";ja\n" : ";nej\n");
	}
}

static enum err read_frame(struct drawing *d, struct why *why)
{
	struct sampling *s = d->sampling;
	enum err e = enroll_read(d->store, &d->keys, s->wave, s->draw == STORE_PER_UNIT,
		d->arena, &d->frame);
	if (e != OK)
		return engine(d, e, why);
	list_frame(d);
	return OK;
}

/* What people see. */

static void show_stratum(
	const struct drawing *d, const struct enroll_stratum *whole, long drawn)
{
	const struct survey_variable *areas =
		&d->sampling->wave->variables[d->frame.area];
	printf("%8ld %11ld %8ld  %s%s%s%s\n", whole->persons, whole->callable, drawn,
		areas->values[whole->area].name, *whole->unit ? ", " : "", whole->unit,
		(size_t)whole->callable <= d->sampling->size ? "  (alla som kan ringas)"
							     : "");
}

static void show_draw(struct drawing *d)
{
	size_t count, drawn_all = 0;
	struct enroll_stratum *strata = enroll_strata(d->arena, &d->frame, false, &count);
	printf("\n%s: %zu personer i ramen\n", store_administration(d->store),
		d->frame.count);
	printf(" I ramen  Kan ringas   Dragna  Område%s\n",
		d->sampling->draw == STORE_PER_UNIT ? ", enhet" : "");
	for (size_t i = 0; i < count; i++) {
		size_t drawn = (size_t)strata[i].callable < d->sampling->size
				       ? (size_t)strata[i].callable
				       : d->sampling->size;
		show_stratum(d, &strata[i], (long)drawn);
		drawn_all += drawn;
	}
	printf("%zu rings, %zu i SMS-planen.\n", drawn_all, d->frame.count - drawn_all);
}

/* The log. */

static bool note(const struct drawing *d, const char *what, const char *hash)
{
	const struct sampling *s = d->sampling;
	const struct staff_order order = pages_order(s->config);
	return staff_note(&order, "sample", AUDIT_CHANGED,
		"sample %s wave %s per-%s %zu persons %zu %s %s",
		store_administration(d->store), s->wave->wave,
		s->draw == STORE_PER_UNIT ? "unit" : "area", s->size, d->frame.count,
		what, hash);
}

static enum err commit_to(const struct drawing *d, struct why *why)
{
	char seed[HASH_TEXT + 1];
	char frame[HASH_TEXT + 1];
	hex_of_sha256(d->seed, sizeof d->seed, seed);
	hex_of_sha256(d->list.data, d->list.len, frame);
	if (note(d, "frame-sha256", frame) && note(d, "seed-sha256", seed))
		return OK;
	return err_why(
		why, ERR_IO, "%s: nothing was drawn", store_administration(d->store));
}

static enum err reveal(const struct drawing *d, struct why *why)
{
	char seed[HASH_TEXT + 1];
	secret_hex(d->seed, sizeof d->seed, seed);
	return note(d, "drawn-with-seed", seed)
		       ? OK
		       : err_why(why, ERR_IO, "%s: nothing was drawn",
				 store_administration(d->store));
}

/* Drawing. */

static enum err keep_tx(struct drawing *d)
{
	const struct sampling *s = d->sampling;
	const char *wave = s->wave->wave;
	enum err e = store_unenroll_tx(d->store, wave);
	if (e == OK)
		e = enroll_tx(d->store, &d->keys, &d->frame);
	return e == OK ? store_drawn_tx(d->store, wave, s->draw, (long)s->size) : e;
}

/* Why the administration is passed over; NULL: it is not. */
static const char *obstacle(const struct store_frame *f)
{
	if (f->begun)
		return "utskicket har börjat, inget dras";
	return f->draw != STORE_NOT_DRAWN
		       ? "urvalet är redan draget; en ny import före utskicket tar bort det"
		       : NULL;
}

/* The seed is told before the draw is kept: it is never lost, and a draw that was not
 * kept is seen to have been made. */
static enum err draw_tx(struct drawing *d, struct why *why)
{
	struct store_frame now;
	enum err e = store_frame(d->store, d->sampling->wave->wave, &now);
	if (e != OK)
		return engine(d, e, why);
	/* Somebody was quicker, or the sending began a moment ago. */
	if (obstacle(&now))
		return err_why(why, ERR_CONFLICT, "%s: nothing was drawn: %s",
			store_administration(d->store), obstacle(&now));
	d->anew = now.enrolled;
	e = read_frame(d, why);
	if (e != OK)
		return e;
	secret_random(d->seed, sizeof d->seed);
	e = commit_to(d, why);
	if (e != OK)
		return e;
	enroll_draw(&d->frame, d->seed, d->sampling->size);
	e = reveal(d, why);
	if (e != OK)
		return e;
	e = keep_tx(d);
	return e == OK ? OK : engine(d, e, why);
}

static enum err draw(struct drawing *d, struct why *why)
{
	struct register_result result;
	enum err e = store_begin(d->store);
	if (e != OK)
		return engine(d, e, why);
	e = store_end(d->store, draw_tx(d, why));
	if (e != OK)
		return e;
	show_draw(d);
	if (d->anew)
		printf("Obs: planerade utskick för förvaltningen gäller inte längre. Gör dem igen.\n");
	e = register_pending(&d->sampling->registering, d->store, d->sampling->wave->wave,
		&result, why);
	if (e == OK && (result.left || result.refused))
		e = err_why(why, ERR_IO,
			"%s: the draw is kept, but survey-server has not registered the persons "
			"yet: %s",
			store_administration(d->store), result.why.text);
	return e;
}

static enum err sample_one(struct drawing *d, struct why *why)
{
	struct sampling *s = d->sampling;
	struct store_frame frame;
	enum err e = store_frame(d->store, s->wave->wave, &frame);
	if (e != OK)
		return engine(d, e, why);
	if (!frame.exists)
		return OK;
	s->any = true;
	const char *why_not = obstacle(&frame);
	if (why_not) {
		printf("\n%s: %s\n", store_administration(d->store), why_not);
		return OK;
	}
	e = keyring_wave_load(s->config->keys, store_administration(d->store),
		s->wave->wave, &d->keys, why);
	if (e != OK || !s->order->dry_run)
		return e == OK ? draw(d, why) : e;
	e = read_frame(d, why);
	if (e == OK)
		show_draw(d);
	return e;
}

/* Repeating a draw. */

struct comparing {
	const struct drawing *drawing;
	size_t at;
	size_t differ;
	bool any; /* has a code */
};

static enum err compare(void *context, const struct store_contact *c)
{
	struct comparing *x = context;
	const struct enroll_frame *f = &x->drawing->frame;
	if (x->at == f->count || f->persons[x->at].contact != c->contact)
		return OK; /* not in the frame */
	bool drawn = f->persons[x->at++].drawn;
	x->any |= c->enrolled;
	x->differ += c->enrolled && drawn != (c->plan == PLAN_TELEPHONE);
	return OK;
}

static enum err write_drawn(const struct drawing *d, struct why *why)
{
	auto_(buf) struct buf out = { 0 };
	for (size_t i = 0; i < d->frame.count; i++) {
		char hex[2 * DRAW_PERSON + 1];
		secret_hex(d->frame.persons[i].person, DRAW_PERSON, hex);
		if (d->frame.persons[i].drawn)
			buf_format(&out, "%s\n", hex);
	}
	return file_write(d->sampling->order->drawn, buf_string(&out), out.len, why);
}

static enum err write_lists(const struct drawing *d, struct why *why)
{
	const struct sample_order *o = d->sampling->order;
	enum err e = o->frame ? file_write(o->frame, d->list.data, d->list.len, why) : OK;
	return e == OK && o->drawn ? write_drawn(d, why) : e;
}

static enum err show_comparison(struct drawing *d, struct why *why)
{
	char seed[HASH_TEXT + 1];
	char frame[HASH_TEXT + 1];
	struct comparing x = { .drawing = d };
	enum err e = store_contacts(d->store, d->sampling->wave->wave, compare, &x);
	if (e != OK)
		return engine(d, e, why);
	hex_of_sha256(d->seed, sizeof d->seed, seed);
	hex_of_sha256(d->list.data, d->list.len, frame);
	printf("frame-sha256 %s\nseed-sha256 %s\n", frame, seed);
	if (!x.any)
		printf("Inget urval är draget än.\n");
	else if (!x.differ)
		printf("Det lagrade urvalet är det som fröet ger.\n");
	return x.differ
		       ? err_why(why, ERR_CONFLICT,
				 "%s: the stored draw is not what this seed gives: %zu persons "
				 "differ",
				 store_administration(d->store), x.differ)
		       : OK;
}

static enum err repeat_one(struct drawing *d, struct why *why)
{
	struct sampling *s = d->sampling;
	enum err e = keyring_wave_load(s->config->keys, store_administration(d->store),
		s->wave->wave, &d->keys, why);
	if (e == OK)
		e = read_frame(d, why);
	if (e != OK)
		return e;
	s->any = true;
	(void)secret_unhex(s->order->seed, d->seed, sizeof d->seed);
	enroll_draw(&d->frame, d->seed, s->size);
	e = write_lists(d, why);
	return e == OK ? show_comparison(d, why) : e;
}

/* The whole. */

static enum err run_one(struct sampling *s, struct store *store, struct why *why)
{
	auto_(arena) struct arena *a = arena_create();
	struct drawing d = { .sampling = s, .store = store, .arena = a };
	enum err e = s->order->seed ? repeat_one(&d, why) : sample_one(&d, why);
	buf_clear(&d.list);
	secret_wipe(&d.keys, sizeof d.keys);
	return e;
}

static enum err run_all(struct sampling *s, struct why *why)
{
	const char *only = s->order->administration;
	auto_(stores) struct stores *all = stores_create(s->config->state);
	enum err e = stores_refresh(all, why);
	for (size_t i = 0; i < stores_count(all) && e == OK; i++) {
		struct store *store = stores_at(all, i);
		if (only && strcmp(store_administration(store), only) != 0)
			continue;
		if (run_one(s, store, why) != OK) {
			log_error("%s", why->text);
			s->failed++;
		}
	}
	(void)fflush(stdout);
	if (e == OK && s->failed)
		e = err_why(why, ERR_IO, "%zu of the administrations failed", s->failed);
	else if (e == OK && !s->any)
		e = err_why(why, ERR_NOT_FOUND,
			"no administration has persons in %s: import a file first",
			s->order->wave);
	return e;
}

static enum err read_order(struct sampling *s, struct why *why)
{
	const struct sample_order *o = s->order;
	const char *text = o->per_area ? o->per_area : o->per_unit;
	uint8_t seed[DRAW_SEED];
	char *end;
	if (!o->per_area == !o->per_unit)
		return err_why(why, ERR_INPUT, "give --per-area or --per-unit");
	unsigned long size = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || size < 1 || size > SIZE_MAX_DRAWN)
		return err_why(why, ERR_INPUT, "%s: not a number of persons (1 to %d)",
			text, SIZE_MAX_DRAWN);
	if (o->seed && (!o->administration || !secret_unhex(o->seed, seed, sizeof seed)))
		return err_why(why, ERR_INPUT,
			"--seed is 64 hexadecimal digits, and needs --administration");
	if (!o->seed && (o->frame || o->drawn))
		return err_why(why, ERR_INPUT,
			"--frame and --drawn are for repeating a draw with --seed");
	s->size = size;
	s->draw = o->per_area ? STORE_PER_AREA : STORE_PER_UNIT;
	return OK;
}

static enum err find_wave(struct sampling *s, struct arena *a, struct why *why)
{
	enum err e =
		survey_api_wave(s->registering.api, a, s->order->wave, &s->wave, why);
	if (e == OK && s->wave->phase == SURVEY_CLOSED && !s->order->seed)
		e = err_why(why, ERR_CONFLICT, "the wave %s is closed", s->order->wave);
	return e;
}

int sample_run(const struct config *c, const struct sample_order *order)
{
	struct why why;
	uint8_t invitation[SECRET_KEY];
	auto_(arena) struct arena *a = arena_create();
	auto_(survey_api) struct survey_api *api = NULL;
	struct sampling s = { .config = c, .order = order };
	enum err e = read_order(&s, &why);
	if (e == OK)
		e = secret_key_load(c->invitation, invitation, &why);
	if (e == OK)
		e = survey_api_start(c->api, c->internal, &api, &why);
	if (e == OK) {
		s.registering = (struct register_context){ api, c->keys, invitation };
		e = find_wave(&s, a, &why);
	}
	if (e == OK)
		e = run_all(&s, &why);
	secret_wipe(invitation, sizeof invitation);
	return e == OK ? PROGRAM_DONE : program_failed("sample", &why);
}
