#include "sms-gateway/outbox.h"
#include "common/clock.h"
#include "common/log.h"
#include "sms-gateway/details.h"
#include "sms-gateway/schedule.h"
#include "sms-gateway/stores.h"
#include "sms-gateway/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	POLL_MS = 250,
	WAVES_EVERY_MS = 15000,
	WAVES_SOONEST_MS = 1000, /* when somebody has changed something */
	WAVES_FRESH_MS = 60000,  /* older news of a wave is not acted on */
	TRIES_MAX = 8,
	RETRY_CAP_MS = 3600 * 1000,
	FAULT_BASE_MS = 1000,
	FAULT_CAP_MS = 300 * 1000,
	FAULTS_FREE = 2,       /* so many unknown in a row do not yet slow the rest */
	PAUSE_MS = 900 * 1000, /* after a refusal that a person must act on */
	TROUBLE_MS = 15000,    /* after trouble with our own files */
};

struct outbox {
	const struct config *config;
	struct survey_api *api;
	struct provider *provider;
	struct loop *loop;
	struct stores *stores;
	struct schedule_bucket bucket;
	struct arena *arena; /* of the waves */
	struct survey_waves waves;
	int64_t waves_read; /* ticks; what was read longest ago when never */
	int64_t waves_next;
	int64_t look_next;
	int64_t pause_until;
	unsigned faults;
	size_t turn; /* the administration whose turn it is */
	struct why said;
};

/* One message on its way; what is in clear is gone when it has been sent. */
struct sending {
	struct store *store;
	const char *wave;
	struct store_message message;
	struct buf phone;
	struct buf text;
	unsigned segments;
};

static enum err recover(struct store *s, struct why *why)
{
	int64_t unknown = 0;
	enum err e = store_begin(s);
	if (e == OK)
		e = store_end(s, store_recover_tx(s, &unknown));
	if (e != OK)
		return err_why(why, e, "%s: %s", store_administration(s), err_text(e));
	if (unknown)
		log_warning(
			"%s: %lld messages may or may not have been sent before the gateway stopped; "
			"they are not sent again",
			store_administration(s), (long long)unknown);
	return OK;
}

enum err outbox_create(const struct config *c, struct survey_api *api, struct provider *p,
	struct loop *l, struct outbox **ret_outbox, struct why *why)
{
	struct outbox *o = mem_alloc(sizeof *o);
	*o = (struct outbox){
		.config = c,
		.api = api,
		.provider = p,
		.loop = l,
		.stores = stores_create(c->state),
		.arena = arena_create(),
		.waves_read = -WAVES_FRESH_MS,
	};
	schedule_bucket_init(&o->bucket, c->per_second, clock_ticks());
	enum err e = stores_refresh(o->stores, why);
	for (size_t i = 0; e == OK && i < stores_count(o->stores); i++)
		e = recover(stores_at(o->stores, i), why);
	if (e != OK) {
		outbox_destroy(o);
		return e;
	}
	*ret_outbox = o;
	return OK;
}

void outbox_destroy(struct outbox *o)
{
	if (!o)
		return;
	stores_destroy(o->stores);
	arena_destroy(o->arena);
	free(o);
}

/* Says a thing once, until something else is said or it is over. */
static void say(struct outbox *o, const char *text)
{
	if (strcmp(o->said.text, text) == 0)
		return;
	(void)err_why(&o->said, OK, "%s", text);
	log_error("%s", text);
}

static void say_fine(struct outbox *o)
{
	if (*o->said.text)
		log_info("sending goes on");
	o->said = (struct why){ 0 };
}

static void pause_for(struct outbox *o, int64_t ms)
{
	o->pause_until = clock_ticks() + ms;
}

static void trouble(struct outbox *o, const struct store *s, const char *words)
{
	struct why text;
	(void)err_why(
		&text, OK, "%s: nothing is sent: %s", store_administration(s), words);
	say(o, text.text);
	pause_for(o, TROUBLE_MS);
}

static void look_around(struct outbox *o, int64_t ticks)
{
	struct why why;
	if (ticks < o->look_next)
		return;
	o->look_next = ticks + POLL_MS;
	if (stores_refresh(o->stores, &why) != OK)
		say(o, why.text);
	if (stores_changed(o->stores) && o->waves_next > o->waves_read + WAVES_SOONEST_MS)
		o->waves_next = o->waves_read + WAVES_SOONEST_MS;
}

static bool any_queued(struct outbox *o)
{
	for (size_t i = 0; i < stores_count(o->stores); i++) {
		struct store *s = stores_at(o->stores, i);
		bool any = false;
		if (store_any_queued(s, &any) != OK)
			trouble(o, s, store_error(s));
		else if (any)
			return true;
	}
	return false;
}

/* Whether what is known of the waves is new enough to act on. */
static bool know_waves(struct outbox *o, int64_t ticks)
{
	struct why why;
	if (ticks >= o->waves_next) {
		struct arena *a = arena_create();
		struct survey_waves waves;
		if (survey_api_waves(o->api, a, &waves, &why) == OK) {
			arena_destroy(o->arena);
			o->arena = a;
			o->waves = waves;
			o->waves_read = ticks;
			o->waves_next = ticks + WAVES_EVERY_MS;
		} else {
			arena_destroy(a);
			o->waves_next = ticks + WAVES_SOONEST_MS;
			if (ticks - o->waves_read >= WAVES_FRESH_MS)
				say(o, why.text);
		}
	}
	return ticks - o->waves_read < WAVES_FRESH_MS;
}

static enum err stop(struct store *s, int64_t message, const char *wave)
{
	int64_t stopped;
	enum err e = store_begin(s);
	if (e != OK)
		return e;
	e = wave ? store_wave_stop_tx(s, wave, &stopped)
		 : store_message_stop_tx(s, message);
	return store_end(s, e);
}

/* What is stored of the number and the code, in clear. */
static enum err open_sealed(const struct keyring_wave *keys, struct sending *m,
	struct code *ret_code, struct why *why)
{
	struct buf details = { 0 };
	struct details d;
	enum err e = keyring_open_details(keys, m->message.contact,
		m->message.details.data, m->message.details.len, &details, &d);
	if (e == OK)
		buf_text(&m->phone, d.phone);
	buf_clear(&details);
	if (e == OK)
		e = keyring_open_code(keys, m->message.contact, m->message.code.data,
			m->message.code.len, ret_code);
	return e == OK ? OK
		       : err_why(why, e,
				 "the key file of %s does not open what is stored",
				 m->wave);
}

static void write_text(const struct outbox *o, struct sending *m, const struct code *code)
{
	char typed[INVITATION_CODE_TEXT + 1];
	struct buf link = { 0 };
	code_format(code, typed);
	buf_format(&link, "%s/%s", o->config->link, typed);
	text_compose(m->message.kind == STORE_REMINDER ? o->config->text_reminder
						       : o->config->text,
		buf_string(&link), &m->text);
	m->segments = text_measure(buf_string(&m->text)).segments;
	buf_clear(&link);
	secret_wipe(typed, sizeof typed);
}

static enum err look_for_refusal(
	struct outbox *o, struct sending *m, bool *ret_refused, struct why *why)
{
	struct keyring_refusal refusal;
	enum err e = keyring_refusal_load(
		o->config->keys, store_administration(m->store), &refusal, why);
	if (e != OK)
		return e;
	struct keyring_hash hash = keyring_refusal_phone(&refusal, buf_string(&m->phone));
	secret_wipe(&refusal, sizeof refusal);
	e = store_is_refused(m->store, &hash, ret_refused);
	return e == OK ? OK : err_why(why, e, "%s", store_error(m->store));
}

/* Makes the message ready to be sent, and looks once more whether the number has refused.
 */
static enum err open_message(
	struct outbox *o, struct sending *m, bool *ret_refused, struct why *why)
{
	struct keyring_wave keys;
	struct code code;
	enum err e = keyring_wave_load(
		o->config->keys, store_administration(m->store), m->wave, &keys, why);
	if (e != OK)
		return e;
	e = open_sealed(&keys, m, &code, why);
	secret_wipe(&keys, sizeof keys);
	if (e != OK)
		return e;
	write_text(o, m, &code);
	secret_wipe(&code, sizeof code);
	return look_for_refusal(o, m, ret_refused, why);
}

static enum err take(struct sending *m, bool *ret_taken)
{
	enum err e = store_begin(m->store);
	if (e != OK)
		return e;
	return store_end(
		m->store, store_message_take_tx(m->store, &m->message, ret_taken));
}

/* What came of it must reach the disk: nothing else is sent before. If the gateway is
 * stopped first, the row is still `sending` and becomes unknown. */
static void settle(struct outbox *o, struct sending *m, enum store_state state,
	int64_t not_before, bool give_back)
{
	do {
		enum err e = store_begin(m->store);
		if (e == OK)
			e = store_end(m->store,
				store_message_settle_tx(m->store, m->message.message,
					state, not_before, give_back));
		if (e == OK)
			return;
		trouble(o, m->store, err_text(e));
	} while (loop_wait(o->loop, WAVES_SOONEST_MS));
}

static uint32_t random_bits(void)
{
	uint32_t bits;
	secret_random(&bits, sizeof bits);
	return bits;
}

static int64_t asked_or(const struct provider_result *r, int64_t ms)
{
	if (r->retry_after < 0)
		return ms;
	return r->retry_after < RETRY_CAP_MS / 1000 ? r->retry_after * 1000
						    : RETRY_CAP_MS;
}

/* Each fault in a row makes the next message wait longer, whosever it is. */
static void count_fault(struct outbox *o, const struct provider_result *r, unsigned from)
{
	o->faults++;
	say(o, r->why.text);
	if (o->faults > from)
		pause_for(o, asked_or(r, schedule_backoff(FAULT_BASE_MS, FAULT_CAP_MS,
						 o->faults - from, random_bits())));
}

static void retry_later(
	struct outbox *o, struct sending *m, const struct provider_result *r)
{
	unsigned tries = m->message.tries + 1;
	count_fault(o, r, 0);
	if (tries >= TRIES_MAX) {
		settle(o, m, STORE_FAILED, 0, false);
		return;
	}
	int64_t wait = asked_or(r, schedule_backoff(o->config->retry * 1000, RETRY_CAP_MS,
					   tries, random_bits()));
	settle(o, m, STORE_QUEUED, clock_now() + (wait + 999) / 1000, false);
}

static void pause_provider(
	struct outbox *o, struct sending *m, const struct provider_result *r)
{
	struct why text;
	(void)err_why(&text, OK,
		"sending is paused: %s; put it right and restart the gateway, which otherwise "
		"tries again every %d minutes",
		r->why.text, PAUSE_MS / 60000);
	say(o, text.text);
	pause_for(o, PAUSE_MS);
	settle(o, m, STORE_QUEUED, 0, true);
}

static void hand_over(struct outbox *o, struct sending *m)
{
	char ref[2 * STORE_REF + 1];
	struct provider_result result;
	secret_hex(m->message.ref, STORE_REF, ref);
	struct provider_message message = { buf_string(&m->phone), buf_string(&m->text),
		ref };
	o->provider->class->send(o->provider, &message, &result);
	switch (result.outcome) {
	case PROVIDER_SENT:
		o->faults = 0;
		say_fine(o);
		settle(o, m, STORE_SENT, 0, false);
		break;
	case PROVIDER_FAILED:
		o->faults = 0;
		say(o, result.why.text);
		settle(o, m, STORE_FAILED, 0, false);
		break;
	case PROVIDER_UNKNOWN:
		count_fault(o, &result, FAULTS_FREE);
		settle(o, m, STORE_UNKNOWN, 0, false);
		break;
	case PROVIDER_RETRY:
		retry_later(o, m, &result);
		break;
	case PROVIDER_PAUSED:
		pause_provider(o, m, &result);
		break;
	}
}

/* How long to wait before the next. */
static int64_t send_one(struct outbox *o, struct sending *m)
{
	struct why why;
	bool refused = false;
	bool taken = false;
	if (!m->message.hold && open_message(o, m, &refused, &why) != OK) {
		trouble(o, m->store, why.text);
		return POLL_MS;
	}
	if (m->message.hold || refused) {
		enum err e = stop(m->store, m->message.message, NULL);
		if (e != OK)
			trouble(o, m->store, err_text(e));
		return 0;
	}
	int64_t wait = schedule_bucket_take(&o->bucket, m->segments, clock_ticks());
	if (wait)
		return wait;
	enum err e = take(m, &taken);
	if (e != OK)
		trouble(o, m->store, err_text(e));
	else if (taken)
		hand_over(o, m);
	return 0;
}

/* Looks for a message of the wave; *ret_wait is what send_one() says when there was one.
 */
static bool try_wave(struct outbox *o, struct store *s, const struct survey_wave *w,
	int64_t now, int64_t *ret_wait)
{
	bool over = w->phase == SURVEY_CLOSED || clock_day(now) > w->closes;
	bool found = false;
	struct sending m = { .store = s, .wave = w->wave };
	if (w->phase == SURVEY_PLANNED && !over)
		return false;
	enum err e = store_message_next(
		s, w->wave, over ? INT64_MAX : now, &m.message, &found);
	if (e == OK && found && over) {
		e = stop(s, 0, w->wave);
		*ret_wait = 0;
	} else if (e == OK && found) {
		*ret_wait = send_one(o, &m);
	}
	if (e != OK)
		trouble(o, s, err_text(e));
	store_message_clear(&m.message);
	buf_clear(&m.phone);
	buf_clear(&m.text);
	return found;
}

static int64_t send_next(struct outbox *o, int64_t now)
{
	int64_t wait = POLL_MS;
	size_t count = stores_count(o->stores);
	for (size_t i = 0; i < count; i++) {
		size_t place = (o->turn + i) % count;
		for (size_t w = 0; w < o->waves.count; w++)
			if (try_wave(o, stores_at(o->stores, place), &o->waves.waves[w],
				    now, &wait)) {
				o->turn = place + (wait == 0);
				return wait;
			}
	}
	return POLL_MS;
}

static int64_t step(struct outbox *o)
{
	int64_t ticks = clock_ticks();
	int64_t now = clock_now();
	look_around(o, ticks);
	if (ticks < o->pause_until ||
		schedule_is_quiet(&o->config->quiet, clock_minute(now)) ||
		!any_queued(o) || !know_waves(o, ticks))
		return POLL_MS;
	return send_next(o, now);
}

void outbox_run(struct outbox *o)
{
	int64_t wait = 0;
	while (loop_wait(o->loop, wait))
		wait = step(o);
}
