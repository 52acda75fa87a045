/* What stands in a cell of SpreadsheetML (ECMA-376, part 1), as a person writes it. */
#ifndef SMS_GATEWAY_CELL_H
#define SMS_GATEWAY_CELL_H

#include "common/buf.h"
#include <stdbool.h>

/* What a number stands for: itself, or a day of one of the two systems (18.17.4.1). */
enum cell_number {
	CELL_PLAIN,
	CELL_DAY_1900,
	CELL_DAY_1904,
};

/* Whether a number format shows a day: y, m or d beside what is quoted and bracketed. */
bool cell_format_is_date(const char *format);
/* Adds the text (ST_Xstring), its escapes read; control characters become spaces. */
void cell_add_text(const char *text, struct buf *out);
/* Adds the number: up to 15 digits without exponent, days as 2027-02-01 without their
 * hours. What is no day is taken for a plain number, and what is no number for text. */
void cell_add_number(const char *text, enum cell_number kind, struct buf *out);

#endif
