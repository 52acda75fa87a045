/* What the parts of an import share: intake.c (reading the file, and the order of
 * things), intake_persons.c (who is in it, weighed against what is stored) and
 * intake_frame.c (the new frame against the old, and what is kept). For no one else. */
#ifndef SMS_GATEWAY_INTAKE_INSIDE_H
#define SMS_GATEWAY_INTAKE_INSIDE_H

#include "sms-gateway/frame.h"
#include "sms-gateway/intake.h"

enum {
	NOBODY = UINT32_MAX,    /* no row of the person is used */
	INTAKE_PROGRESS = 1000, /* rows or persons between two reports */
};

/* Everyone in the file, sorted by hash. */
struct person {
	struct keyring_hash hash;
	uint8_t content[STORE_CONTENT];
	struct keyring_hash refusal;
	uint32_t first; /* place in roster_order() of the person's first row */
	uint32_t used;  /* place in the entries; NOBODY */
	uint8_t hold;   /* enum store_hold */
};

/* Who was there before, in the same order. */
struct old {
	struct keyring_hash hash;
	uint8_t content[STORE_CONTENT];
	int64_t contact;
	uint8_t hold;
	uint8_t channels;
	char language[3];
	struct buf details; /* in clear; of those who have vanished */
};

struct decision {
	struct keyring_hash person;
	enum store_verdict verdict;
};

struct intake {
	const struct config *config;
	const struct survey_wave *wave;
	const struct intake_order *order;
	struct arena *arena;
	struct rules rules;
	struct mapping **mappings;
	size_t mapping_count;
	struct valueset *sets;
	struct valueset grounds, measures;
	struct roster_setup setup;
	struct roster *roster;
	struct roster_entry *entries;
	size_t count;
	struct person *persons;
	size_t person_count;
	struct old *olds;
	size_t old_count, old_room;
	struct decision *decisions;
	size_t decision_count;
	struct store *store; /* NULL in a dry run before the first import */
	struct store_frame frame;
	size_t left_out_before[REASON_COUNT];
	bool same_left_out;
	bool nobody;           /* would have emptied a frame */
	const char **vanished; /* numbers of those who stay though they have vanished */
	size_t vanished_count;
	struct keyring_wave keys;
	struct keyring_refusal refusal;
	long **groups; /* of each table */
	struct intake_result result;
};

/* How far it has come, in thousandths. */
void intake_tell(const struct intake *i, unsigned done);

/* intake_persons.c. Under the lock, or in a dry run on a snapshot; i->store may be NULL
 * where it says "stored". */

/* Frame, decisions and persons. */
enum err intake_read_stored(struct intake *i);
/* How many each rule left out the last time, stored. */
enum err intake_read_left_out(struct intake *i);
/* Everyone in the file, with the row that is used; rows of nobody known are passed over.
 */
void intake_list_persons(struct intake *i);
/* What stored refusals and decisions say of those whom the rules let in. */
enum err intake_weigh(struct intake *i);
void intake_count_rows(struct intake *i);
enum err intake_count_groups(struct intake *i);

int intake_by_hash(const void *a, const void *b);
/* NULL when there is none. */
const struct person *intake_find_person(
	const struct intake *i, const struct keyring_hash *hash);
const struct old *intake_find_old(
	const struct intake *i, const struct keyring_hash *hash);
/* enum store_verdict; 0: none. */
int intake_verdict_of(const struct intake *i, const struct keyring_hash *person);
/* The row that is used; NULL: none. */
struct roster_entry *intake_entry_of(const struct intake *i, const struct person *p);
/* Whether someone of the old frame is in the new one though the file does not have the
 * person. */
bool intake_stays(const struct intake *i, const struct old *o);
/* The person's details, to be sealed. */
void intake_pack(
	const struct roster_entry *entry, const struct person *p, struct buf *out);

/* intake_frame.c. */

/* Nobody has been told anything yet: the new frame against the old. */
void intake_compare(struct intake *i);
/* The new frame instead of the old. */
enum err intake_replace(struct intake *i);
/* The sending has begun: what the file now says of those in the frame; kept unless in a
 * dry run. */
enum err intake_hold_some(struct intake *i);

#endif
