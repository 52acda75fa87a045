/* What the parts of the store share: store.c (persons), store_batch.c (codes and
 * batches), store_message.c (messages) and store_erasure.c. For no one else. */
#ifndef SMS_GATEWAY_STORE_STATEMENTS_H
#define SMS_GATEWAY_STORE_STATEMENTS_H

#include "sms-gateway/store.h"

/* Places in the table of statements in store.c. */
enum store_statement {
	WAVE_PUT,
	FRAME,
	FRAME_COUNT,
	CLEAR_MESSAGES,
	CLEAR_CONTACTS,
	CLEAR_CODES,
	CLEAR_LEFT_OUT,
	CLEAR_CELLS,
	CLEAR_BATCH_STRATA,
	CLEAR_STRATA,
	CLEAR_BATCHES,
	CLEAR_WAVE,
	CONTACT_ADD,
	CONTACTS,
	CONTACT_ANY,
	CONTACT_HOLD,
	CONTACT_MESSAGES,
	CONTACT_REMOVE_MESSAGES,
	CONTACT_REMOVE,
	LEFT_OUT_ADD,
	LEFT_OUT,
	CELL_ADD,
	CELLS,
	DECIDE,
	DECISIONS,
	REFUSAL_ANY,
	REFUSAL_HAS,
	REFUSAL_ADD,
	STRATUM_ADD,
	CONTACT_ENROLL,
	DRAWN,
	BATCH_NEXT,
	BATCH_ADD,
	BATCH_STRATUM_ADD,
	BATCH_AFTER,
	BATCH_SET,
	BATCH_DROP,
	BATCH_IS_FIRST,
	BATCH_STRATA,
	BATCH_CONTACTS,
	BATCH_PLANNABLE,
	MESSAGE_ADD,
	MESSAGE_ANY,
	MESSAGE_NEXT,
	MESSAGE_TAKE,
	MESSAGE_SETTLE,
	MESSAGE_STOP,
	WAVE_STOP,
	RECOVER,
	REF_HAS,
	REPORT,
	ERASE_DECISIONS,
	ERASE_BATCHES,
	ERASE_COUNTS,
	ERASE_WAVE,
	ERASURE_ADD,
	ERASURE_DONE,
	ERASURES,
	COUNT_WAVES,
	COUNT_BATCHES,
	COUNT_MESSAGES,
	STATEMENTS,
};

struct store {
	struct db *db;
	char *administration;
	char *file;
	int registering; /* file descriptor of the lock; -1: not held */
};

/* Binds the wave and a number as $1 and $2. */
void store_set_wave(
	struct store *s, enum store_statement q, const char *wave, int64_t number);
/* Runs a bound statement and tells whether it gave a row. */
enum err store_has(struct store *s, enum store_statement q, bool *ret_has);
/* Runs statements that have the wave as their only parameter, until one fails. */
enum err store_run_each(struct store *s, const enum store_statement *statements,
	size_t count, const char *wave);
/* A walk: `while (store_step(…))` until the last row, an error of the engine, or one that
 * the caller left in *e. */
bool store_step(struct store *s, enum store_statement q, enum err *e);
/* A blob of the current row, valid until the next step. */
struct store_blob store_column(struct store *s, enum store_statement q, int n);
/* Walks a bound statement that gives the columns of a contact. */
enum err store_walk_contacts(
	struct store *s, enum store_statement q, store_each_contact *each, void *context);

#endif
