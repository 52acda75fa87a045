/* What survey-server keeps, over common/db.h. All SQL is in store.c. A struct store
 * belongs to one thread. Names ending in _tx need a transaction begun by store_begin();
 * the others stand alone. */
#ifndef SURVEY_STORE_H
#define SURVEY_STORE_H

#include "ballot.h"
#include "common/buf.h"
#include "common/invitation.h"
#include "wave.h"
#include <stddef.h>

struct store;

enum err store_open(const char *file, struct store **ret_store, struct why *why);
void store_close(struct store *s);
MEM_AUTO(store, struct store *, store_close)

/* As in common/db.h. */
enum err store_begin(struct store *s);
/* Ends a transaction by what it came to: commits when e is OK, else rolls back. Returns
 * e, or the commit's. */
enum err store_end(struct store *s, enum err e);
enum err store_snapshot(struct store *s);
void store_release(struct store *s);
enum err store_checkpoint(struct store *s);
enum err store_rewrite(struct store *s);
const char *store_error(const struct store *s);

/* Waves. w->number is given by the store. ERR_CONFLICT when the name is taken. */
enum err store_wave_add_tx(struct store *s, const struct wave *w, const char *definition);
/* ERR_NOT_FOUND when there is none of that name or number. */
enum err store_wave_find(struct store *s, const char *name, struct wave *ret_wave);
enum err store_wave_get(struct store *s, int64_t number, struct wave *ret_wave);
/* All waves, by name; the array is the caller's to free(). */
enum err store_waves(struct store *s, struct wave **ret_waves, size_t *ret_count);
enum err store_definition(struct store *s, int64_t wave, struct buf *ret_definition);
enum err store_wave_state_tx(struct store *s, int64_t wave, enum wave_state state);
enum err store_wave_destroyed_tx(struct store *s, int64_t wave, const char *by);
/* The publisher's text, empty when there is none. */
enum err store_wave_words(struct store *s, int64_t wave, struct buf *ret_words);
enum err store_wave_publish_tx(struct store *s, int64_t wave, const char *words);

/* Registration. */
struct store_batch {
	const char *name;
	uint16_t administration;
	int64_t first; /* serial; filled in by store_batch_add_tx */
	size_t size;
	const uint8_t *content;                     /* 32 bytes */
	const struct store_invitation *invitations; /* sorted by id */
};

struct store_invitation {
	struct invitation_id id;
	uint8_t sealed[INVITATION_SEALED];
};

struct stratum {
	uint16_t administration;
	uint16_t stratum;
	uint16_t area;
	enum plan plan;
	int64_t frame;
	int64_t drawn;
};

/* ERR_NOT_FOUND when the wave has no batch of that name. */
enum err store_batch_content(
	struct store *s, int64_t wave, const char *name, uint8_t ret_content[static 32]);
/* ERR_CONFLICT when an id or the name is there already. */
enum err store_batch_add_tx(
	struct store *s, int64_t wave, const struct store_batch *batch);
enum err store_stratum_add_tx(
	struct store *s, int64_t wave, const char *batch, const struct stratum *stratum);
enum err store_left_out_add_tx(struct store *s, int64_t wave, const char *batch,
	const char *reason, int64_t persons);
/* Deletes the batch, its invitations and strata, and revokes the serials for good: a form
 * on its way finds them gone. ERR_NOT_FOUND; ERR_CONFLICT when an invitation is spent or
 * was declined. */
enum err store_batch_withdraw_tx(
	struct store *s, int64_t wave, const char *name, int64_t *ret_withdrawn);
/* The ids of the batch that are neither spent nor revoked, 16 bytes each, sorted.
 * ERR_NOT_FOUND. */
enum err store_batch_open(
	struct store *s, int64_t wave, const char *name, struct buf *ret_ids);
enum err store_disposition_add_tx(struct store *s, int64_t wave, const char *batch,
	uint16_t stratum, int code, int64_t persons);
/* Forgets the batch's dispositions, for others to be put in their place; *ret_any tells
 * whether there were any. */
enum err store_disposition_clear_tx(
	struct store *s, int64_t wave, const char *batch, bool *ret_any);

/* Answering. */
struct store_found {
	struct wave wave;
	int64_t serial;
	uint8_t sealed[INVITATION_SEALED];
	bool gone; /* spent or revoked */
};

/* The invitation with that id in any wave that is not counted. ERR_NOT_FOUND. */
enum err store_invitation_find(
	struct store *s, const struct invitation_id *id, struct store_found *ret_found);

enum spend {
	SPEND_OK,
	SPEND_USED,     /* spent or revoked before */
	SPEND_REPEATED, /* spent by this very form a moment ago; given by box.c */
	SPEND_CLOSED, /* the wave takes no answers; given by box.c, which knows the day */
};

/* Spends the invitation and stores the sealed ballot. Only SPEND_OK stored anything. */
enum err store_spend_tx(struct store *s, int64_t wave, int64_t serial,
	const uint8_t sealed[static BALLOT_SEALED], enum spend *ret_spend);

enum decline {
	DECLINE_NONE = 0,
	DECLINE_NO = 1,
	DECLINE_WRONG_PERSON = 2,
};

/* Revokes the invitation and keeps the reason for the gateway to fetch. */
enum err store_decline_tx(struct store *s, int64_t wave, int64_t serial,
	const struct invitation_id *id, enum decline reason, enum spend *ret_spend);
/* Revokes without a reason. ERR_NOT_FOUND when the wave has no such invitation. */
enum err store_revoke_tx(struct store *s, int64_t wave, const struct invitation_id *id,
	enum spend *ret_spend);
/* The ids of those who declined for that reason, 16 bytes each, sorted. */
enum err store_declined(
	struct store *s, int64_t wave, enum decline reason, struct buf *ret_ids);

/* Counting. Each function calls back in any order and stops at the first error. */
typedef enum err store_ballot_each(
	void *context, const uint8_t sealed[static BALLOT_SEALED]);
enum err store_ballots(
	struct store *s, int64_t wave, store_ballot_each *each, void *context);
enum err store_ballot_count(struct store *s, int64_t wave, int64_t *ret_count);
/* How many invitations are spent, from the bitmaps. */
enum err store_spent_count(struct store *s, int64_t wave, int64_t *ret_count);
/* All strata of all batches; the array is the caller's to free(). */
enum err store_strata(
	struct store *s, int64_t wave, struct stratum **ret_strata, size_t *ret_count);
typedef enum err store_sum_each(void *context, const char *key, int64_t persons);
/* Sums over the batches: per reason left out, and per disposition code. */
enum err store_left_out(
	struct store *s, int64_t wave, store_sum_each *each, void *context);
enum err store_disposition_sums(
	struct store *s, int64_t wave, store_sum_each *each, void *context);
/* Stores the release, deletes everything of the wave that could tell of a person, and
 * sets WAVE_BURNING. */
enum err store_burn_tx(struct store *s, int64_t wave, const char *document, day today);
/* ERR_NOT_FOUND when the wave is not counted. */
enum err store_result(struct store *s, int64_t wave, struct buf *ret_document);

#endif
