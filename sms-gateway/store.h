/* What the gateway remembers of one administration: a file of its own, and all SQL about
 * it. A struct store belongs to one thread. Functions ending in _tx need store_begin()
 * first. */
#ifndef SMS_GATEWAY_STORE_H
#define SMS_GATEWAY_STORE_H

#include "common/clock.h"
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
	STORE_BATCH_REFUSED = 2,   /* by survey-server, for good */
	STORE_BATCH_WITHDRAWN = 3, /* its persons are gone here; survey-server is to
				      forget them too */
};

enum store_hold {
	STORE_FREE = 0,
	/* Nothing is sent, and nobody calls, until the coordinator has decided. */
	STORE_SHARED = 1,   /* another person has the same number */
	STORE_VANISHED = 2, /* not in the file any more */
	/* For good. */
	STORE_OUT = 3, /* found after the sending began: a rule, a refusal, the
			  coordinator */
};

enum store_verdict {
	STORE_KEEP = 1,
	STORE_REMOVE = 2,
};

enum store_draw {
	STORE_NOT_DRAWN = 0,
	STORE_PER_AREA = 1,
	STORE_PER_UNIT = 2,
};

enum { STORE_REF = 16, STORE_CONTENT = 16 };

struct store_blob {
	const void *data;
	size_t len;
};

struct store_contact {
	int64_t contact;
	struct keyring_hash person;
	bool has_phone;
	struct keyring_hash phone;
	uint8_t content[STORE_CONTENT];
	struct store_blob details;
	const char *language;
	unsigned channels;
	enum store_hold hold;
	/* Since it has a code; plan is read, not written. */
	bool enrolled;
	unsigned stratum;
	enum plan plan;
	struct store_blob code;
};

struct store_message {
	int64_t message;
	int64_t contact;
	enum store_kind kind;
	unsigned tries; /* before this one */
	uint8_t ref[STORE_REF];
	bool hold;
	struct buf details; /* sealed; cleared by store_message_clear() */
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
/* Why something about a wave failed: the engine's word, or, for ERR_CRYPTO, that its key
 * file is not the right one. */
const char *store_reason(const struct store *s, enum err e);
/* The same behind the administration's name, written to why. Returns e. */
enum err store_why(const struct store *s, enum err e, struct why *why);

enum err store_begin(struct store *s);
/* Ends it: commits when e is OK, else rolls back. Returns e, or what became of the
 * commit. */
enum err store_end(struct store *s, enum err e);
/* Changes whenever another connection has committed. */
int64_t store_version(struct store *s);
/* A read that sees one moment, however many calls it takes. */
enum err store_snapshot(struct store *s);
void store_release(struct store *s);
/* Waits until no other process or thread speaks with survey-server of the
 * administration's batches. Each one that returned OK has its end. */
enum err store_registering_begin(struct store *s);
void store_registering_end(struct store *s);
/* Empties the write-ahead log; ERR_CONFLICT while a reader stands in the way. */
enum err store_checkpoint(struct store *s);
/* Rewrites the file from what lives. */
enum err store_rewrite(struct store *s);

/* The frame: who is in the wave. */

/* The titles are for staff, and follow the last import. */
enum err store_wave_put_tx(
	struct store *s, const char *wave, const char *title, const char *name);
struct store_frame {
	bool exists;
	long persons;
	long held;
	bool enrolled; /* the persons have codes */
	bool begun;    /* an SMS has left, or may have left */
	enum store_draw draw;
	long draw_size;
};
enum err store_frame(struct store *s, const char *wave, struct store_frame *ret_frame);
/* Forgets the persons, what is planned and not sent to them, and all that was counted of
 * them; their batches wait to be withdrawn. */
enum err store_frame_clear_tx(struct store *s, const char *wave);
enum err store_contact_add_tx(
	struct store *s, const char *wave, const struct store_contact *c);
/* How many persons there are and how many of them are held, after changes. */
enum err store_frame_count_tx(struct store *s, const char *wave);
/* Adds to those that a rule left out. */
enum err store_left_out_tx(
	struct store *s, const char *wave, const char *reason, long persons);
enum err store_cell_tx(struct store *s, const char *wave, const char *breakdown,
	const char *key, long persons);
/* All persons, in the order of their numbers; the order of their hashes as well. Calls
 * each() per row; an error it returns ends the walk. What it gets is valid until it
 * returns; it must not use the store. So also below. */
typedef enum err store_each_contact(void *context, const struct store_contact *c);
typedef enum err store_each_count(void *context, const char *key, long persons);
enum err store_contacts(
	struct store *s, const char *wave, store_each_contact *each, void *context);
enum err store_left_out(
	struct store *s, const char *wave, store_each_count *each, void *context);
enum err store_cells(struct store *s, const char *wave, const char *breakdown,
	store_each_count *each, void *context);
enum err store_contact_hold_tx(
	struct store *s, const char *wave, int64_t contact, enum store_hold hold);

enum err store_decide_tx(struct store *s, const char *wave,
	const struct keyring_hash *person, enum store_verdict verdict);
typedef enum err store_each_decision(
	void *context, const struct keyring_hash *person, enum store_verdict verdict);
enum err store_decisions(
	struct store *s, const char *wave, store_each_decision *each, void *context);

enum err store_any_refusal(struct store *s, bool *ret_any);
enum err store_is_refused(
	struct store *s, const struct keyring_hash *hash, bool *ret_refused);
enum err store_refuse_tx(struct store *s, const struct keyring_hash *hash);

/* Codes and registration. */

enum err store_stratum_add_tx(struct store *s, const char *wave, unsigned stratum,
	const char *area, const char *unit, enum plan plan);
enum err store_contact_enroll_tx(struct store *s, const char *wave, int64_t contact,
	unsigned stratum, struct store_blob code);
/* Takes all codes back, and what is planned and not sent with them; the batches wait to
 * be withdrawn. */
enum err store_unenroll_tx(struct store *s, const char *wave);
enum err store_drawn_tx(
	struct store *s, const char *wave, enum store_draw draw, long size);
/* A new pending batch with the next number. */
enum err store_batch_add_tx(struct store *s, const char *wave, int64_t first,
	int64_t last, int64_t *ret_batch);
enum err store_batch_stratum_tx(struct store *s, const char *wave, int64_t batch,
	unsigned stratum, long frame, long drawn);
/* The first batch in that state after (wave, batch) in order; *ret_batch 0 when there is
 * none. The caller frees *ret_wave, untouched then. */
enum err store_batch_after(struct store *s, enum store_batch_state state,
	const char *wave, int64_t batch, char **ret_wave, int64_t *ret_batch);
enum err store_batch_set_tx(
	struct store *s, const char *wave, int64_t batch, enum store_batch_state state);
/* Forgets a batch that survey-server has withdrawn. */
enum err store_batch_drop_tx(struct store *s, const char *wave, int64_t batch);
/* Whether it is the first of the wave's that are not withdrawn: the one that tells who
 * was left out. */
enum err store_batch_is_first(
	struct store *s, const char *wave, int64_t batch, bool *ret_first);
typedef enum err store_each_stratum(void *context, unsigned stratum, const char *area,
	enum plan plan, long frame, long drawn);
enum err store_batch_strata(struct store *s, const char *wave, int64_t batch,
	store_each_stratum *each, void *context);
/* Nobody when it is withdrawn: the numbers may be other persons' by now. */
enum err store_batch_contacts(struct store *s, const char *wave, int64_t batch,
	store_each_contact *each, void *context);

/* Planning: contacts of the registered batch in the SMS plan that can get an SMS, are not
 * on hold, have no message of that kind, and, for a reminder, whose invitation was sent.
 */
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
/* From queued to sending; *ret_taken is false when it is no longer queued, or the person
 * is on hold. */
enum err store_message_take_tx(
	struct store *s, const struct store_message *m, bool *ret_taken);
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

/* One person: what is planned or was sent. */
typedef enum err store_each_message(
	void *context, enum store_kind kind, enum store_state state);
enum err store_contact_messages(struct store *s, const char *wave, int64_t contact,
	store_each_message *each, void *context);
/* Removes the person and the person's messages. */
enum err store_contact_remove_tx(struct store *s, const char *wave, int64_t contact);

/* Leaves nothing on the disk of what was deleted. Deleted rows are overwritten, but
 * copies that pages left behind when they were split are not: the file is written anew,
 * and the log, which holds the old pages, is emptied, also before, so that the pages by
 * which the file gets shorter are overwritten in their place. ERR_CONFLICT while a reader
 * stands in the way. */
enum err store_overwrite(struct store *s);

/* Erasure of a whole wave. */
enum store_erasure {
	STORE_ERASING = 0, /* the rows are gone; slack space and the key may not be */
	STORE_ERASED = 1,
};
struct store_erased {
	char wave[64];
	char title[128];
	char name[128];
	day counted;
	day erased;
	long persons;
	long messages;
	enum store_erasure state;
};
/* Deletes all rows of the wave and records the decision, as STORE_ERASING. */
enum err store_erase_tx(struct store *s, const char *wave, day counted, day today);
enum err store_erasure_done_tx(struct store *s, const char *wave);
typedef enum err store_each_erased(void *context, const struct store_erased *e);
enum err store_erasures(struct store *s, store_each_erased *each, void *context);

/* What the staff's page shows, per wave. */
struct store_counts {
	char wave[64];
	char title[128];
	char name[128]; /* of the administration */
	long contacts;
	long held; /* of these, those that wait for a decision */
	bool enrolled;
	long unregistered; /* contacts whose batch survey-server has not taken yet */
	long refused;      /* of these, those it will not take */
	long states[STORE_STOPPED + 1];
};
typedef enum err store_each_counts(void *context, const struct store_counts *counts);
enum err store_counts(struct store *s, store_each_counts *each, void *context);

#endif
