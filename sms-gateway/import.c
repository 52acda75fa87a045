#include "sms-gateway/import.h"
#include "common/clock.h"
#include "common/fetch.h"
#include "common/file.h"
#include "common/log.h"
#include "sms-gateway/pages.h"
#include "sms-gateway/register.h"
#include "sms-gateway/roster.h"
#include "sms-gateway/stores.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FILE_MAX = 256 * 1024 * 1024,
	BATCH_MAX = 10000, /* invitations that survey-server takes in one piece */
};

struct import {
	const struct config *config;
	const struct import_order *order;
	const struct survey_wave *wave;
	const struct survey_variable *areas;
	const char *name; /* of the administration */
	struct csvfile *file;
	struct roster roster;
	struct store *store; /* NULL in a dry run before the first import */
	struct keyring_wave keys;
	struct keyring_refusal refusal;
	size_t taken;
	size_t held;
};

static enum err read_rows(struct import *i, struct why *why)
{
	struct buf data = { 0 };
	struct why reason;
	enum err e = file_read(i->order->file, FILE_MAX, &data, why);
	if (e == OK) {
		e = csvfile_read(buf_string(&data), data.len, &i->file, &reason);
		if (e != OK)
			(void)err_why(why, e, "%s: %s", i->order->file, reason.text);
	}
	buf_clear(&data);
	return e;
}

static enum err find_wave(
	struct import *i, struct survey_api *api, struct arena *a, struct why *why)
{
	struct survey_waves waves;
	struct why reason;
	enum err e = survey_api_waves(api, a, &waves, &reason);
	if (e != OK)
		return err_why(why, e, "nothing was stored: %s", reason.text);
	i->wave = survey_wave_find(&waves, i->order->wave);
	if (!i->wave)
		return err_why(why, ERR_NOT_FOUND,
			"nothing was stored: survey-server has no wave %s; "
			"add it with `survey-server wave add`",
			i->order->wave);
	if (i->wave->phase == SURVEY_CLOSED)
		return err_why(why, ERR_CONFLICT,
			"nothing was stored: the wave %s is closed", i->order->wave);
	return OK;
}

/* Whether a row says something that must stop what is already planned for the person. */
static bool calls_for_hold(enum reason r)
{
	return r == REASON_PROTECTED || r == REASON_VALUE_PROTECTED ||
	       r == REASON_SMS_NO || r == REASON_PHONE_SHARED || r == REASON_CHILD;
}

static enum err hold(struct import *i, int64_t contact)
{
	bool changed = true;
	enum err e = OK;
	if (!i->order->dry_run)
		e = store_contact_hold_tx(i->store, i->order->wave, contact, &changed);
	i->held += e == OK && changed;
	return e;
}

/* A person who is new: has said no before, or has a number that another person has? */
static enum err weigh_new(struct import *i, struct roster_entry *entry)
{
	struct keyring_hash hashes[] = { keyring_refusal_phone(
						 &i->refusal, entry->phone.e164),
		keyring_refusal_person(&i->refusal, entry->person.text) };
	for (size_t n = 0; n < 2; n++) {
		bool refused;
		enum err e = store_is_refused(i->store, &hashes[n], &refused);
		if (e != OK)
			return e;
		if (refused) {
			entry->reason = REASON_REFUSED;
			return OK;
		}
	}
	int64_t other;
	struct keyring_hash phone = keyring_phone(&i->keys, entry->phone.e164);
	enum err e = store_contact_of_phone(i->store, i->order->wave, &phone, &other);
	if (e == OK && other) {
		entry->reason = REASON_PHONE_SHARED;
		e = hold(i, other);
	}
	return e;
}

static enum err weigh_one(struct import *i, struct roster_entry *entry)
{
	int64_t contact;
	if (!*entry->person.text)
		return OK;
	struct keyring_hash person = keyring_person(&i->keys, entry->person.text);
	enum err e = store_contact_of_person(i->store, i->order->wave, &person, &contact);
	if (e != OK)
		return e;
	if (contact && calls_for_hold(entry->reason))
		return hold(i, contact);
	if (entry->reason != REASON_NONE)
		return OK;
	if (!contact)
		return weigh_new(i, entry);
	entry->reason = REASON_EXISTS;
	return OK;
}

/* Against what is already stored. */
static enum err weigh(struct import *i)
{
	enum err e = OK;
	for (size_t n = 0; n < i->roster.count && i->store && e == OK; n++)
		e = weigh_one(i, &i->roster.entries[n]);
	for (size_t n = 0; n < i->roster.count; n++)
		i->taken += i->roster.entries[n].reason == REASON_NONE;
	return e;
}

/* Persons, not rows: one who is used, or has been, is not left out. */
static void count_left_out(const struct import *i, long counts[static REASON_COUNT])
{
	const struct roster *r = &i->roster;
	for (size_t from = 0, to; from < r->count; from = to) {
		const struct roster_entry *first = &r->entries[r->order[from]];
		bool out = true;
		for (to = from; to < r->count; to++) {
			const struct roster_entry *entry = &r->entries[r->order[to]];
			if (to > from && (!*first->person.text ||
						 strcmp(entry->person.text,
							 first->person.text) != 0))
				break;
			out &= reason_leaves_out(entry->reason);
		}
		if (out)
			counts[first->reason]++;
	}
}

static enum err add_contact(struct import *i, const struct roster_entry *entry,
	int64_t batch, int64_t contact, unsigned stratum)
{
	struct background background = { .plan = PLAN_SMS, .stratum = (uint16_t)stratum };
	uint8_t encoded[INVITATION_BACKGROUND];
	struct buf phone = { 0 }, name = { 0 }, code = { 0 }, sealed = { 0 };
	struct code fresh = code_random();
	memcpy(background.values, entry->values, sizeof background.values);
	background_encode(&background, encoded);
	keyring_seal_text(&i->keys, "phone", contact, entry->phone.e164, &phone);
	keyring_seal_text(&i->keys, "name", contact, entry->name, &name);
	keyring_seal(&i->keys, "code", contact, fresh.bytes, sizeof fresh.bytes, &code);
	keyring_seal(&i->keys, "background", contact, encoded, sizeof encoded, &sealed);
	struct store_contact c = {
		.contact = contact,
		.batch = batch,
		.stratum = stratum,
		.person = keyring_person(&i->keys, entry->person.text),
		.phone_hash = keyring_phone(&i->keys, entry->phone.e164),
		.phone = { phone.data, phone.len },
		.name = { name.data, name.len },
		.code = { code.data, code.len },
		.background = { sealed.data, sealed.len },
		.language = entry->language,
	};
	enum err e = store_contact_add_tx(i->store, i->order->wave, &c);
	secret_wipe(&fresh, sizeof fresh);
	buf_clear(&phone);
	buf_clear(&name);
	buf_clear(&code);
	buf_clear(&sealed);
	return e;
}

/* Adds up to BATCH_MAX persons from *at on. */
static enum err add_batch(struct import *i, size_t *at, bool first, int64_t *contact)
{
	const char *wave = i->order->wave;
	auto_(free) void *sizes_room = mem_alloc(i->areas->count * sizeof(long));
	auto_(free) void *strata_room = mem_alloc(i->areas->count * sizeof(unsigned));
	long *sizes = sizes_room;
	unsigned *strata = strata_room;
	int64_t batch;
	size_t added = 0;
	enum err e = store_batch_add_tx(i->store, wave, &batch);
	for (; e == OK && *at < i->roster.count && added < BATCH_MAX; ++*at) {
		const struct roster_entry *entry = &i->roster.entries[*at];
		if (entry->reason != REASON_NONE)
			continue;
		if (sizes[entry->area]++ == 0)
			e = store_stratum_tx(i->store, wave,
				i->areas->values[entry->area].code, PLAN_SMS,
				&strata[entry->area]);
		if (e == OK)
			e = add_contact(
				i, entry, batch, (*contact)++, strata[entry->area]);
		added++;
	}
	for (size_t n = 0; e == OK && n < i->areas->count; n++)
		if (sizes[n])
			e = store_batch_stratum_tx(
				i->store, wave, batch, strata[n], sizes[n], sizes[n]);
	long counts[REASON_COUNT] = { 0 };
	if (first)
		count_left_out(i, counts);
	for (int r = 0; e == OK && r < REASON_COUNT; r++)
		if (counts[r])
			e = store_left_out_tx(i->store, wave, batch,
				reason_code((enum reason)r), counts[r]);
	return e;
}

static enum err add_all(struct import *i)
{
	int64_t contact;
	enum err e = store_wave_put_tx(i->store, i->order->wave, i->wave->title, i->name);
	if (e == OK)
		e = store_contact_next(i->store, i->order->wave, &contact);
	size_t at = 0;
	for (size_t left = i->taken; e == OK && left;
		left -= left < BATCH_MAX ? left : BATCH_MAX)
		e = add_batch(i, &at, left == i->taken, &contact);
	return e;
}

static enum err ensure_keys(struct import *i, struct why *why)
{
	const char *administration = i->order->administration;
	enum err e = keyring_wave_ensure(
		i->config->keys, administration, i->order->wave, &i->keys, why);
	if (e == OK)
		e = keyring_refusal_ensure(
			i->config->keys, administration, &i->refusal, why);
	return e;
}

/* All or nothing; the keys are made under the same lock, so that two imports never make
 * two. */
static enum err keep(struct import *i, struct why *why)
{
	enum err e =
		store_open(i->config->state, i->order->administration, &i->store, why);
	if (e != OK)
		return e;
	e = store_begin(i->store);
	if (e != OK)
		return err_why(why, e, "nothing was stored: %s", store_error(i->store));
	e = ensure_keys(i, why);
	if (e != OK)
		return store_end(i->store, e);
	e = weigh(i);
	if (e == OK)
		e = add_all(i);
	e = store_end(i->store, e);
	if (e != OK)
		return err_why(why, e, "nothing was stored: %s", err_text(e));
	/* A reader in the way is no fault: the gateway's own commits copy the rest. */
	(void)store_checkpoint(i->store);
	return OK;
}

/* What an import would find. Without a key file nothing has been stored of the wave. */
static enum err look(struct import *i, struct why *why)
{
	const char *administration = i->order->administration;
	struct why missing;
	enum err e = OK;
	if (store_exists(i->config->state, administration) &&
		keyring_refusal_load(
			i->config->keys, administration, &i->refusal, &missing) == OK &&
		keyring_wave_load(i->config->keys, administration, i->order->wave,
			&i->keys, &missing) == OK)
		e = store_open(i->config->state, administration, &i->store, why);
	if (e != OK)
		return e;
	e = weigh(i);
	return e == OK ? OK : err_why(why, e, "%s", store_error(i->store));
}

static const char *delimiter_words(char delimiter)
{
	return delimiter == ';' ? "semikolon" : delimiter == ',' ? "komma" : "tabb";
}

static void print_warnings(const struct import *i)
{
	size_t mistyped = 0;
	size_t languages = 0;
	for (size_t n = 0; n < i->roster.count; n++) {
		mistyped += i->roster.entries[n].person.mistyped;
		languages += i->roster.entries[n].language_unknown;
	}
	if (mistyped)
		printf("\nObs: %zu person_id ser ut som personnummer men stämmer inte; de tas som "
		       "verksamhetens egna nummer.\n",
			mistyped);
	if (languages)
		printf("\nObs: %zu rader har ett språk som inte finns; de får svenska.\n",
			languages);
	if (i->held)
		printf("\nObs: %zu personer från en tidigare import får inga fler SMS förrän någon har "
		       "sett över dem.\n",
			i->held);
}

static void print_result(const struct import *i)
{
	size_t counts[REASON_COUNT] = { 0 };
	size_t out = 0;
	for (size_t n = 0; n < i->roster.count; n++) {
		enum reason r = i->roster.entries[n].reason;
		counts[r]++;
		out += r != REASON_NONE && r != REASON_EXISTS;
	}
	printf("%s%s: %s, %s\n", i->order->dry_run ? "Provkörning, inget sparas. " : "",
		i->order->file, csvfile_encoding(i->file),
		delimiter_words(csvfile_delimiter(i->file)));
	printf("\n%7zu rader i filen\n%7zu tas med\n%7zu finns redan\n%7zu används inte\n",
		i->roster.count, counts[REASON_NONE], counts[REASON_EXISTS], out);
	if (out) {
		printf("\n    Rad  Orsak\n");
		for (size_t n = 0; n < i->roster.count; n++) {
			const struct roster_entry *entry = &i->roster.entries[n];
			if (entry->reason != REASON_NONE &&
				entry->reason != REASON_EXISTS)
				printf("%7zu  %s\n", entry->line,
					reason_words(entry->reason));
		}
		printf("\n  Antal  Orsak\n");
		for (int r = 0; r < REASON_COUNT; r++)
			if (counts[r] && r != REASON_NONE && r != REASON_EXISTS)
				printf("%7zu  %s\n", counts[r],
					reason_words((enum reason)r));
	}
	print_warnings(i);
	if (!i->roster.count)
		printf("\nFilen har inga rader efter rubrikraden.\n");
	(void)fflush(stdout);
}

static int report_registration(const struct register_result *result)
{
	if (result->refused)
		log_error(
			"the persons are stored, but survey-server refuses their invitations: %s",
			result->why.text);
	else if (result->left)
		log_error(
			"the persons are stored, but their invitations are not registered yet (%s); "
			"the running gateway or the same import again registers them",
			result->why.text);
	if (result->refused || result->left)
		return 1;
	if (result->batches)
		printf("\nInbjudningarna är registrerade.\n");
	return 0;
}

static int register_now(
	struct import *i, struct survey_api *api, const uint8_t *invitation)
{
	struct why why;
	struct register_result result;
	struct register_context c = { api, i->config->keys, invitation };
	if (register_pending(&c, i->store, true, &result, &why) != OK) {
		log_error("the persons are stored, but: %s", why.text);
		return 1;
	}
	return report_registration(&result);
}

static enum err check_names(const struct import_order *order, struct why *why)
{
	if (!stores_name_is_right(order->administration))
		return err_why(why, ERR_INPUT,
			"%s: not the short name of an administration (a-z, 0-9 and -)",
			order->administration);
	/* KEYS/ADMINISTRATION.refusal.key is something else. */
	if (!stores_name_is_right(order->wave) || strcmp(order->wave, "refusal") == 0)
		return err_why(why, ERR_INPUT,
			"%s: not the name of a wave (a-z, 0-9 and -)", order->wave);
	return OK;
}

/* In the audit log, before anything is kept. */
static enum err note(const struct import *i, struct why *why)
{
	const struct staff_order order = pages_order(i->config);
	if (staff_note(&order, "import", AUDIT_CHANGED, "import %s wave %s",
		    i->order->administration, i->order->wave))
		return OK;
	return err_why(why, ERR_IO, "nothing was stored");
}

static enum err carry_out(
	struct import *i, struct survey_api *api, struct arena *a, struct why *why)
{
	struct why reason;
	enum err e = read_rows(i, why);
	if (e == OK)
		e = find_wave(i, api, a, why);
	if (e != OK)
		return e;
	e = roster_read(i->file, i->wave, i->order->administration,
		clock_day(clock_now()), secret_below, a, &i->roster, &reason);
	if (e != OK)
		return err_why(why, e, "%s: %s", i->order->file, reason.text);
	i->areas = &i->wave->variables[survey_variable_find(i->wave, "area")];
	const struct survey_variable *administrations =
		&i->wave->variables[survey_variable_find(i->wave, "administration")];
	i->name = administrations
			  ->values[survey_value_find(
				  administrations, i->order->administration)]
			  .name;
	if (i->order->dry_run)
		return look(i, why);
	e = note(i, why);
	return e == OK ? keep(i, why) : e;
}

static bool anything_used(const struct import *i)
{
	for (size_t n = 0; n < i->roster.count; n++)
		if (!reason_leaves_out(i->roster.entries[n].reason))
			return true;
	return false;
}

int import_run(const struct config *c, const struct import_order *order)
{
	struct why why;
	uint8_t internal[SECRET_KEY];
	uint8_t invitation[SECRET_KEY];
	auto_(arena) struct arena *a = arena_create();
	struct import i = { .config = c, .order = order };
	if (check_names(order, &why) != OK ||
		secret_key_load(c->internal, internal, &why) != OK ||
		secret_key_load(c->invitation, invitation, &why) != OK) {
		log_error("%s", why.text);
		return 1;
	}
	fetch_init();
	auto_(survey_api) struct survey_api *api = survey_api_create(c->api, internal);
	secret_wipe(internal, sizeof internal);
	int status = 1;
	if (carry_out(&i, api, a, &why) != OK) {
		log_error("%s", why.text);
	} else {
		print_result(&i);
		status = order->dry_run ? 0 : register_now(&i, api, invitation);
		if (!anything_used(&i)) {
			log_error("%s: no row could be used", order->file);
			status = 1;
		}
	}
	store_close(i.store);
	csvfile_destroy(i.file);
	secret_wipe(&i.keys, sizeof i.keys);
	secret_wipe(&i.refusal, sizeof i.refusal);
	secret_wipe(invitation, sizeof invitation);
	return status;
}
