#include "sms-gateway/register.h"
#include "common/json.h"
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

enum err register_invitation(const struct register_context *c,
	const struct keyring_wave *k, int64_t contact, struct store_blob code,
	struct code *ret_code, struct invitation_id *ret_id,
	struct invitation_seal *ret_seal)
{
	struct buf bytes = { 0 };
	enum err e = keyring_open(k, "code", contact, code.data, code.len, &bytes);
	if (e == OK && bytes.len != INVITATION_CODE)
		e = ERR_CRYPTO;
	if (e == OK) {
		memcpy(ret_code->bytes, bytes.data, INVITATION_CODE);
		invitation_derive(c->invitation, ret_code, ret_id, ret_seal);
	}
	buf_clear(&bytes);
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

static enum err add_left_out(void *context, const char *reason, long count)
{
	struct building *b = context;
	(void)json_set(b->left_out, reason, json_new_number((double)count));
	return OK;
}

static enum err add_contact(void *context, int64_t contact, bool hold,
	struct store_blob code, struct store_blob background, struct store_blob phone)
{
	(void)hold;
	(void)phone;
	struct building *b = context;
	struct code plain;
	struct invitation_id id;
	struct invitation_seal seal;
	struct buf clear = { 0 };
	enum err e = register_invitation(
		b->context, b->keys, contact, code, &plain, &id, &seal);
	if (e == OK)
		e = keyring_open(b->keys, "background", contact, background.data,
			background.len, &clear);
	if (e == OK && clear.len != INVITATION_BACKGROUND)
		e = ERR_CRYPTO;
	if (e == OK) {
		if (b->count == b->room)
			b->lines = mem_resize(b->lines,
				b->room = b->room ? b->room * 2 : 256, sizeof *b->lines);
		uint8_t *line = b->lines[b->count++].bytes;
		memcpy(line, id.bytes, INVITATION_ID);
		background_seal(&seal, b->wave, &id, (const uint8_t *)clear.data,
			line + INVITATION_ID);
	}
	buf_clear(&clear);
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

static enum err build(const struct register_context *c, struct store *s,
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
	enum err e = store_batch_strata(s, wave, batch, add_stratum, &b);
	if (e == OK)
		e = store_batch_left_out(s, wave, batch, add_left_out, &b);
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

static enum err register_state(const struct register_context *c, struct store *s,
	enum store_batch_state state, struct register_result *result, struct why *why)
{
	char *wave = mem_text("");
	int64_t batch = 0;
	enum err e;
	for (;;) {
		char *next = NULL;
		e = store_batch_after(s, state, wave, batch, &next, &batch);
		if (e != OK)
			e = err_why(why, e, "%s: %s", store_administration(s),
				store_error(s));
		if (e != OK || !batch)
			break;
		free(wave);
		wave = next;
		e = register_one(c, s, wave, batch, result, why);
		if (e != OK || result->left)
			break;
	}
	free(wave);
	return e;
}

enum err register_pending(const struct register_context *c, struct store *s,
	bool refused_too, struct register_result *ret_result, struct why *why)
{
	*ret_result = (struct register_result){ 0 };
	enum err e = OK;
	/* Those that were refused first, so that one that is refused now is not tried
	 * twice. */
	if (refused_too)
		e = register_state(c, s, STORE_BATCH_REFUSED, ret_result, why);
	if (e == OK && !ret_result->left)
		e = register_state(c, s, STORE_BATCH_PENDING, ret_result, why);
	return e;
}
