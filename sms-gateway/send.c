#include "sms-gateway/send.h"
#include "common/clock.h"
#include "common/fetch.h"
#include "common/log.h"
#include "sms-gateway/pages.h"
#include "sms-gateway/register.h"
#include "sms-gateway/stores.h"
#include "sms-gateway/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct planning {
	const struct config *config;
	const struct send_order *order;
	const struct survey_wave *wave;
	struct register_context registering;
	struct arena *arena;
	struct survey_ids declined;
	struct survey_ids wrong;
	size_t total;
};

/* The contacts of one administration that get a message. */
struct choice {
	struct planning *planning;
	struct keyring_wave keys;
	struct keyring_refusal refusal;
	struct survey_ids open; /* of the batch at hand; a reminder asks for it */
	int64_t *contacts;
	size_t count;
	size_t room;
	struct keyring_hash *refused; /* numbers that belong to somebody else */
	size_t refused_count;
};

static enum store_kind kind_of(const struct send_order *order)
{
	return order->reminder ? STORE_REMINDER : STORE_INVITATION;
}

static void choose(struct choice *ch, int64_t contact)
{
	if (ch->count == ch->room)
		ch->contacts = mem_resize(ch->contacts,
			ch->room = ch->room ? ch->room * 2 : 1024, sizeof *ch->contacts);
	ch->contacts[ch->count++] = contact;
}

static enum err identify(struct choice *ch, int64_t contact, struct store_blob code,
	struct invitation_id *ret_id)
{
	struct code plain;
	struct invitation_seal seal;
	enum err e = register_invitation(&ch->planning->registering, &ch->keys, contact,
		code, &plain, ret_id, &seal);
	secret_wipe(&plain, sizeof plain);
	secret_wipe(&seal, sizeof seal);
	return e;
}

static enum err take_contact(void *context, int64_t contact, bool hold,
	struct store_blob code, struct store_blob background, struct store_blob phone)
{
	(void)hold;
	(void)background;
	(void)phone;
	struct choice *ch = context;
	struct invitation_id id;
	if (!ch->planning->order->reminder) {
		choose(ch, contact);
		return OK;
	}
	enum err e = identify(ch, contact, code, &id);
	if (e == OK && survey_ids_have(&ch->open, &id) &&
		!survey_ids_have(&ch->planning->declined, &id) &&
		!survey_ids_have(&ch->planning->wrong, &id))
		choose(ch, contact);
	return e;
}

/* Somebody else has the number: it is never used again. */
static enum err take_wrong(void *context, int64_t contact, bool hold,
	struct store_blob code, struct store_blob background, struct store_blob phone)
{
	(void)hold;
	(void)background;
	struct choice *ch = context;
	struct invitation_id id;
	enum err e = identify(ch, contact, code, &id);
	if (e != OK || !survey_ids_have(&ch->planning->wrong, &id))
		return e;
	struct buf number = { 0 };
	e = keyring_open_text(
		&ch->keys, "phone", contact, phone.data, phone.len, &number);
	if (e == OK) {
		ch->refused = mem_resize(
			ch->refused, ch->refused_count + 1, sizeof *ch->refused);
		ch->refused[ch->refused_count++] =
			keyring_refusal_phone(&ch->refusal, buf_string(&number));
	}
	buf_clear(&number);
	return e;
}

static enum err choose_from_batch(
	struct choice *ch, struct store *s, int64_t batch, struct why *why)
{
	const struct planning *p = ch->planning;
	enum err e = OK;
	if (p->order->reminder) {
		struct buf name = { 0 };
		register_batch_name(s, batch, &name);
		e = survey_api_open(p->registering.api, p->wave->wave, buf_string(&name),
			p->arena, &ch->open, why);
		buf_clear(&name);
		if (e != OK)
			return e;
		if (p->wrong.count)
			e = store_batch_contacts(s, p->wave->wave, batch, take_wrong, ch);
	}
	if (e == OK)
		e = store_batch_plannable(
			s, p->wave->wave, batch, kind_of(p->order), take_contact, ch);
	return e == OK ? OK
		       : err_why(why, e, "%s: %s", store_administration(s),
				 e == ERR_CRYPTO
					 ? "the wave's key file does not open what is stored"
					 : store_error(s));
}

static enum err choose_all(struct choice *ch, struct store *s, struct why *why)
{
	const char *wave = ch->planning->wave->wave;
	int64_t batch = 0;
	for (;;) {
		char *found = NULL;
		enum err e = store_batch_after(
			s, STORE_BATCH_REGISTERED, wave, batch, &found, &batch);
		if (e != OK)
			return err_why(why, e, "%s: %s", store_administration(s),
				store_error(s));
		bool ours = batch && strcmp(found, wave) == 0;
		free(found);
		if (!ours)
			return OK;
		e = choose_from_batch(ch, s, batch, why);
		if (e != OK)
			return e;
	}
}

static enum err add_messages_tx(struct choice *ch, struct store *s, size_t *ret_added)
{
	enum err e = OK;
	*ret_added = 0;
	for (size_t i = 0; i < ch->refused_count && e == OK; i++)
		e = store_refuse_tx(s, &ch->refused[i]);
	for (size_t i = 0; i < ch->count && e == OK; i++) {
		uint8_t ref[STORE_REF];
		bool added;
		secret_random(ref, sizeof ref);
		e = store_message_add_tx(s, ch->planning->wave->wave, ch->contacts[i],
			kind_of(ch->planning->order), ref, &added);
		*ret_added += e == OK && added;
	}
	return e;
}

static enum err keep(
	struct choice *ch, struct store *s, size_t *ret_added, struct why *why)
{
	enum err e = store_begin(s);
	if (e == OK)
		e = store_end(s, add_messages_tx(ch, s, ret_added));
	return e == OK ? OK
		       : err_why(why, e, "%s: nothing was planned: %s",
				 store_administration(s), err_text(e));
}

static enum err plan_administration(struct planning *p, struct store *s, struct why *why)
{
	struct choice ch = { .planning = p };
	const char *administration = store_administration(s);
	enum err e = keyring_wave_load(
		p->config->keys, administration, p->wave->wave, &ch.keys, why);
	if (e == OK)
		e = keyring_refusal_load(
			p->config->keys, administration, &ch.refusal, why);
	if (e == OK)
		e = choose_all(&ch, s, why);
	size_t planned = ch.count;
	if (e == OK && !p->order->dry_run)
		e = keep(&ch, s, &planned, why);
	if (e == OK) {
		printf("%7zu  %s\n", planned, administration);
		p->total += planned;
	}
	free(ch.contacts);
	free(ch.refused);
	secret_wipe(&ch.keys, sizeof ch.keys);
	secret_wipe(&ch.refusal, sizeof ch.refusal);
	return e;
}

static enum err warn_unregistered(struct store *s, const char *wave)
{
	for (enum store_batch_state state = STORE_BATCH_PENDING;;
		state = STORE_BATCH_REFUSED) {
		char *found = NULL;
		int64_t batch;
		enum err e = store_batch_after(s, state, wave, 0, &found, &batch);
		if (e != OK)
			return e;
		if (batch && strcmp(found, wave) == 0)
			log_warning(
				"%s: persons that survey-server has not registered get nothing yet; "
				"import their file again to see why",
				store_administration(s));
		free(found);
		if (state == STORE_BATCH_REFUSED)
			return OK;
	}
}

static enum err plan_all(struct planning *p, struct stores *all, struct why *why)
{
	bool any = false;
	for (size_t i = 0; i < stores_count(all); i++) {
		struct store *s = stores_at(all, i);
		bool has;
		enum err e = store_has_wave(s, p->wave->wave, &has);
		if (e == OK && has)
			e = warn_unregistered(s, p->wave->wave);
		if (e != OK)
			return err_why(why, e, "%s: %s", store_administration(s),
				store_error(s));
		if (has && !any)
			printf("\n  Antal  Förvaltning\n");
		any |= has;
		if (has)
			e = plan_administration(p, s, why);
		if (e != OK)
			return e;
	}
	return any ? OK
		   : err_why(why, ERR_NOT_FOUND,
			     "no administration has persons in %s: import a file "
			     "first",
			     p->wave->wave);
}

static struct text_size show_text(const struct config *c, const struct send_order *order)
{
	struct buf link = { 0 };
	struct buf text = { 0 };
	buf_format(&link, "%s/%s", c->link, "0000000000000000");
	text_compose(
		order->reminder ? c->text_reminder : c->text, buf_string(&link), &text);
	struct text_size size = text_measure(buf_string(&text));
	printf("%s\n\n%s, %zu %s, %u %s per SMS\n", buf_string(&text),
		text_encoding_name(size.encoding), size.units, "tecken", size.segments,
		size.segments == 1 ? "del" : "delar");
	buf_clear(&text);
	buf_clear(&link);
	return size;
}

static void show_result(const struct planning *p, const struct text_size *size)
{
	uint64_t segments = (uint64_t)p->total * size->segments;
	printf("\n%zu SMS %s, %llu delar.\n", p->total,
		p->order->dry_run ? "skulle skickas" : "är planerade",
		(unsigned long long)segments);
	if (p->wave->phase == SURVEY_PLANNED)
		printf("Omgången är inte öppen än; de skickas när den öppnar.\n");
	if (!p->total)
		return;
	char date[32];
	int64_t done = schedule_done(clock_now(), segments, p->config->per_second,
		&p->config->quiet, clock_minute);
	int minute = clock_minute(done);
	day_swedish(clock_day(done), date);
	if (p->wave->phase == SURVEY_OPEN)
		printf("Klart tidigast %s kl. %02d.%02d.\n", date, minute / 60,
			minute % 60);
}

static enum err find_wave(struct planning *p, struct survey_waves *waves, struct why *why)
{
	enum err e = survey_api_waves(p->registering.api, p->arena, waves, why);
	if (e != OK)
		return e;
	p->wave = survey_wave_find(waves, p->order->wave);
	if (!p->wave)
		return err_why(why, ERR_NOT_FOUND, "survey-server has no wave %s",
			p->order->wave);
	if (p->wave->phase == SURVEY_CLOSED || clock_day(clock_now()) > p->wave->closes)
		return err_why(why, ERR_CONFLICT,
			"the wave %s is closed: nothing more is sent", p->order->wave);
	if (!p->order->reminder)
		return OK;
	return survey_api_declined(p->registering.api, p->wave->wave, p->arena,
		&p->declined, &p->wrong, why);
}

/* In the audit log, before anything is planned. */
static enum err note(const struct planning *p, struct why *why)
{
	const struct staff_order order = pages_order(p->config);
	if (staff_note(&order, "send", AUDIT_CHANGED, "send %swave %s",
		    p->order->reminder ? "reminder " : "", p->wave->wave))
		return OK;
	return err_why(why, ERR_IO, "nothing was planned");
}

static enum err carry_out(struct planning *p, struct why *why)
{
	struct survey_waves waves;
	auto_(stores) struct stores *all = stores_create(p->config->state);
	enum err e = find_wave(p, &waves, why);
	if (e == OK)
		e = stores_refresh(all, why);
	if (e == OK && !p->order->dry_run)
		e = note(p, why);
	if (e != OK)
		return e;
	struct text_size size = show_text(p->config, p->order);
	e = plan_all(p, all, why);
	if (e == OK)
		show_result(p, &size);
	(void)fflush(stdout);
	return e;
}

int send_run(const struct config *c, const struct send_order *order)
{
	struct why why;
	uint8_t internal[SECRET_KEY];
	uint8_t invitation[SECRET_KEY];
	if (secret_key_load(c->internal, internal, &why) != OK ||
		secret_key_load(c->invitation, invitation, &why) != OK) {
		log_error("%s", why.text);
		return 1;
	}
	fetch_init();
	auto_(arena) struct arena *a = arena_create();
	auto_(survey_api) struct survey_api *api = survey_api_create(c->api, internal);
	secret_wipe(internal, sizeof internal);
	struct planning p = {
		.config = c,
		.order = order,
		.registering = { api, c->keys, invitation },
		.arena = a,
	};
	enum err e = carry_out(&p, &why);
	if (e != OK)
		log_error("%s", why.text);
	secret_wipe(invitation, sizeof invitation);
	return e == OK ? 0 : 1;
}
