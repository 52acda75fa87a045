#include "sms-gateway/declines.h"
#include "sms-gateway/details.h"
#include <stdlib.h>
#include <string.h>

/* What is to be kept of one person. */
struct refusal {
	int64_t contact;
	struct keyring_hash hashes[2];
	size_t count;
};

struct keeping {
	const struct register_context *context;
	const struct declines *declines;
	struct keyring_wave keys;
	struct keyring_refusal refusal;
	struct refusal *found;
	size_t count;
};

enum err declines_fetch(struct survey_api *api, const char *wave, struct arena *a,
	struct declines *ret_declines, struct why *why)
{
	return survey_api_declined(
		api, wave, a, &ret_declines->declined, &ret_declines->wrong, why);
}

static enum err remember(struct keeping *k, const struct store_contact *c, bool wrong)
{
	struct buf opened = { 0 };
	struct details d;
	struct refusal r = { .contact = c->contact };
	enum err e = keyring_open_details(
		&k->keys, c->contact, c->details.data, c->details.len, &opened, &d);
	if (e == OK && *d.phone)
		r.hashes[r.count++] = keyring_refusal_phone(&k->refusal, d.phone);
	if (e == OK && !wrong)
		memcpy(r.hashes[r.count++].bytes, d.refusal, DETAILS_REFUSAL);
	buf_clear(&opened);
	if (e != OK)
		return e;
	k->found = mem_resize(k->found, k->count + 1, sizeof *k->found);
	k->found[k->count++] = r;
	return OK;
}

static enum err look_at(void *context, const struct store_contact *c)
{
	struct keeping *k = context;
	struct invitation_id id;
	if (!c->enrolled || c->hold == STORE_OUT)
		return OK;
	enum err e = keyring_identify(&k->keys, k->context->invitation, c->contact,
		c->code.data, c->code.len, &id);
	if (e != OK)
		return e;
	bool wrong = survey_ids_have(&k->declines->wrong, &id);
	return wrong || survey_ids_have(&k->declines->declined, &id)
		       ? remember(k, c, wrong)
		       : OK;
}

static enum err keep_tx(struct store *s, const char *wave, const struct keeping *k)
{
	enum err e = OK;
	for (size_t i = 0; i < k->count && e == OK; i++) {
		const struct refusal *r = &k->found[i];
		for (size_t n = 0; n < r->count && e == OK; n++)
			e = store_refuse_tx(s, &r->hashes[n]);
		if (e == OK)
			e = store_contact_hold_tx(s, wave, r->contact, STORE_OUT);
	}
	return e == OK ? store_frame_count_tx(s, wave) : e;
}

static enum err keep_found(struct store *s, const char *wave, const struct keeping *k)
{
	enum err e = k->count ? store_begin(s) : OK;
	return e == OK && k->count ? store_end(s, keep_tx(s, wave, k)) : e;
}

enum err declines_keep(const struct register_context *c, struct store *s,
	const char *wave, const struct declines *d, struct why *why)
{
	struct keeping k = { .context = c, .declines = d };
	const char *administration = store_administration(s);
	if (!d->declined.count && !d->wrong.count)
		return OK;
	enum err e = keyring_wave_load(c->keys, administration, wave, &k.keys, why);
	if (e == OK)
		e = keyring_refusal_load(c->keys, administration, &k.refusal, why);
	if (e != OK)
		return e;
	e = store_contacts(s, wave, look_at, &k);
	if (e == OK)
		e = keep_found(s, wave, &k);
	free(k.found);
	secret_wipe(&k, sizeof k);
	return e == OK ? OK : store_why(s, e, why);
}
