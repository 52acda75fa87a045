/* What the two halves of the store share: store.c (persons and batches) and
 * store_message.c (messages). For no one else. */
#ifndef SMS_GATEWAY_STORE_STATEMENTS_H
#define SMS_GATEWAY_STORE_STATEMENTS_H

#include "sms-gateway/store.h"

/* Places in the table of statements in store.c. */
enum store_statement {
	WAVE_PUT,
	WAVE_HAS,
	STRATUM_FIND,
	STRATUM_ADD,
	BATCH_NEXT,
	BATCH_ADD,
	BATCH_STRATUM_ADD,
	LEFT_OUT_ADD,
	CONTACT_NEXT,
	CONTACT_ADD,
	CONTACT_OF_PERSON,
	CONTACT_OF_PHONE,
	CONTACT_HOLD,
	REFUSAL_HAS,
	REFUSAL_ADD,
	BATCH_AFTER,
	BATCH_SET,
	BATCH_STRATA,
	BATCH_LEFT_OUT,
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
	COUNT_WAVES,
	COUNT_CONTACTS,
	COUNT_MESSAGES,
	STATEMENTS,
};

struct store {
	struct db *db;
	char *administration;
};

/* Binds the wave and a number as $1 and $2. */
void store_set_wave(
	struct store *s, enum store_statement q, const char *wave, int64_t number);
/* Runs a bound statement and tells whether it gave a row. */
enum err store_has(struct store *s, enum store_statement q, bool *ret_has);
/* A walk: `while (store_step(…))` until the last row, an error of the engine, or one that
 * the caller left in *e. */
bool store_step(struct store *s, enum store_statement q, enum err *e);
/* A blob of the current row, valid until the next step. */
struct store_blob store_column(struct store *s, enum store_statement q, int n);

#endif
