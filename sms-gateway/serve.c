#include "sms-gateway/serve.h"
#include "common/clock.h"
#include "common/fetch.h"
#include "common/file.h"
#include "common/log.h"
#include "sms-gateway/declines.h"
#include "sms-gateway/erasure.h"
#include "sms-gateway/import_pages.h"
#include "sms-gateway/keyring.h"
#include "sms-gateway/outbox.h"
#include "sms-gateway/pages.h"
#include "sms-gateway/receipts.h"
#include "sms-gateway/register.h"
#include "sms-gateway/stores.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
	POLL_MS = 250,
	IMPORT_MS = 2000, /* an import that has just committed registers by itself */
	ERASE_MS = 600 * 1000,
	DECLINE_MS = 4 * 3600 * 1000,
	AGAIN_MS = 15 * 1000,
	BACKOFF_MS = 1000,
	BACKOFF_CAP_MS = 60000,
};

struct serve {
	const struct config *config;
	uint8_t invitation[SECRET_KEY];
	char secret[KEYRING_WEBHOOK_TEXT + 1];
	struct survey_api *api;
	struct provider *provider;
	struct loop *loop;
	struct outbox *outbox;
	struct stores *stores; /* of the thread that registers */
	struct pages *pages;
	struct receipts *receipts;
	int lock;
};

/* Two gateways on the same files would each take the other's messages for those of a
 * crash. */
static enum err lock_state(struct serve *s, struct why *why)
{
	auto_(free) void *file = file_path(s->config->state, "serve.lock");
	s->lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock < 0)
		return err_why(why, ERR_IO, "%s: %s: run `sms-gateway init` first",
			(char *)file, strerror(errno));
	if (flock(s->lock, LOCK_EX | LOCK_NB) != 0)
		return err_why(why, ERR_CONFLICT,
			"%s: another gateway serves this folder already",
			s->config->state);
	return OK;
}

static enum err load_keys(struct serve *s, struct why *why)
{
	uint8_t internal[SECRET_KEY];
	enum err e = secret_key_load(s->config->internal, internal, why);
	if (e != OK)
		return e;
	s->api = survey_api_create(s->config->api, internal);
	secret_wipe(internal, sizeof internal);
	e = secret_key_load(s->config->invitation, s->invitation, why);
	if (e == OK)
		e = keyring_webhook(s->config->keys, s->secret, why);
	return e;
}

static enum err set_up(struct serve *s, struct why *why)
{
	const struct provider_class *class = s->config->provider == CONFIG_46ELKS
						     ? &provider_46elks
						     : &provider_outbox;
	enum err e = lock_state(s, why);
	if (e == OK)
		e = load_keys(s, why);
	if (e == OK)
		e = class->create(s->config, s->secret, &s->provider, why);
	if (e == OK)
		e = outbox_create(
			s->config, s->api, s->provider, s->loop, &s->outbox, why);
	if (e == OK)
		e = stores_refresh(s->stores, why);
	if (e == OK)
		e = receipts_start(s->config, s->provider, s->secret, &s->receipts, why);
	if (e == OK)
		e = pages_start(s->config, s->provider, &s->pages, why);
	return e;
}

static void tear_down(struct serve *s)
{
	pages_stop(s->pages);
	receipts_stop(s->receipts);
	outbox_destroy(s->outbox);
	stores_destroy(s->stores);
	if (s->provider)
		s->provider->class->destroy(s->provider);
	survey_api_destroy(s->api);
	loop_destroy(s->loop);
	secret_wipe(s->invitation, sizeof s->invitation);
	secret_wipe(s->secret, sizeof s->secret);
	if (s->lock >= 0)
		(void)close(s->lock);
}

static void *send_all(void *context)
{
	outbox_run(((struct serve *)context)->outbox);
	return NULL;
}

/* Whether everything is registered, or refused for good; says what is not. */
static bool register_all(struct serve *s, struct why *said)
{
	struct register_context c = { s->api, s->config->keys, s->invitation };
	bool done = true;
	for (size_t i = 0; i < stores_count(s->stores); i++) {
		struct store *store = stores_at(s->stores, i);
		struct register_result result;
		struct why why;
		enum err e = register_pending(&c, store, NULL, &result, &why);
		if (result.batches)
			log_info("%s: %zu batches registered",
				store_administration(store), result.batches);
		if (result.refused)
			log_error("%s: survey-server refuses %zu batches: %s",
				store_administration(store), result.refused,
				result.why.text);
		done &= e == OK && !result.left;
		const char *text = e != OK       ? why.text
				   : result.left ? result.why.text
						 : "";
		if (*text && strcmp(text, said->text) != 0) {
			(void)err_why(said, OK, "%s", text);
			log_error("invitations wait to be registered: %s", text);
		}
	}
	if (done)
		*said = (struct why){ 0 };
	return done;
}

/* Erases the persons of waves that have been counted for long enough. false: there is
 * something to be tried again. */
static bool erase_due(struct serve *s, struct why *said)
{
	auto_(arena) struct arena *a = arena_create();
	struct survey_waves waves;
	struct why why = { "" };
	bool known = survey_api_waves(s->api, a, &waves, &why) == OK;
	bool done = known;
	for (size_t i = 0; known && i < stores_count(s->stores); i++) {
		size_t left = 0;
		enum err e = erasure_due(s->config, stores_at(s->stores, i), &waves,
			clock_day(clock_now()), &left, &why);
		done &= e == OK && !left;
	}
	if (*why.text && strcmp(why.text, said->text) != 0)
		log_error("persons may be due to be erased, and wait: %s", why.text);
	*said = why;
	return done;
}

static enum err take_declines_of(
	struct serve *s, const struct survey_wave *wave, struct arena *a, struct why *why)
{
	struct register_context c = { s->api, s->config->keys, s->invitation };
	struct declines d;
	enum err e = declines_fetch(s->api, wave->wave, a, &d, why);
	for (size_t i = 0; i < stores_count(s->stores) && e == OK; i++) {
		struct store *store = stores_at(s->stores, i);
		struct store_frame frame;
		e = store_frame(store, wave->wave, &frame);
		if (e != OK)
			return store_why(store, e, why);
		if (frame.enrolled)
			e = declines_keep(&c, store, wave->wave, &d, why);
	}
	return e;
}

/* Fetches who has said no, of waves that are not counted yet. false: to be tried again.
 */
static bool take_declines(struct serve *s, struct why *said)
{
	auto_(arena) struct arena *a = arena_create();
	struct survey_waves waves;
	struct why why;
	bool done = true;
	if (survey_api_waves(s->api, a, &waves, &why) != OK)
		return false; /* the sending thread says it */
	for (size_t w = 0; w < waves.count; w++) {
		const struct survey_wave *wave = &waves.waves[w];
		if (wave->phase == SURVEY_PLANNED || wave->counted ||
			take_declines_of(s, wave, a, &why) == OK)
			continue;
		done = false;
		if (strcmp(why.text, said->text) != 0)
			log_error("who has said no is not known: %s", why.text);
		*said = why;
	}
	return done;
}

static void *register_always(void *context)
{
	struct serve *s = context;
	struct why said = { 0 };
	int64_t next = 0;
	int64_t erase_next = 0;
	int64_t decline_next = 0;
	struct why erase_said = { 0 };
	struct why decline_said = { 0 };
	unsigned failures = 0;
	bool waiting = true;
	while (loop_wait(s->loop, POLL_MS)) {
		struct why ignored; /* the sending thread says it */
		int64_t ticks = clock_ticks();
		(void)stores_refresh(s->stores, &ignored);
		import_pages_tidy(pages_imports(s->pages));
		if (ticks >= erase_next) {
			bool done = erase_due(s, &erase_said);
			erase_next = clock_ticks() + (done ? ERASE_MS : AGAIN_MS);
		}
		if (ticks >= decline_next) {
			bool done = take_declines(s, &decline_said);
			decline_next = clock_ticks() + (done ? DECLINE_MS : AGAIN_MS);
		}
		if (stores_changed(s->stores) && !waiting) {
			waiting = true;
			next = ticks + IMPORT_MS;
		}
		if (!waiting || ticks < next)
			continue;
		waiting = !register_all(s, &said);
		failures = waiting ? failures + 1 : 0;
		uint32_t bits;
		secret_random(&bits, sizeof bits);
		next = ticks +
		       schedule_backoff(BACKOFF_MS, BACKOFF_CAP_MS, failures, bits);
	}
	return NULL;
}

static int serve_until(struct serve *s, const sigset_t *ends)
{
	pthread_t sending;
	pthread_t registering;
	int signal;
	if (pthread_create(&sending, NULL, send_all, s) != 0) {
		log_error("no thread could be started: %s", strerror(errno));
		return 1;
	}
	if (pthread_create(&registering, NULL, register_always, s) != 0) {
		log_error("no thread could be started: %s", strerror(errno));
		loop_stop(s->loop);
		(void)pthread_join(sending, NULL);
		return 1;
	}
	log_info("serving: staff on %s:%u, webhooks on %s:%u",
		s->config->staff.address.host, s->config->staff.address.port,
		s->config->webhooks.host, s->config->webhooks.port);
	(void)sigwait(ends, &signal);
	loop_stop(s->loop);
	(void)pthread_join(sending, NULL);
	(void)pthread_join(registering, NULL);
	log_info("stopped");
	return 0;
}

int serve_run(const struct config *c)
{
	struct why why;
	sigset_t ends;
	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGINT);
	/* Before any thread, so that all of them leave the signals to sigwait(). */
	(void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	fetch_init();
	struct serve s = { .config = c, .lock = -1 };
	s.loop = loop_create();
	s.stores = stores_create(c->state);
	int status = 1;
	if (set_up(&s, &why) != OK)
		log_error("%s", why.text);
	else
		status = serve_until(&s, &ends);
	tear_down(&s);
	return status;
}
