/* The rows of an import file, read into persons and weighed against each other: who is
 * taken, and why the others are not. Knows nothing of what is stored. */
#ifndef SMS_GATEWAY_ROSTER_H
#define SMS_GATEWAY_ROSTER_H

#include "common/invitation.h"
#include "sms-gateway/csvfile.h"
#include "sms-gateway/personid.h"
#include "sms-gateway/phone.h"
#include "sms-gateway/reason.h"
#include "sms-gateway/survey_api.h"

struct roster_entry {
	size_t line;
	enum reason reason;
	struct personid person;
	bool has_phone; /* a Swedish mobile number was read, also when the row is not used
			 */
	struct phone phone;
	const char *name;
	char language[4];
	bool language_unknown;
	unsigned area;                         /* place in the wave's areas */
	uint16_t values[INVITATION_VARIABLES]; /* as struct background has them */
};

struct roster {
	size_t count;
	struct roster_entry *entries; /* in the order of the file */
	size_t *order; /* places in entries, the same person's side by side */
};

/* Reads all rows; what they point at lives in the arena and the file. ERR_INPUT, in
 * Swedish in why, when a column that is needed is missing or the wave lacks the variables
 * administration or area. `administration` is the code of the administration that all
 * rows belong to; `below` gives a random number below its argument and draws the area of
 * a person who has several. */
enum err roster_read(const struct csvfile *f, const struct survey_wave *wave,
	const char *administration, day today, uint32_t (*below)(uint32_t),
	struct arena *a, struct roster *ret_roster, struct why *why);

#endif
