/* One person among those of an administration: found, shown, decided about, removed. */
#ifndef SMS_GATEWAY_PERSON_H
#define SMS_GATEWAY_PERSON_H

#include "sms-gateway/details.h"
#include "sms-gateway/store.h"
#include "sms-gateway/survey_api.h"

/* What is held of a person in one wave. Texts live in the arena. */
struct person_record {
	const char *wave;
	int64_t contact;
	struct keyring_hash hash;
	struct details details;
	const char *language;
	unsigned channels;
	enum store_hold hold;
	bool enrolled;
	enum plan plan;
	struct invitation_id id; /* when enrolled */
	struct store_blob code;  /* as it is sealed */
	size_t message_count;
	struct {
		enum store_kind kind;
		enum store_state state;
	} messages[4];
};

/* What was decided of the person; outlives the record. */
struct person_decision {
	const char *wave;
	enum store_verdict verdict;
};

struct person_list {
	size_t count;
	struct person_record *records;
	size_t decision_count; /* of person_find() */
	struct person_decision *decisions;
};

/* Who is looked for: one of the two, as people write it. */
struct person_query {
	const char *person;
	const char *phone;
};

/* The person in every wave of the administration. invitation is the shared key. ERR_INPUT
 * when the query can't be read, ERR_NOT_FOUND when a wave's key file is gone,
 * ERR_CONFLICT when several persons have the number: what is one's is no business of
 * another's. */
enum err person_find(struct store *s, const char *keys, const uint8_t *invitation,
	const struct person_query *q, day today, struct arena *a,
	struct person_list *ret_list, struct why *why);
/* Those in a wave who wait for a decision. */
enum err person_held(struct store *s, const char *keys, const uint8_t *invitation,
	const char *wave, struct arena *a, struct person_list *ret_list, struct why *why);
/* Keeps: they are asked as all others. Removes: nothing more is sent, and nobody calls;
 * they are out of the frame as long as it has no codes. The decision holds for later
 * imports. ERR_CONFLICT, and nothing was done, when an import or a draw has come in
 * between; so below. */
enum err person_decide(struct store *s, const struct person_list *list,
	enum store_verdict verdict, struct why *why);
/* Removes all that is held of them, and overwrites it on the disk. The decision that they
 * are not to be taken in again stays, as a keyed hash, as long as the wave's key. */
enum err person_erase(struct store *s, const struct person_list *list, struct why *why);

#endif
