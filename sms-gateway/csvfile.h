/* CSV, over libcsv (RFC 4180, read strictly within a row so that one broken row never
 * swallows the rest). */
#ifndef SMS_GATEWAY_CSVFILE_H
#define SMS_GATEWAY_CSVFILE_H

#include "sms-gateway/rows.h"

/* As rows_read(). */
enum err csvfile_read(const char *data, size_t len, const struct rows_reader *r,
	struct rows_about *ret_about, struct why *why);

#endif
