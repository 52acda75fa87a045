/* .xlsx (SpreadsheetML of ECMA-376, part 1), strict or not: the table on the first
 * visible sheet. */
#ifndef SMS_GATEWAY_XLSX_H
#define SMS_GATEWAY_XLSX_H

#include "sms-gateway/rows.h"
#include <stdbool.h>

/* Whether the bytes begin as a workbook's do, of today or of old. */
bool xlsx_looks_so(const char *data, size_t len);
/* As rows_read(). Cells become text as a person would write it into a CSV file: whole
 * numbers without exponent, dates as 2027-02-01, true and false as ja and nej. */
enum err xlsx_read(const char *data, size_t len, const struct rows_reader *r,
	struct rows_about *ret_about, struct why *why);

#endif
