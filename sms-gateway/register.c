#include "sms-gateway/register.h"
#include "common/json.h"
#include "sms-gateway/details.h"
#include <stdlib.h>
#include <string.h>

enum {
	LINE = INVITATION_ID + INVITATION_SEALED,
};

struct line {
	uint8_t bytes[LINE];
};

/* A batch on its way. */
struct building {
	const struct register_context *context;
	const struct keyring_wave *keys;
	const char *wave;
	const char *administration;
	struct json *strata;
	struct json *left_out;
	struct line *lines;
	size_t count;
	size_t room;
};

void register_batch_name(const struct store *s, int64_t batch, struct buf *out)
{
	buf_format(out, "%s-%lld", store_administration(s), (long long)batch);
}

/* Opens the sealed code of a contact, and derives what survey-server knows it by. */
static enum err derive(const struct register_context *c, const struct keyring_wave *k,
	const struct store_contact *contact, struct code *ret_code,
	struct invitation_id *ret_id, struct invitation_seal *ret_seal)
{
	enum err e = keyring_open_code(
		k, contact->contact, contact->code.data, contact->code.len, ret_code);
	if (e == OK)
		invitation_derive(c->invitation, ret_code, ret_id, ret_seal);
	return e;
}

static enum err add_stratum(void *context, unsigned stratum, const char *area,
	enum plan plan, long frame, long drawn)
{
	struct building *b = context;
	struct json *j = json_append(b->strata, json_object());
	(void)json_set(j, "stratum", json_new_number(stratum));
	(void)json_set(j, "area", json_new_text(area));
	(void)json_set(j, "plan", json_new_text(plan == PLAN_SMS ? "sms" : "telephone"));
	(void)json_set(j, "frame", json_new_number((double)frame));
	(void)json_set(j, "drawn", json_new_number((double)drawn));
	return OK;
}

static enum err add_left_out(void *context, const char *reason, long persons)
{
	struct building *b = context;
	(void)json_set(b->left_out, reason, json_new_number((double)persons));
	return OK;
}

static enum err encode_background(const struct building *b, const struct store_contact *c,
	uint8_t out[static INVITATION_BACKGROUND])
{
	struct buf opened = { 0 };
	struct details d;
	struct background background = { .plan = c->plan,
		.stratum = (uint16_t)c->stratum };
	enum err e = keyring_open_details(
		b->keys, c->contact, c->details.data, c->details.len, &opened, &d);
	if (e == OK) {
		memcpy(background.values, d.values, sizeof background.values);
		background_encode(&background, out);
	}
	buf_clear(&opened);
	return e;
}

static enum err add_contact(void *context, const struct store_contact *c)
{
	struct building *b = context;
	struct code plain;
	struct invitation_id id;
	struct invitation_seal seal;
	uint8_t background[INVITATION_BACKGROUND];
	enum err e = derive(b->context, b->keys, c, &plain, &id, &seal);
	if (e == OK)
		e = encode_background(b, c, background);
	if (e == OK) {
		if (b->count == b->room)
			b->lines = mem_resize(b->lines,
				b->room = b->room ? b->room * 2 : 256, sizeof *b->lines);
		uint8_t *line = b->lines[b->count++].bytes;
		memcpy(line, id.bytes, INVITATION_ID);
		background_seal(&seal, b->wave, &id, background, line + INVITATION_ID);
	}
	secret_wipe(&plain, sizeof plain);
	secret_wipe(&seal, sizeof seal);
	return e;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, LINE);
}

static void print(struct building *b, struct buf *out)
{
	auto_(json) struct json *body = json_object();
	(void)json_set(body, "administration", json_new_text(b->administration));
	(void)json_set(body, "strata", b->strata);
	(void)json_set(body, "left_out", b->left_out);
	struct json *list = json_set(body, "invitations", json_array());
	if (b->count)
		qsort(b->lines, b->count, sizeof *b->lines, by_bytes);
	for (size_t i = 0; i < b->count; i++) {
		char hex[2 * LINE + 1];
		secret_hex(b->lines[i].bytes, LINE, hex);
		(void)json_append(list, json_new_text(hex));
	}
	json_print(body, false, out);
}

static enum err build_snapshot(const struct register_context *c, struct store *s,
	const struct keyring_wave *keys, const char *wave, int64_t batch, struct buf *out)
{
	struct building b = {
		.context = c,
		.keys = keys,
		.wave = wave,
		.administration = store_administration(s),
		.strata = json_array(),
		.left_out = json_object(),
	};
	bool first = false;
	enum err e = store_batch_strata(s, wave, batch, add_stratum, &b);
	if (e == OK)
		e = store_batch_is_first(s, wave, batch, &first);
	if (e == OK && first)
		e = store_left_out(s, wave, add_left_out, &b);
	if (e == OK)
		e = store_batch_contacts(s, wave, batch, add_contact, &b);
	if (e == OK) {
		print(&b, out);
	} else {
		json_destroy(b.strata);
		json_destroy(b.left_out);
	}
	free(b.lines);
	return e;
}

/* All of one moment, whatever an import does meanwhile. */
static enum err build(const struct register_context *c, struct store *s,
	const struct keyring_wave *keys, const char *wave, int64_t batch, struct buf *out)
{
	enum err e = store_snapshot(s);
	if (e != OK)
		return e;
	e = build_snapshot(c, s, keys, wave, batch, out);
	store_release(s);
	return e;
}

static enum err mark(
	struct store *s, const char *wave, int64_t batch, enum store_batch_state state)
{
	enum err e = store_begin(s);
	if (e != OK)
		return e;
	return store_end(s, store_batch_set_tx(s, wave, batch, state));
}

static enum err own_fault(struct store *s, const char *batch, enum err e, struct why *why)
{
	return err_why(why, e, "%s: batch %s can't be registered: %s",
		store_administration(s), batch,
		e == ERR_CRYPTO
			? "the wave's key file does not open what is stored; bring back the "
			  "right one"
			: err_text(e));
}

static enum err register_one(const struct register_context *c, struct store *s,
	const char *wave, int64_t batch, struct register_result *result, struct why *why)
{
	struct keyring_wave keys;
	struct buf name = { 0 };
	struct buf body = { 0 };
	register_batch_name(s, batch, &name);
	enum err e =
		keyring_wave_load(c->keys, store_administration(s), wave, &keys, why);
	if (e != OK) {
		buf_clear(&name);
		return e;
	}
	e = build(c, s, &keys, wave, batch, &body);
	secret_wipe(&keys, sizeof keys);
	if (e == OK) {
		enum survey_batch outcome = survey_api_register(c->api, wave,
			buf_string(&name), buf_string(&body), body.len, &result->why);
		switch (outcome) {
		case SURVEY_REGISTERED:
			result->batches++;
			e = mark(s, wave, batch, STORE_BATCH_REGISTERED);
			break;
		case SURVEY_REFUSED:
			result->refused++;
			e = mark(s, wave, batch, STORE_BATCH_REFUSED);
			break;
		case SURVEY_LATER:
			result->left++;
			break;
		}
	}
	if (e != OK)
		e = own_fault(s, buf_string(&name), e, why);
	buf_clear(&body);
	buf_clear(&name);
	return e;
}

/* What is gone here survey-server must forget too, before anything new comes: the same
 * person must not stand there twice. */
static enum err withdraw_one(const struct register_context *c, struct store *s,
	const char *wave, int64_t batch, struct register_result *result, struct why *why)
{
	auto_(buf) struct buf name = { 0 };
	register_batch_name(s, batch, &name);
	if (survey_api_withdraw(c->api, wave, buf_string(&name), &result->why) != OK) {
		result->left++;
		return OK;
	}
	enum err e = store_begin(s);
	if (e == OK)
		e = store_end(s, store_batch_drop_tx(s, wave, batch));
	return e == OK ? OK : own_fault(s, buf_string(&name), e, why);
}

/* The wave's first batch in that state after `batch`; 0: none. */
static enum err find_batch(struct store *s, enum store_batch_state state,
	const char *wave, int64_t after, int64_t *ret_batch)
{
	char *found = NULL;
	enum err e = store_batch_after(s, state, wave, after, &found, ret_batch);
	if (e == OK && *ret_batch && strcmp(found, wave) != 0)
		*ret_batch = 0;
	free(found);
	return e;
}

/* What is to be done next. An import may have come in between, so what waits to be
 * withdrawn is looked for anew each time. Those that were refused come before those that
 * are pending, so that one that is refused now is not tried twice. */
static enum err find_next(struct store *s, const char *wave, bool refused_too,
	int64_t tried, enum store_batch_state *ret_state, int64_t *ret_batch)
{
	*ret_state = STORE_BATCH_WITHDRAWN;
	enum err e = find_batch(s, *ret_state, wave, 0, ret_batch);
	if (e == OK && !*ret_batch && refused_too) {
		*ret_state = STORE_BATCH_REFUSED;
		e = find_batch(s, *ret_state, wave, tried, ret_batch);
	}
	if (e == OK && !*ret_batch) {
		*ret_state = STORE_BATCH_PENDING;
		e = find_batch(s, *ret_state, wave, 0, ret_batch);
	}
	return e;
}

static enum err register_wave(const struct register_context *c, struct store *s,
	const char *wave, bool refused_too, struct register_result *result,
	struct why *why)
{
	int64_t tried = 0;
	size_t left = result->left;
	for (;;) {
		enum store_batch_state state;
		int64_t batch;
		enum err e = find_next(s, wave, refused_too, tried, &state, &batch);
		if (e != OK)
			return store_why(s, e, why);
		if (!batch)
			return OK;
		if (state == STORE_BATCH_REFUSED)
			tried = batch;
		if (state == STORE_BATCH_PENDING)
			refused_too = false;
		e = state == STORE_BATCH_WITHDRAWN
			    ? withdraw_one(c, s, wave, batch, result, why)
			    : register_one(c, s, wave, batch, result, why);
		if (e != OK || result->left > left)
			return e;
	}
}

/* The first wave after that one that has a batch in one of the states that wait; NULL:
 * none. */
static enum err next_wave(struct store *s, const char *after, char **ret_wave)
{
	static const enum store_batch_state states[] = { STORE_BATCH_PENDING,
		STORE_BATCH_WITHDRAWN };
	enum err e = OK;
	*ret_wave = NULL;
	for (size_t i = 0; i < sizeof states / sizeof *states && e == OK; i++) {
		char *found = NULL;
		int64_t batch;
		e = store_batch_after(s, states[i], after, INT64_MAX, &found, &batch);
		if (found && (!*ret_wave || strcmp(found, *ret_wave) < 0)) {
			free(*ret_wave);
			*ret_wave = found;
		} else {
			free(found);
		}
	}
	return e;
}

static enum err register_waves(const struct register_context *c, struct store *s,
	struct register_result *result, struct why *why)
{
	char *wave = mem_text("");
	enum err e = OK;
	while (e == OK) {
		char *next;
		e = next_wave(s, wave, &next);
		if (e != OK)
			e = store_why(s, e, why);
		if (!next)
			break;
		free(wave);
		wave = next;
		if (e == OK)
			e = register_wave(c, s, wave, false, result, why);
	}
	free(wave);
	return e;
}

enum err register_pending(const struct register_context *c, struct store *s,
	const char *wave, struct register_result *ret_result, struct why *why)
{
	*ret_result = (struct register_result){ 0 };
	enum err e = store_registering_begin(s);
	if (e != OK)
		return err_why(
			why, e, "%s: no lock for registering", store_administration(s));
	e = wave ? register_wave(c, s, wave, true, ret_result, why)
		 : register_waves(c, s, ret_result, why);
	store_registering_end(s);
	return e;
}
