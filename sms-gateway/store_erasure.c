#include "sms-gateway/store_statements.h"
#include <stdio.h>

enum err store_overwrite(struct store *s)
{
	enum err e = store_checkpoint(s);
	if (e == OK)
		e = store_rewrite(s);
	return e == OK ? store_checkpoint(s) : e;
}

enum err store_erase_tx(struct store *s, const char *wave, day counted, day today)
{
	static const enum store_statement rest[] = { ERASE_DECISIONS, ERASE_BATCHES,
		ERASE_COUNTS, ERASE_WAVE };
	store_set_wave(s, ERASURE_ADD, wave, counted);
	db_set_int(s->db, ERASURE_ADD, 3, today);
	enum err e = db_run(s->db, ERASURE_ADD);
	if (e == OK)
		e = store_frame_clear_tx(s, wave);
	return e == OK ? store_run_each(s, ROWS(rest), wave) : e;
}

enum err store_erasure_done_tx(struct store *s, const char *wave)
{
	static const enum store_statement done[] = { ERASURE_DONE };
	return store_run_each(s, ROWS(done), wave);
}

enum err store_erasures(struct store *s, store_each_erased *each, void *context)
{
	enum err e = OK;
	while (store_step(s, ERASURES, &e)) {
		struct store_erased x = {
			.counted = (day)db_int(s->db, ERASURES, 3),
			.erased = (day)db_int(s->db, ERASURES, 4),
			.persons = (long)db_int(s->db, ERASURES, 5),
			.messages = (long)db_int(s->db, ERASURES, 6),
			.state = (enum store_erasure)db_int(s->db, ERASURES, 7),
		};
		(void)snprintf(x.wave, sizeof x.wave, "%s", db_text(s->db, ERASURES, 0));
		(void)snprintf(
			x.title, sizeof x.title, "%s", db_text(s->db, ERASURES, 1));
		(void)snprintf(x.name, sizeof x.name, "%s", db_text(s->db, ERASURES, 2));
		e = each(context, &x);
	}
	return e;
}
