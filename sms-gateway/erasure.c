#include "sms-gateway/erasure.h"
#include "common/log.h"
#include "sms-gateway/pages.h"
#include <stdlib.h>
#include <string.h>

/* Names of waves. */
struct names {
	char (*names)[64];
	day *counted;
	size_t count;
	const struct config *config;
	const struct survey_waves *waves;
	day today;
};

static void add_name(struct names *n, const char *wave, day counted)
{
	n->names = mem_resize(n->names, n->count + 1, sizeof *n->names);
	n->counted = mem_resize(n->counted, n->count + 1, sizeof *n->counted);
	(void)memcpy(n->names[n->count], wave, strlen(wave) + 1);
	n->counted[n->count++] = counted;
}

static void free_names(struct names *n)
{
	free(n->names);
	free(n->counted);
}

static enum err take_due(void *context, const struct store_counts *c)
{
	struct names *n = context;
	const struct survey_wave *w = survey_wave_find(n->waves, c->wave);
	if (w && w->counted && n->today >= day_add(w->counted, n->config->erase_after))
		add_name(n, c->wave, w->counted);
	return OK;
}

static enum err take_half_done(void *context, const struct store_erased *e)
{
	if (e->state == STORE_ERASING)
		add_name(context, e->wave, e->counted);
	return OK;
}

static enum err engine(struct store *s, enum err e, struct why *why)
{
	return err_why(
		why, e, "%s: erasure: %s", store_administration(s), store_error(s));
}

/* In the audit log, before anything is erased. */
static enum err begin(const struct config *c, struct store *s, const char *wave,
	day counted, day today, struct why *why)
{
	const struct staff_order order = pages_order(c);
	char text[11];
	day_format(counted, text);
	if (!staff_note(&order, "erasure", AUDIT_CHANGED, "erase %s wave %s counted %s",
		    store_administration(s), wave, text))
		return err_why(
			why, ERR_IO, "%s: nothing was erased", store_administration(s));
	enum err e = store_begin(s);
	if (e == OK)
		e = store_end(s, store_erase_tx(s, wave, counted, today));
	return e == OK ? OK : engine(s, e, why);
}

/* ERR_CONFLICT while a reader stands in the way. */
static enum err finish(
	const struct config *c, struct store *s, const char *wave, struct why *why)
{
	enum err e = store_overwrite(s);
	if (e != OK)
		return e == ERR_CONFLICT ? e : engine(s, e, why);
	e = keyring_wave_destroy(c->keys, store_administration(s), wave, why);
	if (e != OK)
		return e;
	e = store_begin(s);
	if (e == OK)
		e = store_end(s, store_erasure_done_tx(s, wave));
	if (e != OK)
		return engine(s, e, why);
	log_info("%s: the persons of %s are erased, and their key is destroyed",
		store_administration(s), wave);
	return OK;
}

enum err erasure_due(const struct config *c, struct store *s,
	const struct survey_waves *waves, day today, size_t *ret_left, struct why *why)
{
	struct names due = { .config = c, .waves = waves, .today = today };
	struct names half = { 0 };
	*ret_left = 0;
	enum err e = store_counts(s, take_due, &due);
	if (e != OK)
		e = engine(s, e, why);
	for (size_t i = 0; i < due.count && e == OK; i++)
		e = begin(c, s, due.names[i], due.counted[i], today, why);
	if (e == OK && (e = store_erasures(s, take_half_done, &half)) != OK)
		e = engine(s, e, why);
	for (size_t i = 0; i < half.count && e == OK; i++) {
		e = finish(c, s, half.names[i], why);
		*ret_left += e == ERR_CONFLICT;
		if (e == ERR_CONFLICT)
			e = OK;
	}
	free_names(&due);
	free_names(&half);
	return e;
}
