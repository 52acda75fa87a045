/* Who a row is about: a Swedish personnummer or samordningsnummer, or the case system's
 * own id. Format: Skatteverket, SKV 704 and SKV 707; check digit by the Luhn algorithm.
 */
#ifndef SMS_GATEWAY_PERSONID_H
#define SMS_GATEWAY_PERSONID_H

#include "common/clock.h"
#include <stdbool.h>

enum { PERSONID_LONGEST = 63 };

enum personid_sex {
	PERSONID_SEX_UNKNOWN,
	PERSONID_WOMAN,
	PERSONID_MAN,
};

struct personid {
	char text[PERSONID_LONGEST + 1]; /* twelve digits, or the case system's own id */
	bool official; /* a personnummer or samordningsnummer with the right check digit
			*/
	day birth;     /* 0 when not official */
	enum personid_sex sex; /* legal sex, as the number tells it */
	bool mistyped; /* looks like one, but day or check digit is wrong, or its first 0
			  is gone */
};

/* Reads the field; `today` settles the century of a number with ten digits, a plus before
 * the last four makes it one earlier, and spaces and the kind of dash do not matter.
 * ERR_NOT_FOUND when empty, ERR_INPUT when longer than PERSONID_LONGEST bytes. Anything
 * that is not an official number is taken as the case system's own id, white space around
 * it removed. */
enum err personid_parse(const char *text, day today, struct personid *ret_person);

#endif
