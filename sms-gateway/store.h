/* What the gateway remembers of one administration: a file of its own, and all SQL about
 * it. A struct store belongs to one thread. Functions ending in _tx need store_begin()
 * first. */
#ifndef SMS_GATEWAY_STORE_H
#define SMS_GATEWAY_STORE_H

#include "common/db.h"
#include "common/invitation.h"
#include "sms-gateway/keyring.h"

struct store;

/* The numbers are stored, never reuse one. */
enum store_kind {
	STORE_INVITATION = 1,
	STORE_REMINDER = 2,
};

enum store_state {
	STORE_QUEUED = 0,
	STORE_SENDING = 1, /* committed before the connection; after a crash it becomes
			      STORE_UNKNOWN */
	STORE_SENT = 2,
	STORE_DELIVERED = 3,
	STORE_FAILED = 4,
	STORE_UNKNOWN = 5, /* may have been sent; only a delivery report or a person
			      resolves it */
	STORE_STOPPED = 6, /* never sent: refused, on hold, or the wave has closed */
};

enum store_batch_state {
	STORE_BATCH_PENDING = 0,
	STORE_BATCH_REGISTERED = 1,
	STORE_BATCH_REFUSED = 2, /* by survey-server, for good */
};

enum { STORE_REF = 16 };

struct store_blob {
	const void *data;
	size_t len;
};

struct store_contact {
	int64_t contact;
	int64_t batch;
	unsigned stratum;
	struct keyring_hash person;
	struct keyring_hash phone_hash;
	struct store_blob phone;
	struct store_blob name;
	struct store_blob code;
	struct store_blob background;
	const char *language;
};

struct store_message {
	int64_t message;
	int64_t contact;
	enum store_kind kind;
	unsigned tries; /* before this one */
	uint8_t ref[STORE_REF];
	bool hold;
	struct buf phone; /* sealed; cleared by store_message_clear() */
	struct buf code;
};

/* Whether the administration has a file yet. */
bool store_exists(const char *state, const char *administration);
/* Opens STATE/ADMINISTRATION.db, made when missing. */
enum err store_open(const char *state, const char *administration,
	struct store **ret_store, struct why *why);
void store_close(struct store *s);
MEM_AUTO(store, struct store *, store_close)
const char *store_administration(const struct store *s);
/* The engine's word for what last went wrong; never contains values. */
const char *store_error(const struct store *s);

enum err store_begin(struct store *s);
/* Ends it: commits when e is OK, else rolls back. Returns e, or what became of the
 * commit. */
enum err store_end(struct store *s, enum err e);
/* Changes whenever another connection has committed. */
int64_t store_version(struct store *s);
/* Empties the write-ahead log; ERR_CONFLICT while a reader stands in the way. */
enum err store_checkpoint(struct store *s);

/* Waves and import. The titles are for staff, and follow the last import. */
enum err store_wave_put_tx(
	struct store *s, const char *wave, const char *title, const char *name);
enum err store_has_wave(struct store *s, const char *wave, bool *ret_has);
/* The stratum's number, the next free one when it is new. */
enum err store_stratum_tx(struct store *s, const char *wave, const char *area,
	enum plan plan, unsigned *ret_stratum);
/* A new pending batch with the next number. */
enum err store_batch_add_tx(struct store *s, const char *wave, int64_t *ret_batch);
enum err store_batch_stratum_tx(struct store *s, const char *wave, int64_t batch,
	unsigned stratum, long frame, long drawn);
enum err store_left_out_tx(
	struct store *s, const char *wave, int64_t batch, const char *reason, long count);
/* The number for the next contact. */
enum err store_contact_next(struct store *s, const char *wave, int64_t *ret_contact);
enum err store_contact_add_tx(
	struct store *s, const char *wave, const struct store_contact *c);
/* The contact with that person, or number; 0 when there is none. */
enum err store_contact_of_person(struct store *s, const char *wave,
	const struct keyring_hash *hash, int64_t *ret_contact);
enum err store_contact_of_phone(struct store *s, const char *wave,
	const struct keyring_hash *hash, int64_t *ret_contact);
/* *ret_changed tells whether it was not on hold before. */
enum err store_contact_hold_tx(
	struct store *s, const char *wave, int64_t contact, bool *ret_changed);
enum err store_is_refused(
	struct store *s, const struct keyring_hash *hash, bool *ret_refused);
enum err store_refuse_tx(struct store *s, const struct keyring_hash *hash);

/* Registration. The first batch in that state after (wave, batch) in order; *ret_batch 0
 * when there is none. The caller frees *ret_wave, untouched then. */
enum err store_batch_after(struct store *s, enum store_batch_state state,
	const char *wave, int64_t batch, char **ret_wave, int64_t *ret_batch);
enum err store_batch_set_tx(
	struct store *s, const char *wave, int64_t batch, enum store_batch_state state);
/* Calls each() per row, in the order of their keys; an error it returns ends the walk.
 * What it gets is valid until it returns; it must not use the store. */
typedef enum err store_each_stratum(void *context, unsigned stratum, const char *area,
	enum plan plan, long frame, long drawn);
typedef enum err store_each_left_out(void *context, const char *reason, long count);
typedef enum err store_each_contact(void *context, int64_t contact, bool hold,
	struct store_blob code, struct store_blob background, struct store_blob phone);
enum err store_batch_strata(struct store *s, const char *wave, int64_t batch,
	store_each_stratum *each, void *context);
enum err store_batch_left_out(struct store *s, const char *wave, int64_t batch,
	store_each_left_out *each, void *context);
enum err store_batch_contacts(struct store *s, const char *wave, int64_t batch,
	store_each_contact *each, void *context);

/* Planning: contacts of the registered batch that are not on hold, have no message of
 * that kind, and, for a reminder, whose invitation was sent. */
enum err store_batch_plannable(struct store *s, const char *wave, int64_t batch,
	enum store_kind kind, store_each_contact *each, void *context);
/* *ret_added is false when there was one already. */
enum err store_message_add_tx(struct store *s, const char *wave, int64_t contact,
	enum store_kind kind, const uint8_t ref[static STORE_REF], bool *ret_added);

/* Sending. Whether anything is queued; of any wave when wave is NULL. */
enum err store_any_queued(struct store *s, bool *ret_any);
/* The queued message of the wave that has waited longest and whose time has come. */
enum err store_message_next(struct store *s, const char *wave, int64_t now,
	struct store_message *ret_message, bool *ret_found);
void store_message_clear(struct store_message *m);
/* From queued to sending; *ret_taken is false when it is no longer queued. */
enum err store_message_take_tx(struct store *s, int64_t message, bool *ret_taken);
/* From sending to what came of it. Changes nothing when a delivery report was there
 * first. not_before counts for STORE_QUEUED only; a try that does not count is given
 * back. */
enum err store_message_settle_tx(struct store *s, int64_t message, enum store_state state,
	int64_t not_before, bool give_back);
/* From queued to stopped. */
enum err store_message_stop_tx(struct store *s, int64_t message);
/* The same for all that a wave has queued. */
enum err store_wave_stop_tx(struct store *s, const char *wave, int64_t *ret_stopped);
/* What a crash left as sending becomes unknown. */
enum err store_recover_tx(struct store *s, int64_t *ret_unknown);
/* Delivery reports: *ret_found is false when no message has that ref. Idempotent and free
 * of order: delivered beats failed beats sent. */
enum err store_has_ref(
	struct store *s, const uint8_t ref[static STORE_REF], bool *ret_found);
enum err store_report_tx(
	struct store *s, const uint8_t ref[static STORE_REF], enum store_state state);

/* What the staff's page shows, per wave. */
struct store_counts {
	char wave[64];
	char title[128];
	char name[128]; /* of the administration */
	long contacts;
	long unregistered; /* contacts whose batch survey-server has not taken yet */
	long refused;      /* of these, those it will not take */
	long states[STORE_STOPPED + 1];
};
typedef enum err store_each_counts(void *context, const struct store_counts *counts);
enum err store_counts(struct store *s, store_each_counts *each, void *context);

#endif
