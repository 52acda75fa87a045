#include "sms-gateway/receipts.h"
#include "common/log.h"
#include "sms-gateway/stores.h"
#include <stdlib.h>
#include <string.h>

enum { BODY_LIMIT = 8192, CONNECTIONS = 64, IDLE_SECONDS = 15 };

struct receipts {
	const struct provider *provider;
	const char *secret;
	struct stores *stores; /* the listener's thread is the only one that uses them */
	struct http_server *server;
};

static void answer(struct http_request *r, unsigned status)
{
	http_reply_static(r, status, "text/plain; charset=utf-8", "", 0);
}

static enum store_state state_of(enum provider_report report)
{
	return report == PROVIDER_REPORT_DELIVERED ? STORE_DELIVERED
	       : report == PROVIDER_REPORT_FAILED  ? STORE_FAILED
						   : STORE_SENT;
}

static enum err take_report(
	struct store *s, const uint8_t ref[static STORE_REF], enum store_state state)
{
	enum err e = store_begin(s);
	if (e != OK)
		return e;
	return store_end(s, store_report_tx(s, ref, state));
}

/* In whichever administration's file the ref is. */
static enum err find_and_take(struct stores *all, const uint8_t ref[static STORE_REF],
	enum store_state state, bool *ret_found)
{
	*ret_found = false;
	for (size_t i = 0; i < stores_count(all); i++) {
		struct store *s = stores_at(all, i);
		enum err e = store_has_ref(s, ref, ret_found);
		if (e == OK && *ret_found)
			e = take_report(s, ref, state);
		if (e != OK)
			log_error("%s: a delivery report was not stored: %s",
				store_administration(s), err_text(e));
		if (e != OK || *ret_found)
			return e;
	}
	return OK;
}

static enum err take_anywhere(
	struct stores *all, const uint8_t ref[static STORE_REF], enum store_state state)
{
	struct why why;
	bool found;
	size_t known = stores_count(all);
	enum err e = find_and_take(all, ref, state, &found);
	if (e != OK || found)
		return e;
	/* An administration may have been added since. */
	e = stores_refresh(all, &why);
	if (e == OK && stores_count(all) > known)
		e = find_and_take(all, ref, state, &found);
	return e;
}

static void on_report(struct http_request *request, void *context)
{
	struct receipts *r = context;
	const char *secret = http_segment(request, 1);
	uint8_t ref[STORE_REF];
	size_t len;
	struct form form;
	enum provider_report report;
	if (strcmp(http_segment(request, 0), r->provider->class->name) != 0 ||
		strlen(secret) != strlen(r->secret) ||
		!secret_equal(secret, r->secret, strlen(r->secret))) {
		answer(request, 403);
		return;
	}
	const char *body = http_body(request, &len);
	if (form_parse(http_arena(request), body, len, &form) != OK ||
		r->provider->class->report(&form, &report) != OK) {
		answer(request, 400);
		return;
	}
	/* Nobody's ref is answered like any other, or the provider would come again for
	 * hours. */
	if (report != PROVIDER_REPORT_NOTHING &&
		secret_unhex(http_segment(request, 2), ref, sizeof ref) &&
		take_anywhere(r->stores, ref, state_of(report)) != OK) {
		answer(request, 503);
		return;
	}
	answer(request, 204);
}

// clang-format off
static const struct http_route routes[] = {
	/* method, path,                        who, handler */
	{ "POST",  "/{provider}/{secret}/{ref}", 0,  on_report },
};
// clang-format on

enum err receipts_start(const struct config *c, const struct provider *p,
	const char *secret, struct receipts **ret_receipts, struct why *why)
{
	struct receipts *r = mem_alloc(sizeof *r);
	*r = (struct receipts){ p, secret, stores_create(c->state), NULL };
	struct http_options options = {
		.address = c->webhooks,
		.routes = routes,
		.route_count = sizeof routes / sizeof *routes,
		.context = r,
		.body_limit = BODY_LIMIT,
		.connection_limit = CONNECTIONS,
		.idle_seconds = IDLE_SECONDS,
	};
	enum err e = stores_refresh(r->stores, why);
	if (e == OK)
		e = http_start(&options, &r->server, why);
	if (e != OK) {
		receipts_stop(r);
		return e;
	}
	*ret_receipts = r;
	return OK;
}

void receipts_stop(struct receipts *r)
{
	if (!r)
		return;
	http_stop(r->server);
	stores_destroy(r->stores);
	free(r);
}
