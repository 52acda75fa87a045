#include "sms-gateway/survey_api.h"
#include "common/fetch.h"
#include "common/json.h"
#include <stdlib.h>
#include <string.h>

enum {
	TIMEOUT_MS = 20000,
	REPLY_LIMIT = 64 * 1024 * 1024, /* a million ids */
};

struct survey_api {
	const char *base;
	char bearer[2 * SECRET_KEY + 1];
};

struct survey_api *survey_api_create(
	const char *base, const uint8_t key[static SECRET_KEY])
{
	struct survey_api *api = mem_alloc(sizeof *api);
	api->base = base;
	secret_hex(key, SECRET_KEY, api->bearer);
	return api;
}

enum err survey_api_start(const char *base, const char *key_file,
	struct survey_api **ret_api, struct why *why)
{
	uint8_t key[SECRET_KEY];
	enum err e = secret_key_load(key_file, key, why);
	if (e != OK)
		return e;
	fetch_init();
	*ret_api = survey_api_create(base, key);
	secret_wipe(key, sizeof key);
	return OK;
}

void survey_api_destroy(struct survey_api *api)
{
	if (!api)
		return;
	secret_wipe(api, sizeof *api);
	free(api);
}

static void call(struct survey_api *api, const char *method, const char *url,
	const char *body, size_t len, struct fetch_reply *ret_reply)
{
	struct fetch_request request = {
		.method = method,
		.url = url,
		.bearer = api->bearer,
		.type = body ? "application/json" : NULL,
		.body = body,
		.body_len = len,
		.timeout_ms = TIMEOUT_MS,
		.reply_limit = REPLY_LIMIT,
	};
	fetch_send(&request, ret_reply);
}

/* The reply's own words, when it has some. */
static enum err refusal(const struct fetch_reply *reply, enum err e, struct why *why)
{
	if (reply->outcome != FETCH_REPLIED)
		return err_why(why, ERR_IO,
			"survey-server does not answer (%s): is it running, and is "
			"[survey] api its internal address?",
			reply->why.text);
	if (reply->status == 401 || reply->status == 403)
		return err_why(why, ERR_IO,
			"survey-server does not accept the key (%ld): [keys] internal "
			"must be the same file for both daemons",
			reply->status);
	struct json *document = NULL;
	struct why ignored;
	const char *words = NULL;
	if (json_parse(buf_string(&reply->body), reply->body.len, &document, &ignored) ==
		OK)
		words = json_text(json_get(document, "error"));
	e = err_why(why, e, "survey-server answers %ld%s%s", reply->status,
		words ? ": " : "", words ? words : "");
	json_destroy(document);
	return e;
}

/* Sends, and reads a reply of 200 as a JSON object. */
static enum err ask(struct survey_api *api, const char *method, const char *url,
	const char *body, struct json **ret_json, struct why *why)
{
	struct fetch_reply reply = { 0 };
	call(api, method, url, body, body ? strlen(body) : 0, &reply);
	enum err e;
	if (reply.outcome != FETCH_REPLIED || reply.status != 200)
		e = refusal(&reply, reply.status == 404 ? ERR_NOT_FOUND : ERR_IO, why);
	else
		e = json_parse(buf_string(&reply.body), reply.body.len, ret_json, why);
	buf_clear(&reply.body);
	return e;
}

static const char *copy(struct arena *a, const char *text)
{
	return text ? arena_text(a, text, strlen(text)) : NULL;
}

static bool phase_of(const char *text, enum survey_phase *ret_phase)
{
	static const struct {
		const char *word;
		enum survey_phase phase;
	} phases[] = { { "planned", SURVEY_PLANNED }, { "open", SURVEY_OPEN },
		{ "closed", SURVEY_CLOSED }, { "burning", SURVEY_CLOSED },
		{ "counted", SURVEY_CLOSED }, { "published", SURVEY_CLOSED } };
	for (size_t i = 0; text && i < sizeof phases / sizeof *phases; i++)
		if (strcmp(phases[i].word, text) == 0) {
			*ret_phase = phases[i].phase;
			return true;
		}
	return false;
}

static bool read_variable(
	const struct json *j, struct arena *a, struct survey_variable *v)
{
	const struct json *values = json_get(j, "values");
	v->code = copy(a, json_text(json_get(j, "code")));
	v->name = copy(a, json_text(json_get(j, "name")));
	v->values = arena_alloc(a, json_count(values) * sizeof *v->values);
	for (const struct json *value = json_first(values); value;
		value = json_next(value)) {
		struct survey_value *to = &v->values[v->count++];
		to->code = copy(a, json_text(json_get(value, "code")));
		to->name = copy(a, json_text(json_get(value, "name")));
		to->exempt = json_true(json_get(value, "exempt"));
		if (!to->code || !to->name)
			return false;
	}
	return v->code && v->name && v->count < BACKGROUND_MISSING;
}

/* The tables that the count will make; the one by area when nothing is said. */
static bool read_tables(const struct json *list, struct arena *a, struct survey_wave *w)
{
	w->tables = arena_alloc(a, (json_count(list) + 1) * sizeof *w->tables);
	for (const struct json *j = json_first(list); j; j = json_next(j)) {
		struct survey_table *t = &w->tables[w->table_count++];
		for (const struct json *v = json_first(j); v; v = json_next(v)) {
			const char *code = json_text(v);
			int place = code ? survey_variable_find(w, code) : -1;
			if (place < 0 || t->count == INVITATION_VARIABLES)
				return false;
			t->variables[t->count++] = place;
		}
		if (!t->count)
			return false;
	}
	int area = survey_variable_find(w, "area");
	if (!list && area >= 0)
		w->tables[w->table_count++] =
			(struct survey_table){ .count = 1, .variables = { area } };
	return true;
}

static bool read_wave(const struct json *j, struct arena *a, struct survey_wave *w)
{
	const char *counted = json_text(json_get(j, "counted"));
	const char *opens = json_text(json_get(j, "opens"));
	const char *closes = json_text(json_get(j, "closes"));
	const struct json *variables = json_get(j, "variables");
	w->wave = copy(a, json_text(json_get(j, "wave")));
	w->title = copy(a, json_text(json_get(j, "title")));
	if (!w->wave || !w->title || !opens || !closes ||
		day_parse(opens, &w->opens) != OK ||
		day_parse(closes, &w->closes) != OK ||
		!phase_of(json_text(json_get(j, "phase")), &w->phase))
		return false;
	if (json_count(variables) > INVITATION_VARIABLES)
		return false;
	w->variables = arena_alloc(a, json_count(variables) * sizeof *w->variables);
	for (const struct json *v = json_first(variables); v; v = json_next(v))
		if (!read_variable(v, a, &w->variables[w->count++]))
			return false;
	if (counted && day_parse(counted, &w->counted) != OK)
		return false;
	return read_tables(json_get(j, "tables"), a, w);
}

enum err survey_api_waves(struct survey_api *api, struct arena *a,
	struct survey_waves *ret_waves, struct why *why)
{
	auto_(json) struct json *document = NULL;
	const char *url = arena_format(a, "%s/v1/waves", api->base);
	enum err e = ask(api, "GET", url, NULL, &document, why);
	if (e != OK)
		return e;
	const struct json *list = json_get(document, "waves");
	if (!json_is_array(list))
		return err_why(why, ERR_INPUT,
			"survey-server's list of waves is not understood");
	struct survey_waves w = { .waves = arena_alloc(
					  a, json_count(list) * sizeof *w.waves) };
	for (const struct json *j = json_first(list); j; j = json_next(j))
		if (!read_wave(j, a, &w.waves[w.count++]))
			return err_why(why, ERR_INPUT,
				"survey-server's list of waves is not understood "
				"(number %zu of it)",
				w.count);
	*ret_waves = w;
	return OK;
}

enum err survey_api_wave(struct survey_api *api, struct arena *a, const char *wave,
	const struct survey_wave **ret_wave, struct why *why)
{
	struct survey_waves waves;
	enum err e = survey_api_waves(api, a, &waves, why);
	if (e != OK)
		return e;
	*ret_wave = survey_wave_find(&waves, wave);
	return *ret_wave ? OK
			 : err_why(why, ERR_NOT_FOUND,
				   "survey-server has no wave %s; add it with "
				   "`survey-server wave add`",
				   wave);
}

enum survey_batch survey_api_register(struct survey_api *api, const char *wave,
	const char *batch, const char *body, size_t len, struct why *why)
{
	struct buf url = { 0 };
	struct fetch_reply reply = { 0 };
	buf_format(&url, "%s/v1/waves/%s/batches/%s", api->base, wave, batch);
	call(api, "PUT", buf_string(&url), body, len, &reply);
	enum survey_batch outcome = SURVEY_LATER;
	if (reply.outcome == FETCH_REPLIED &&
		(reply.status == 200 || reply.status == 201))
		outcome = SURVEY_REGISTERED;
	else
		(void)refusal(&reply, ERR_IO, why);
	if (reply.outcome == FETCH_REPLIED &&
		(reply.status == 409 || reply.status == 400))
		outcome = SURVEY_REFUSED;
	buf_clear(&reply.body);
	buf_clear(&url);
	return outcome;
}

enum err survey_api_withdraw(
	struct survey_api *api, const char *wave, const char *batch, struct why *why)
{
	struct buf url = { 0 };
	struct fetch_reply reply = { 0 };
	buf_format(&url, "%s/v1/waves/%s/batches/%s", api->base, wave, batch);
	call(api, "DELETE", buf_string(&url), NULL, 0, &reply);
	enum err e = OK;
	if (reply.outcome != FETCH_REPLIED || reply.status != 200)
		e = refusal(&reply,
			reply.outcome == FETCH_REPLIED &&
					(reply.status == 404 || reply.status == 409)
				? ERR_CONFLICT
				: ERR_IO,
			why);
	buf_clear(&reply.body);
	buf_clear(&url);
	return e;
}

enum err survey_api_revoke(struct survey_api *api, const char *wave,
	const struct invitation_id *ids, size_t count, struct why *why)
{
	auto_(json) struct json *body = json_object();
	struct json *list = json_set(body, "ids", json_array());
	for (size_t i = 0; i < count; i++) {
		char hex[2 * INVITATION_ID + 1];
		secret_hex(ids[i].bytes, INVITATION_ID, hex);
		(void)json_append(list, json_new_text(hex));
	}
	auto_(buf) struct buf text = { 0 };
	auto_(buf) struct buf url = { 0 };
	auto_(json) struct json *document = NULL;
	json_print(body, false, &text);
	buf_format(&url, "%s/v1/waves/%s/revocations", api->base, wave);
	return ask(api, "POST", buf_string(&url), buf_string(&text), &document, why);
}

static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct invitation_id));
}

/* Sorted here as well, so that looking up never rests on the other side's word. */
static enum err read_ids(const struct json *list, struct arena *a,
	struct survey_ids *ret_ids, struct why *why)
{
	if (!json_is_array(list))
		return err_why(why, ERR_INPUT,
			"survey-server's list of invitations is not understood");
	struct survey_ids ids = { .ids = arena_alloc(
					  a, json_count(list) * sizeof *ids.ids) };
	for (const struct json *j = json_first(list); j; j = json_next(j)) {
		const char *hex = json_text(j);
		if (!hex || !secret_unhex(hex, ids.ids[ids.count++].bytes, INVITATION_ID))
			return err_why(why, ERR_INPUT,
				"survey-server's list of invitations is not understood");
	}
	if (ids.count)
		qsort(ids.ids, ids.count, sizeof *ids.ids, by_id);
	*ret_ids = ids;
	return OK;
}

enum err survey_api_open(struct survey_api *api, const char *wave, const char *batch,
	struct arena *a, struct survey_ids *ret_open, struct why *why)
{
	auto_(json) struct json *document = NULL;
	const char *url = arena_format(a, "%s/v1/waves/%s/open", api->base, wave);
	const char *body = arena_format(a, "{\"batch\":\"%s\"}", batch);
	enum err e = ask(api, "POST", url, body, &document, why);
	return e == OK ? read_ids(json_get(document, "open"), a, ret_open, why) : e;
}

enum err survey_api_declined(struct survey_api *api, const char *wave, struct arena *a,
	struct survey_ids *ret_declined, struct survey_ids *ret_wrong, struct why *why)
{
	auto_(json) struct json *document = NULL;
	const char *url = arena_format(a, "%s/v1/waves/%s/declined", api->base, wave);
	enum err e = ask(api, "GET", url, NULL, &document, why);
	if (e == OK)
		e = read_ids(json_get(document, "declined"), a, ret_declined, why);
	if (e == OK)
		e = read_ids(json_get(document, "wrong_person"), a, ret_wrong, why);
	return e;
}

const struct survey_wave *survey_wave_find(const struct survey_waves *w, const char *wave)
{
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->waves[i].wave, wave) == 0)
			return &w->waves[i];
	return NULL;
}

int survey_variable_find(const struct survey_wave *w, const char *code)
{
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->variables[i].code, code) == 0)
			return (int)i;
	return -1;
}

int survey_value_find(const struct survey_variable *v, const char *code)
{
	for (size_t i = 0; i < v->count; i++)
		if (strcmp(v->values[i].code, code) == 0)
			return (int)i;
	return -1;
}

bool survey_ids_have(const struct survey_ids *ids, const struct invitation_id *id)
{
	return ids->count && bsearch(id, ids->ids, ids->count, sizeof *ids->ids, by_id);
}
