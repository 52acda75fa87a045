/* The frame's rules for one wave, in a file that a person can read:
 *
 *     [frame]
 *     grounds = bistand lss   legal grounds that count, codes of values/ground.ini,
 *                             groups too; any: all
 *     shortest = 1            whole months that a decision must last; 0: any
 *     youngest = 13           younger than this are never asked
 *     adult = 18              younger than this only where the unit says so
 *     unsafe = vald-nara-relation    areas where nothing is sent, and nobody called,
 *                             unless the unit says that the number is safe
 *     [exempt]
 *     areas = aldreomsorg     nobody there is asked
 *     measures = familjehem | Bostad med särskild service
 *
 * What is left out is as above, with no exemptions. */
#ifndef SMS_GATEWAY_RULES_H
#define SMS_GATEWAY_RULES_H

#include "common/err.h"
#include "common/mem.h"
#include <stdbool.h>

struct rules_words {
	size_t count;
	const char **words;
};

struct rules {
	bool any_ground;
	struct rules_words grounds;  /* codes */
	int shortest;                /* months */
	int youngest, adult;         /* years */
	struct rules_words unsafe;   /* codes of areas */
	struct rules_words areas;    /* codes */
	struct rules_words measures; /* folded codes or names */
};

/* Everything lives in the arena. file may be NULL: the default rules. ERR_INPUT or
 * ERR_NOT_FOUND with file, line and reason in why: an unknown section or key, no code, no
 * number from 0 to 120 (months) or 100 (years), youngest over adult. Whether the codes
 * are those of any set is for the caller to say. */
enum err rules_read(
	struct arena *a, const char *file, struct rules *ret_rules, struct why *why);
/* Whether that is one of the words, to the letter. */
bool rules_have(const struct rules_words *w, const char *word);

#endif
