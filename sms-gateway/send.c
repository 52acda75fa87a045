#include "sms-gateway/send.h"
#include "common/clock.h"
#include "common/log.h"
#include "sms-gateway/declines.h"
#include "sms-gateway/enroll.h"
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
	struct declines declines;
	size_t total;
	size_t held;
};

/* The contacts of one administration that get a message. */
struct choice {
	struct planning *planning;
	struct keyring_wave keys;
	struct survey_ids open; /* of the batch at hand; a reminder asks for it */
	int64_t *contacts;
	size_t count;
	size_t room;
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

static enum err take_contact(void *context, const struct store_contact *c)
{
	struct choice *ch = context;
	struct invitation_id id;
	if (!ch->planning->order->reminder) {
		choose(ch, c->contact);
		return OK;
	}
	enum err e = keyring_identify(&ch->keys, ch->planning->registering.invitation,
		c->contact, c->code.data, c->code.len, &id);
	if (e == OK && survey_ids_have(&ch->open, &id) &&
		!survey_ids_have(&ch->planning->declines.declined, &id) &&
		!survey_ids_have(&ch->planning->declines.wrong, &id))
		choose(ch, c->contact);
	return e;
}

/* Would get one, as soon as there are codes. */
static enum err take_reachable(void *context, const struct store_contact *c)
{
	if (c->channels & FRAME_SMS && c->hold == STORE_FREE)
		choose(context, c->contact);
	return OK;
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
	}
	if (e == OK)
		e = store_batch_plannable(
			s, p->wave->wave, batch, kind_of(p->order), take_contact, ch);
	return e == OK ? OK : store_why(s, e, why);
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
			return store_why(s, e, why);
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

/* Invitations are chosen under the lock, so that nobody is who was in the frame a moment
 * ago. Reminders come after the sending began, and the frame stays. */
static enum err keep(
	struct choice *ch, struct store *s, size_t *ret_added, struct why *why)
{
	enum err e = store_begin(s);
	if (e != OK)
		return store_why(s, e, why);
	if (!ch->planning->order->reminder)
		e = choose_all(ch, s, why);
	if (e != OK)
		return store_end(s, e);
	e = store_end(s, add_messages_tx(ch, s, ret_added));
	return e == OK ? OK
		       : err_why(why, e, "%s: nothing was planned: %s",
				 store_administration(s), err_text(e));
}

/* Codes for those who have none yet: without a draw, everyone is in the SMS plan. */
static enum err give_codes(struct choice *ch, struct store *s, struct why *why)
{
	const struct survey_wave *wave = ch->planning->wave;
	struct enroll_frame frame;
	struct store_frame now;
	enum err e = store_begin(s);
	if (e != OK)
		return store_why(s, e, why);
	e = store_frame(s, wave->wave, &now);
	if (e == OK && !now.enrolled)
		e = enroll_read(s, &ch->keys, wave, false, ch->planning->arena, &frame);
	if (e == OK && !now.enrolled)
		e = enroll_tx(s, &ch->keys, &frame);
	e = store_end(s, e);
	return e == OK ? OK : store_why(s, e, why);
}

static enum err register_all(struct planning *p, struct store *s, struct why *why)
{
	struct register_result result;
	enum err e = register_pending(&p->registering, s, p->wave->wave, &result, why);
	if (e == OK && (result.left || result.refused))
		e = err_why(why, ERR_IO,
			"%s: nobody gets anything before survey-server has registered them: "
			"%s; the serving gateway goes on trying, then send again",
			store_administration(s), result.why.text);
	return e;
}

static enum err choose_whom(struct choice *ch, struct store *s,
	const struct store_frame *frame, struct why *why)
{
	const struct planning *p = ch->planning;
	if (!frame->enrolled && (p->order->dry_run || p->order->reminder)) {
		enum err e = p->order->reminder ? OK
						: store_contacts(s, p->wave->wave,
							  take_reachable, ch);
		return e == OK ? OK : store_why(s, e, why);
	}
	enum err e = OK;
	if (!p->order->dry_run && !p->order->reminder) {
		e = give_codes(ch, s, why);
		return e == OK ? register_all(ch->planning, s, why) : e;
	}
	if (p->order->reminder && !p->order->dry_run)
		e = declines_keep(&p->registering, s, p->wave->wave, &p->declines, why);
	return e == OK ? choose_all(ch, s, why) : e;
}

static enum err plan_administration(struct planning *p, struct store *s,
	const struct store_frame *frame, struct why *why)
{
	struct choice ch = { .planning = p };
	const char *administration = store_administration(s);
	enum err e = keyring_wave_load(
		p->config->keys, administration, p->wave->wave, &ch.keys, why);
	if (e == OK)
		e = choose_whom(&ch, s, frame, why);
	size_t planned = ch.count;
	if (e == OK && !p->order->dry_run)
		e = keep(&ch, s, &planned, why);
	if (e == OK) {
		printf("%7zu  %s\n", planned, administration);
		p->total += planned;
		p->held += (size_t)frame->held;
	}
	free(ch.contacts);
	secret_wipe(&ch.keys, sizeof ch.keys);
	return e;
}

static enum err plan_all(struct planning *p, struct stores *all, struct why *why)
{
	bool any = false;
	size_t failed = 0;
	for (size_t i = 0; i < stores_count(all); i++) {
		struct store *s = stores_at(all, i);
		struct store_frame frame;
		enum err e = store_frame(s, p->wave->wave, &frame);
		if (e != OK)
			return store_why(s, e, why);
		if (!frame.exists)
			continue;
		if (!any)
			printf("\n  Antal  Förvaltning\n");
		any = true;
		e = plan_administration(p, s, &frame, why);
		if (e != OK) {
			log_error("%s", why->text);
			failed++;
		}
	}
	if (failed)
		return err_why(why, ERR_IO, "%zu of the administrations were not planned",
			failed);
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
	if (p->held)
		printf("%zu personer väntar på samordnarens beslut och får inget förrän dess.\n",
			p->held);
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

static enum err find_wave(struct planning *p, struct why *why)
{
	enum err e = survey_api_wave(
		p->registering.api, p->arena, p->order->wave, &p->wave, why);
	if (e != OK)
		return e;
	if (p->wave->phase == SURVEY_CLOSED || clock_day(clock_now()) > p->wave->closes)
		return err_why(why, ERR_CONFLICT,
			"the wave %s is closed: nothing more is sent", p->order->wave);
	if (!p->order->reminder)
		return OK;
	return declines_fetch(
		p->registering.api, p->wave->wave, p->arena, &p->declines, why);
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
	auto_(stores) struct stores *all = stores_create(p->config->state);
	enum err e = find_wave(p, why);
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
	uint8_t invitation[SECRET_KEY];
	auto_(survey_api) struct survey_api *api = NULL;
	if (survey_api_start(c->api, c->internal, &api, &why) != OK ||
		secret_key_load(c->invitation, invitation, &why) != OK) {
		log_error("%s", why.text);
		return 1;
	}
	auto_(arena) struct arena *a = arena_create();
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
