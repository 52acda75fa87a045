#include "api.h"
#include "batch.h"
#include "common/clock.h"
#include "common/json.h"
#include "definition.h"
#include "store.h"
#include <string.h>

enum {
	BODY_LIMIT = 4 << 20,
	CONNECTIONS = 64,
	IDLE_SECONDS = 30,
	KEY_TEXT = 2 * SECRET_KEY,
};

struct api {
	struct store *store;
	struct http_server *server;
	char key[KEY_TEXT + 1];
};

static const char json_type[] = "application/json";

static void reply_json(struct http_request *r, unsigned status, const struct json *j)
{
	struct buf body = { 0 };
	json_print(j, false, &body);
	buf_text(&body, "\n");
	http_reply_buf(r, status, json_type, &body);
}

static void reply_error(struct http_request *r, unsigned status, const char *reason)
{
	auto_(json) struct json *j = json_object();
	json_set(j, "error", json_new_text(reason));
	if (status == 503)
		http_set_header(r, "Retry-After", "30");
	reply_json(r, status, j);
}

static void reply_number(
	struct http_request *r, unsigned status, const char *name, int64_t number)
{
	auto_(json) struct json *j = json_object();
	json_set(j, name, json_new_number((double)number));
	reply_json(r, status, j);
}

static void reply_err(struct http_request *r, enum err e, const char *reason)
{
	switch (e) {
	case OK:
	case ERR_INPUT:
		reply_error(r, 400, reason);
		return;
	case ERR_NOT_FOUND:
		reply_error(r, 404, reason);
		return;
	case ERR_CONFLICT:
		reply_error(r, 409, reason);
		return;
	case ERR_FULL:
	case ERR_IO:
	case ERR_CRYPTO:
		reply_error(r, 503, err_text(e));
		return;
	}
}

/* The wave in the path; replies itself when there is none. */
static bool find_wave(struct api *a, struct http_request *r, struct wave *ret_wave)
{
	enum err e = store_wave_find(a->store, http_segment(r, 0), ret_wave);
	if (e)
		reply_err(r, e, "there is no such wave");
	return e == OK;
}

static bool read_json(struct http_request *r, struct json **ret_json)
{
	size_t len;
	struct why why;
	const char *body = http_body(r, &len);
	if (json_parse(body, len, ret_json, &why) == OK)
		return true;
	reply_error(r, 400, why.text);
	return false;
}

static bool read_definition(struct api *a, struct arena *arena, int64_t wave,
	struct definition *ret_definition)
{
	auto_(buf) struct buf text = { 0 };
	struct why why;
	return store_definition(a->store, wave, &text) == OK &&
	       definition_read(
		       arena, buf_string(&text), text.len, ret_definition, &why) == OK;
}

static struct json *variable_json(const struct variable *v)
{
	struct json *j = json_object();
	json_set(j, "code", json_new_text(v->code));
	json_set(j, "name", json_new_text(v->name));
	struct json *values = json_set(j, "values", json_array());
	for (size_t i = 0; i < v->count; i++) {
		struct json *value = json_append(values, json_object());
		json_set(value, "code", json_new_text(v->values[i].code));
		json_set(value, "name", json_new_text(v->values[i].name));
		if (v->values[i].exempt)
			json_set(value, "exempt", json_new_bool(true));
	}
	return j;
}

/* The day of the count once it is done to its end: from then on nothing about persons is
 * left here. */
static struct json *counted_json(const struct wave *w)
{
	char counted[11];
	if (w->state != WAVE_COUNTED && w->state != WAVE_PUBLISHED)
		return json_new_null();
	day_format(w->counted, counted);
	return json_new_text(counted);
}

/* The breakdowns that the count will make. */
static struct json *tables_json(void)
{
	struct json *tables = json_array();
	for (size_t i = 0; i < DEFINITION_TABLES; i++) {
		struct json *by = json_append(tables, json_array());
		for (size_t n = 0; n < DEFINITION_BY && definition_tables[i][n]; n++)
			json_append(by, json_new_text(definition_tables[i][n]));
	}
	return tables;
}

static bool add_wave(
	struct api *a, struct http_request *r, const struct wave *w, struct json *list)
{
	struct definition d;
	char opens[11], closes[11];
	if (!read_definition(a, http_arena(r), w->number, &d))
		return false;
	day_format(w->opens, opens);
	day_format(w->closes, closes);
	struct json *j = json_append(list, json_object());
	json_set(j, "wave", json_new_text(w->name));
	json_set(j, "title", json_new_text(w->title));
	json_set(j, "phase",
		json_new_text(wave_phase_word(wave_phase(w, clock_day(clock_now())))));
	json_set(j, "opens", json_new_text(opens));
	json_set(j, "closes", json_new_text(closes));
	json_set(j, "counted", counted_json(w));
	json_set(j, "tables", tables_json());
	struct json *variables = json_set(j, "variables", json_array());
	for (size_t i = 0; i < d.variable_count; i++)
		json_append(variables, variable_json(&d.variables[i]));
	return true;
}

static void get_waves(struct http_request *r, void *context)
{
	struct api *a = context;
	auto_(json) struct json *j = json_object();
	struct json *list = json_set(j, "waves", json_array());
	auto_(free) struct wave *waves = NULL;
	size_t count;
	enum err e = store_waves(a->store, &waves, &count);
	for (size_t i = 0; e == OK && i < count; i++)
		if (!add_wave(a, r, &waves[i], list))
			e = ERR_IO;
	if (e)
		reply_err(r, e, "");
	else
		reply_json(r, 200, j);
}

/* The wave as it is in the transaction. ERR_CONFLICT when it takes no invitations. */
static enum err taking_wave_tx(
	struct api *a, const char *name, struct wave *ret_wave, const char **ret_reason)
{
	enum err e = store_wave_find(a->store, name, ret_wave);
	if (e)
		return e;
	enum wave_state phase = wave_phase(ret_wave, clock_day(clock_now()));
	*ret_reason = "the wave takes no more invitations";
	return phase == WAVE_PLANNED || phase == WAVE_OPEN ? OK : ERR_CONFLICT;
}

/* *ret_new is false when the very same batch was there already. */
static enum err add_batch_tx(struct api *a, const char *wave, const struct batch *b,
	bool *ret_new, const char **ret_reason)
{
	uint8_t content[32];
	struct wave w;
	enum err e = taking_wave_tx(a, wave, &w, ret_reason);
	if (e)
		return e;
	e = store_batch_content(a->store, w.number, b->store.name, content);
	*ret_new = e == ERR_NOT_FOUND;
	if (e == OK) {
		*ret_reason = "a batch of that name is there with other content";
		return memcmp(content, b->content, sizeof content) == 0 ? OK
									: ERR_CONFLICT;
	}
	if (e != ERR_NOT_FOUND)
		return e;
	*ret_reason = "an invitation of the batch is there already";
	e = store_batch_add_tx(a->store, w.number, &b->store);
	for (size_t i = 0; e == OK && i < b->stratum_count; i++)
		e = store_stratum_add_tx(
			a->store, w.number, b->store.name, &b->strata[i]);
	for (const struct json *l = json_first(b->left_out); e == OK && l;
		l = json_next(l)) {
		long persons;
		if (json_whole(l, 0, INT32_MAX, &persons))
			e = store_left_out_add_tx(
				a->store, w.number, b->store.name, json_key(l), persons);
	}
	return e;
}

static void put_batch(struct http_request *r, void *context)
{
	struct api *a = context;
	auto_(json) struct json *j = NULL;
	struct wave w;
	struct definition d;
	struct batch b = { 0 };
	size_t len;
	if (!find_wave(a, r, &w) || !read_json(r, &j))
		return;
	if (!read_definition(a, http_arena(r), w.number, &d)) {
		reply_err(r, ERR_IO, "");
		return;
	}
	const char *wrong = batch_read(http_arena(r), j, &d, http_segment(r, 1), &b);
	if (wrong) {
		reply_error(r, 400, wrong);
		return;
	}
	const char *body = http_body(r, &len), *reason = "";
	secret_sha256(body, len, b.content);
	bool fresh = false;
	enum err e = store_begin(a->store);
	if (e == OK)
		e = store_end(a->store, add_batch_tx(a, w.name, &b, &fresh, &reason));
	if (e) {
		reply_err(r, e, reason);
		return;
	}
	/* A reader in the way is no reason to fail: the housekeeping empties the log
	 * later. */
	(void)store_checkpoint(a->store);
	reply_number(r, fresh ? 201 : 200, "registered", (int64_t)b.store.size);
}

/* A batch that is not there is withdrawn already: the caller may have missed the reply.
 */
static enum err withdraw_tx(struct api *a, const char *wave, const char *batch,
	int64_t *ret_withdrawn, const char **ret_reason)
{
	struct wave w;
	enum err e = taking_wave_tx(a, wave, &w, ret_reason);
	if (e)
		return e;
	*ret_reason = "an invitation of the batch is spent or was declined";
	e = store_batch_withdraw_tx(a->store, w.number, batch, ret_withdrawn);
	return e == ERR_NOT_FOUND ? OK : e;
}

static void delete_batch(struct http_request *r, void *context)
{
	struct api *a = context;
	struct wave w;
	int64_t withdrawn = 0;
	const char *reason = "";
	if (!find_wave(a, r, &w))
		return;
	enum err e = store_begin(a->store);
	if (e == OK)
		e = store_end(a->store,
			withdraw_tx(a, w.name, http_segment(r, 1), &withdrawn, &reason));
	if (e) {
		reply_err(r, e, reason);
		return;
	}
	(void)store_checkpoint(a->store); /* as in put_batch */
	reply_number(r, 200, "withdrawn", withdrawn);
}

static struct json *ids_json(const struct buf *ids)
{
	struct json *list = json_array();
	for (size_t at = 0; at + INVITATION_ID <= ids->len; at += INVITATION_ID) {
		char hex[2 * INVITATION_ID + 1];
		secret_hex(ids->data + at, INVITATION_ID, hex);
		json_append(list, json_new_text(hex));
	}
	return list;
}

static void post_open(struct http_request *r, void *context)
{
	struct api *a = context;
	auto_(json) struct json *j = NULL;
	auto_(buf) struct buf ids = { 0 };
	struct wave w;
	if (!find_wave(a, r, &w) || !read_json(r, &j))
		return;
	const char *batch = json_text(json_get(j, "batch"));
	enum err e =
		batch ? store_batch_open(a->store, w.number, batch, &ids) : ERR_INPUT;
	if (e) {
		reply_err(r, e, batch ? "there is no such batch" : "batch is missing");
		return;
	}
	auto_(json) struct json *out = json_object();
	json_set(out, "open", ids_json(&ids));
	reply_json(r, 200, out);
}

static void get_declined(struct http_request *r, void *context)
{
	struct api *a = context;
	auto_(buf) struct buf no = { 0 };
	auto_(buf) struct buf wrong = { 0 };
	struct wave w;
	if (!find_wave(a, r, &w))
		return;
	enum err e = store_declined(a->store, w.number, DECLINE_NO, &no);
	if (e == OK)
		e = store_declined(a->store, w.number, DECLINE_WRONG_PERSON, &wrong);
	if (e) {
		reply_err(r, e, "");
		return;
	}
	auto_(json) struct json *out = json_object();
	json_set(out, "declined", ids_json(&no));
	json_set(out, "wrong_person", ids_json(&wrong));
	reply_json(r, 200, out);
}

static enum err revoke_tx(struct api *a, int64_t wave, const struct json *ids)
{
	enum err e = OK;
	for (const struct json *j = json_first(ids); j && e == OK; j = json_next(j)) {
		struct invitation_id id;
		enum spend spend;
		const char *text = json_text(j);
		if (!text || !secret_unhex(text, id.bytes, sizeof id.bytes))
			return ERR_INPUT;
		e = store_revoke_tx(a->store, wave, &id, &spend);
	}
	return e;
}

/* Says how many ids came, not how many were still open: asked for a single one, that
 * would tell whether this person has answered. */
static void post_revocations(struct http_request *r, void *context)
{
	struct api *a = context;
	auto_(json) struct json *j = NULL;
	struct wave w;
	if (!find_wave(a, r, &w) || !read_json(r, &j))
		return;
	enum err e =
		json_is_array(json_get(j, "ids")) ? store_begin(a->store) : ERR_INPUT;
	if (e) {
		reply_err(r, e, "ids is missing");
		return;
	}
	const struct json *ids = json_get(j, "ids");
	e = store_end(a->store, revoke_tx(a, w.number, ids));
	if (e)
		reply_err(r, e, "an id is not one of the wave's; none was revoked");
	else
		reply_number(r, 200, "received", (int64_t)json_count(ids));
}

static enum err dispositions_tx(
	struct api *a, int64_t wave, const char *batch, const struct json *strata)
{
	for (const struct json *s = json_first(strata); s; s = json_next(s)) {
		long stratum, persons;
		if (!json_whole(json_get(s, "stratum"), 0, UINT16_MAX, &stratum))
			return ERR_INPUT;
		const struct json *d = json_first(json_get(s, "dispositions"));
		for (; d; d = json_next(d)) {
			char *end;
			const char *key = json_key(d);
			long code = key ? strtol(key, &end, 10) : 0;
			if (code < 1 || code > 999 || *end ||
				!json_whole(d, 0, INT32_MAX, &persons))
				return ERR_INPUT;
			enum err e = store_disposition_add_tx(a->store, wave, batch,
				(uint16_t)stratum, (int)code, persons);
			if (e)
				return e;
		}
	}
	return OK;
}

static void put_dispositions(struct http_request *r, void *context)
{
	struct api *a = context;
	auto_(json) struct json *j = NULL;
	struct wave w;
	uint8_t content[32];
	bool again = false;
	const char *batch = http_segment(r, 1),
		   *reason = "a stratum's dispositions are malformed";
	if (!find_wave(a, r, &w) || !read_json(r, &j))
		return;
	enum err e = store_begin(a->store);
	if (e) {
		reply_err(r, e, "");
		return;
	}
	if (wave_phase(&w, clock_day(clock_now())) != WAVE_CLOSED) {
		reason = "dispositions are taken after closing and before the count";
		e = ERR_CONFLICT;
	}
	if (e == OK)
		e = store_batch_content(a->store, w.number, batch, content);
	if (e == ERR_NOT_FOUND)
		reason = "there is no such batch";
	if (e == OK)
		e = store_disposition_clear_tx(a->store, w.number, batch, &again);
	if (e == OK)
		e = dispositions_tx(a, w.number, batch, json_get(j, "strata"));
	e = store_end(a->store, e);
	if (e)
		reply_err(r, e, reason);
	else
		reply_number(r, again ? 200 : 201, "strata",
			(int64_t)json_count(json_get(j, "strata")));
}

static void get_health(struct http_request *r, void *context)
{
	(void)context;
	http_reply_static(r, 200, "text/plain", "ok\n", 3);
}

/* No counter of answers: it would tell when somebody answered. */
static void get_metrics(struct http_request *r, void *context)
{
	struct api *a = context;
	auto_(free) struct wave *waves = NULL;
	size_t count = 0;
	struct buf text = { 0 };
	bool fine = store_waves(a->store, &waves, &count) == OK;
	buf_format(&text,
		"# HELP brukarenkat_store_up Whether the database can be read.\n"
		"# TYPE brukarenkat_store_up gauge\nbrukarenkat_store_up %d\n"
		"# HELP brukarenkat_invitations Invitations registered, by wave.\n"
		"# TYPE brukarenkat_invitations gauge\n",
		fine);
	for (size_t i = 0; i < count; i++)
		buf_format(&text,
			"brukarenkat_invitations{wave=\"%s\",phase=\"%s\"} %lld\n",
			waves[i].name,
			wave_phase_word(wave_phase(&waves[i], clock_day(clock_now()))),
			(long long)waves[i].invited);
	http_reply_buf(r, 200, "text/plain; version=0.0.4", &text);
}

enum who { MONITORING, GATEWAY };

static bool enter(struct http_request *r, int who, void *context)
{
	static const char bearer[] = "Bearer ";
	struct api *a = context;
	if (who == MONITORING)
		return true;
	const char *given = http_header(r, "Authorization");
	if (given && strlen(given) == strlen(bearer) + KEY_TEXT &&
		strncmp(given, bearer, strlen(bearer)) == 0 &&
		secret_equal(given + strlen(bearer), a->key, KEY_TEXT))
		return true;
	http_set_header(r, "WWW-Authenticate", "Bearer");
	reply_error(r, 401, "the internal key is missing or wrong");
	return false;
}

/* clang-format off */
static const struct http_route routes[] = {
	{ "GET",    "/healthz",                              MONITORING, get_health },
	{ "GET",    "/metrics",                              MONITORING, get_metrics },
	{ "GET",    "/v1/waves",                             GATEWAY,    get_waves },
	{ "PUT",    "/v1/waves/{wave}/batches/{batch}",      GATEWAY,    put_batch },
	{ "DELETE", "/v1/waves/{wave}/batches/{batch}",      GATEWAY,    delete_batch },
	{ "POST",   "/v1/waves/{wave}/open",                 GATEWAY,    post_open },
	{ "GET",    "/v1/waves/{wave}/declined",             GATEWAY,    get_declined },
	{ "POST",   "/v1/waves/{wave}/revocations",          GATEWAY,    post_revocations },
	{ "PUT",    "/v1/waves/{wave}/dispositions/{batch}", GATEWAY,    put_dispositions },
};
/* clang-format on */

enum err api_start(const struct config *config, struct api **ret_api, struct why *why)
{
	struct api *a = mem_alloc(sizeof *a);
	auto_(free) char *database = config_database(config);
	uint8_t key[SECRET_KEY];
	enum err e = secret_key_load(config->internal_key, key, why);
	if (e == OK) {
		secret_hex(key, sizeof key, a->key);
		secret_wipe(key, sizeof key);
		e = store_open(database, &a->store, why);
	}
	if (e == OK) {
		struct http_options options = { .address = config->internal,
			.routes = routes,
			.route_count = sizeof routes / sizeof *routes,
			.enter = enter,
			.context = a,
			.body_limit = BODY_LIMIT,
			.connection_limit = CONNECTIONS,
			.idle_seconds = IDLE_SECONDS };
		e = http_start(&options, &a->server, why);
	}
	if (e) {
		api_stop(a);
		return e;
	}
	*ret_api = a;
	return OK;
}

void api_stop(struct api *a)
{
	if (!a)
		return;
	http_stop(a->server);
	store_close(a->store);
	secret_wipe(a->key, sizeof a->key);
	free(a);
}
