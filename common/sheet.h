/* CSV that people open in a spreadsheet. */
#ifndef COMMON_SHEET_H
#define COMMON_SHEET_H

#include "buf.h"

/* Adds the text as a field, in quotes (RFC 4180), with an apostrophe before what a
 * spreadsheet would take for a formula:
 * https://owasp.org/www-community/attacks/CSV_Injection */
void sheet_text(struct buf *b, const char *text);

#endif
