#include "sms-gateway/contacts.h"
#include "common/file.h"
#include "common/log.h"
#include "common/options.h"
#include "common/program.h"
#include "sms-gateway/intake.h"
#include "sms-gateway/pages.h"
#include "sms-gateway/person_report.h"
#include "sms-gateway/personid.h"
#include "sms-gateway/phone.h"
#include "sms-gateway/register.h"
#include "sms-gateway/stores.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many numbers stand in a line of the audit log. */
enum { NUMBERED = 16 };

struct order {
	const char *administration;
	const char *wave;
	struct person_query query;
	const char *format;
	const char *output;
	bool refuse;
	const char *whom; /* of keep and remove */
};

struct work {
	const struct config *config;
	struct order order;
	struct arena *arena;
	struct store *store;
	uint8_t invitation[SECRET_KEY];
	struct person_list list;
};

static enum err prepare(struct work *w, struct why *why)
{
	const struct order *o = &w->order;
	enum err e =
		intake_check_names(o->administration, o->wave ? o->wave : "any", why);
	if (e == OK)
		e = secret_key_load(w->config->invitation, w->invitation, why);
	if (e == OK && !store_exists(w->config->state, o->administration))
		e = err_why(why, ERR_NOT_FOUND, "%s: nothing was ever imported",
			o->administration);
	return e == OK ? store_open(w->config->state, o->administration, &w->store, why)
		       : e;
}

static void finish(struct work *w)
{
	store_close(w->store);
	secret_wipe(w->invitation, sizeof w->invitation);
}

/* In the audit log, before it is done: which persons, by their numbers, or how many when
 * a line does not hold so many numbers. */
static enum err note(
	const struct work *w, enum audit_event event, const char *what, struct why *why)
{
	const struct staff_order order = pages_order(w->config);
	const struct person_list *l = &w->list;
	auto_(buf) struct buf who = { 0 };
	if (!l->count)
		buf_text(&who, " nobody");
	else if (l->count > NUMBERED)
		buf_format(&who, " %zu persons of %s", l->count, l->records[0].wave);
	else
		for (size_t i = 0; i < l->count; i++)
			buf_format(&who, " %s/%lld", l->records[i].wave,
				(long long)l->records[i].contact);
	if (staff_note(&order, "contacts", event, "contacts %s %s%s", what,
		    w->order.administration, buf_string(&who)))
		return OK;
	return err_why(why, ERR_IO, "nothing was done");
}

/* Those who wait. */

static enum err read_held(struct work *w, struct why *why)
{
	enum err e = prepare(w, why);
	return e == OK ? person_held(w->store, w->config->keys, w->invitation,
				 w->order.wave, w->arena, &w->list, why)
		       : e;
}

static enum err held(struct work *w, struct why *why)
{
	enum err e = read_held(w, why);
	if (e == OK && w->list.count)
		e = note(w, AUDIT_VIEWED, "held", why);
	if (e != OK)
		return e;
	if (!w->list.count)
		printf("Ingen väntar på beslut.\n");
	for (size_t i = 0; i < w->list.count; i++) {
		const struct person_record *r = &w->list.records[i];
		printf("%7lld  %-40s %s, %s\n", (long long)r->contact,
			person_hold_words(r->hold), r->details.name, r->details.phone);
	}
	return OK;
}

static bool is_meant(const struct work *w, const struct person_record *r)
{
	const char *whom = w->order.whom;
	char *end;
	if (strcmp(whom, "shared") == 0)
		return r->hold == STORE_SHARED;
	if (strcmp(whom, "vanished") == 0)
		return r->hold == STORE_VANISHED;
	long long number = strtoll(whom, &end, 10);
	return *whom && !*end && number == r->contact;
}

static enum err decide(struct work *w, enum store_verdict verdict, struct why *why)
{
	size_t meant = 0;
	enum err e = read_held(w, why);
	if (e != OK)
		return e;
	for (size_t i = 0; i < w->list.count; i++)
		if (is_meant(w, &w->list.records[i]))
			w->list.records[meant++] = w->list.records[i];
	w->list.count = meant;
	if (!meant)
		return err_why(why, ERR_NOT_FOUND,
			"%s: nobody who waits is meant; `contacts held` lists them",
			w->order.whom);
	e = note(w, AUDIT_CHANGED, verdict == STORE_KEEP ? "keep" : "remove", why);
	if (e == OK)
		e = person_decide(w->store, &w->list, verdict, why);
	if (e == OK)
		printf("%zu personer %s.\n", meant,
			verdict == STORE_KEEP ? "tas med" : "får inget mer");
	return e;
}

static enum err keep(struct work *w, struct why *why)
{
	return decide(w, STORE_KEEP, why);
}

static enum err remove_held(struct work *w, struct why *why)
{
	return decide(w, STORE_REMOVE, why);
}

/* One person. */

static enum err find(struct work *w, struct why *why)
{
	enum err e = prepare(w, why);
	return e == OK ? person_find(w->store, w->config->keys, w->invitation,
				 &w->order.query, clock_day(clock_now()), w->arena,
				 &w->list, why)
		       : e;
}

/* The keyed hashes by which the person's refusal is remembered: of the id, when that is
 * what was given, and of every number. each() ends the walk when it fails or says that it
 * is done. */
typedef enum err each_hash(
	struct store *s, const struct keyring_hash *hash, bool *ret_done);

static enum err walk_hashes(const struct work *w, const struct keyring_refusal *k,
	each_hash *each, bool *ret_done)
{
	const struct person_query *q = &w->order.query;
	struct personid person;
	struct phone phone;
	struct keyring_hash hash;
	enum err e = OK;
	*ret_done = false;
	if (q->person &&
		personid_parse(q->person, clock_day(clock_now()), &person) == OK) {
		hash = keyring_refusal_person(k, person.text);
		e = each(w->store, &hash, ret_done);
	}
	if (q->phone) {
		(void)phone_parse(q->phone, &phone);
		hash = keyring_refusal_phone(k, phone.e164);
		e = each(w->store, &hash, ret_done);
	}
	for (size_t i = 0; i < w->list.count && e == OK && !*ret_done; i++) {
		const struct details *d = &w->list.records[i].details;
		memcpy(hash.bytes, d->refusal, sizeof hash.bytes);
		e = each(w->store, &hash, ret_done);
		if (e != OK || *ret_done || !*d->phone)
			continue;
		hash = keyring_refusal_phone(k, d->phone);
		e = each(w->store, &hash, ret_done);
	}
	return e;
}

static enum err each_refusal_hash(
	const struct work *w, each_hash *each, bool *ret_done, struct why *why)
{
	struct keyring_refusal k;
	enum err e =
		keyring_refusal_load(w->config->keys, w->order.administration, &k, why);
	if (e != OK)
		return e;
	e = walk_hashes(w, &k, each, ret_done);
	secret_wipe(&k, sizeof k);
	return e == OK ? OK : store_why(w->store, e, why);
}

static enum err write_extract(
	const struct work *w, const struct survey_waves *waves, struct why *why)
{
	auto_(buf) struct buf out = { 0 };
	struct person_extract x = { .administration = w->order.administration,
		.waves = waves,
		.list = &w->list,
		.today = clock_day(clock_now()) };
	enum err e = each_refusal_hash(w, store_is_refused, &x.refused, why);
	if (e != OK)
		return e;
	if (w->order.format && strcmp(w->order.format, "json") == 0)
		person_report_json(&x, &out);
	else
		person_report_html(&x, &out);
	if (w->order.output)
		return file_write(w->order.output, out.data, out.len, why);
	if (fputs(buf_string(&out), stdout) < 0 || fflush(stdout) != 0)
		return err_why(why, ERR_IO, "the extract could not be written");
	return OK;
}

static enum err extract(struct work *w, struct why *why)
{
	auto_(survey_api) struct survey_api *api = NULL;
	struct survey_waves waves;
	enum err e = find(w, why);
	if (e == OK)
		e = survey_api_start(w->config->api, w->config->internal, &api, why);
	if (e == OK)
		e = survey_api_waves(api, w->arena, &waves, why);
	if (e == OK)
		e = note(w, AUDIT_EXPORTED, "extract", why);
	return e == OK ? write_extract(w, &waves, why) : e;
}

/* A batch that is not registered yet would come to survey-server with one person too few,
 * or, if only the reply was lost, unlike itself: it goes first. */
static enum err register_first(
	const struct work *w, struct survey_api *api, const char *wave, struct why *why)
{
	const struct register_context c = { api, w->config->keys, w->invitation };
	struct register_result result;
	enum err e = register_pending(&c, w->store, wave, &result, why);
	return e == OK && result.left ? err_why(why, ERR_IO, "%s", result.why.text) : e;
}

static enum err revoke_all(const struct work *w, struct survey_api *api, struct why *why)
{
	struct survey_waves waves;
	enum err e = survey_api_waves(api, w->arena, &waves, why);
	for (size_t i = 0; i < w->list.count && e == OK; i++) {
		const struct person_record *r = &w->list.records[i];
		const struct survey_wave *wave = survey_wave_find(&waves, r->wave);
		if (!r->enrolled)
			continue;
		if (wave && wave->phase != SURVEY_CLOSED)
			e = register_first(w, api, r->wave, why);
		if (e == OK)
			e = survey_api_revoke(api, r->wave, &r->id, 1, why);
		/* Counted, and forgotten there; or never taken. */
		if (e == ERR_NOT_FOUND)
			e = OK;
	}
	return e;
}

/* Their links must lead nowhere before the link's owner is forgotten. */
static enum err revoke(const struct work *w, struct why *why)
{
	auto_(survey_api) struct survey_api *api = NULL;
	struct why reason;
	bool any = false;
	for (size_t i = 0; i < w->list.count; i++)
		any |= w->list.records[i].enrolled;
	if (!any)
		return OK;
	enum err e = survey_api_start(w->config->api, w->config->internal, &api, &reason);
	if (e == OK)
		e = revoke_all(w, api, &reason);
	return e == OK ? OK
		       : err_why(why, e, "nothing was erased%s: %s",
				 w->order.refuse ? ", but the refusal is remembered" : "",
				 reason.text);
}

static enum err remember_tx(
	struct store *s, const struct keyring_hash *hash, bool *ret_done)
{
	*ret_done = false;
	return store_refuse_tx(s, hash);
}

static enum err refuse(const struct work *w, struct why *why)
{
	bool unused;
	enum err e = store_begin(w->store);
	if (e != OK)
		return store_why(w->store, e, why);
	e = each_refusal_hash(w, remember_tx, &unused, why);
	if (e != OK)
		return store_end(w->store, e);
	e = store_end(w->store, OK);
	return e == OK ? OK : store_why(w->store, e, why);
}

static enum err erase(struct work *w, struct why *why)
{
	enum err e = find(w, why);
	if (e == OK)
		e = note(w, AUDIT_CHANGED, w->order.refuse ? "erase-refuse" : "erase",
			why);
	if (e == OK && w->order.refuse)
		e = refuse(w, why);
	if (e == OK)
		e = revoke(w, why);
	if (e == OK)
		e = person_erase(w->store, &w->list, why);
	if (e != OK)
		return e;
	printf(w->list.count ? "Uppgifterna i %zu mätomgångar är raderade.\n"
			     : "Ingenting fanns om personen.\n",
		w->list.count);
	if (w->order.refuse)
		printf("Personen kontaktas aldrig mer.\n");
	return OK;
}

static enum err show_erased(void *context, const struct store_erased *x)
{
	char counted[11];
	char erased[11];
	day_format(x->counted, counted);
	day_format(x->erased, erased);
	printf("%s  %-30s räknad %s, gallrad %s: %ld personer, %ld SMS%s\n", x->wave,
		x->name, counted, erased, x->persons, x->messages,
		x->state == STORE_ERASING ? " (pågår)" : "");
	*(size_t *)context += 1;
	return OK;
}

static enum err erased(struct work *w, struct why *why)
{
	size_t count = 0;
	auto_(stores) struct stores *all = stores_create(w->config->state);
	enum err e = stores_refresh(all, why);
	for (size_t i = 0; i < stores_count(all) && e == OK; i++) {
		struct store *s = stores_at(all, i);
		e = store_erasures(s, show_erased, &count);
		if (e != OK)
			e = store_why(s, e, why);
	}
	if (e == OK && !count)
		printf("Ingen mätomgång är gallrad än.\n");
	return e;
}

/* What a command takes. */
enum takes { TAKES_NOTHING, TAKES_WAVE, TAKES_WAVE_AND_WHOM, TAKES_PERSON };

static const struct action {
	const char *name;
	enum err (*run)(struct work *w, struct why *why);
	enum takes takes;
} actions[] = {
	{ "held", held, TAKES_WAVE },
	{ "keep", keep, TAKES_WAVE_AND_WHOM },
	{ "remove", remove_held, TAKES_WAVE_AND_WHOM },
	{ "extract", extract, TAKES_PERSON },
	{ "erase", erase, TAKES_PERSON },
	{ "erased", erased, TAKES_NOTHING },
};

static bool read_of_wave(int argc, char **argv, struct order *o, size_t operands)
{
	const struct option_row rows[] = {
		{ "administration", &o->administration, NULL, true },
		{ "wave", &o->wave, NULL, true },
	};
	return options_read("contacts", ROWS(rows), argc, argv, &o->whom, operands);
}

static bool read_of_person(int argc, char **argv, struct order *o, bool extracts)
{
	const struct option_row of_extract[] = {
		{ "administration", &o->administration, NULL, true },
		{ "person", &o->query.person, NULL, false },
		{ "phone", &o->query.phone, NULL, false },
		{ "format", &o->format, NULL, false },
		{ "o", &o->output, NULL, false },
	};
	const struct option_row of_erase[] = {
		{ "administration", &o->administration, NULL, true },
		{ "person", &o->query.person, NULL, false },
		{ "phone", &o->query.phone, NULL, false },
		{ "refuse", NULL, &o->refuse, false },
	};
	if (!(extracts ? options_read("contacts", ROWS(of_extract), argc, argv, NULL, 0)
		       : options_read("contacts", ROWS(of_erase), argc, argv, NULL, 0)))
		return false;
	if (!o->query.person == !o->query.phone) {
		log_error("contacts: give --person or --phone");
		return false;
	}
	if (!o->format || strcmp(o->format, "html") == 0 ||
		strcmp(o->format, "json") == 0)
		return true;
	log_error("contacts: --format is html or json");
	return false;
}

static bool read_order(const struct action *a, int argc, char **argv, struct order *o)
{
	switch (a->takes) {
	case TAKES_NOTHING:
		return options_read("contacts", NULL, 0, argc, argv, NULL, 0);
	case TAKES_WAVE:
		return read_of_wave(argc, argv, o, 0);
	case TAKES_WAVE_AND_WHOM:
		return read_of_wave(argc, argv, o, 1);
	case TAKES_PERSON:
		return read_of_person(argc, argv, o, a->run == extract);
	}
	return false;
}

int contacts_run(const struct config *c, int argc, char **argv)
{
	const struct action *a = NULL;
	for (size_t i = 0; argc && i < sizeof actions / sizeof *actions; i++)
		if (strcmp(argv[0], actions[i].name) == 0)
			a = &actions[i];
	struct why why;
	auto_(arena) struct arena *arena = arena_create();
	struct work w = { .config = c, .arena = arena };
	if (!a || !read_order(a, argc - 1, argv + 1, &w.order))
		return PROGRAM_USAGE;
	enum err e = a->run(&w, &why);
	finish(&w);
	return e == OK ? PROGRAM_DONE : program_failed("contacts", &why);
}
