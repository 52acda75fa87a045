/* The rows of an import file, read into persons and weighed against each other: who is in
 * the frame, and why the others are not. Knows nothing of what is stored. */
#ifndef SMS_GATEWAY_ROSTER_H
#define SMS_GATEWAY_ROSTER_H

#include "common/invitation.h"
#include "common/valueset.h"
#include "sms-gateway/mapping.h"
#include "sms-gateway/reason.h"
#include "sms-gateway/rows.h"
#include "sms-gateway/rules.h"
#include "sms-gateway/survey_api.h"

/* One row. Texts live as long as the roster. */
struct roster_entry {
	const char *person; /* twelve digits, or the case system's own id; "" in a row
			       that can't be read */
	const char *name;
	const char *unit;
	char phone[17]; /* E.164; "" when there is none */
	uint8_t reason; /* enum reason */
	uint8_t channels;
	uint16_t marks;
	uint32_t line;
	char language[3];
	uint16_t values[INVITATION_VARIABLES]; /* as struct background has them */
};

struct roster_setup {
	const struct survey_wave *wave;
	const char *administration; /* the code of that of all rows */
	const struct rules *rules;
	/* The sets that the wave's variables refine, by place; those with no entries are
	 * not known. Of the legal grounds and the measures likewise. */
	const struct valueset *sets;
	const struct valueset *grounds;
	const struct valueset *measures;
	/* Tried in order when the header does not have the contract's own names; when one
	 * is named, it is the only one there, and used in any case. */
	struct mapping *const *mappings;
	size_t mapping_count;
	bool mapping_named;
	day today;
};

struct roster;

/* ERR_INPUT, in Swedish in why, when the wave lacks the variables administration or area,
 * or the administration. Keeps the setup by reference. */
enum err roster_create(
	const struct roster_setup *s, struct roster **ret_roster, struct why *why);
void roster_destroy(struct roster *r); /* wipes; NULL is fine */
MEM_AUTO(roster, struct roster *, roster_destroy)
/* What to read a file with, once. */
struct rows_reader roster_reader(struct roster *r);
/* When all rows are read: weighs them against each other. `chance` gives a number below
 * its bound, for one person always the same: which of several areas the person is asked
 * about. */
void roster_settle(struct roster *r,
	uint32_t (*chance)(const void *context, const char *person, uint32_t bound),
	const void *context);

/* In the order of the file. */
struct roster_entry *roster_entries(struct roster *r, size_t *ret_count);
/* Places in the entries, one person's side by side. */
const size_t *roster_order(const struct roster *r);
/* The place in that order behind the last row of the person whose first row is there; a
 * row of nobody known stands alone. */
size_t roster_person_end(const struct roster *r, size_t first);
/* The mapping that the header was read with; NULL: none. */
const struct mapping *roster_mapping(const struct roster *r);
/* Columns of the contract that the file does not have, as the contract writes them, and
 * headers of the file that are not read, with commas between; "" when there are none. */
const char *roster_missing(const struct roster *r);
const char *roster_unread(const struct roster *r);

#endif
