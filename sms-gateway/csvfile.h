/* A CSV file as a case system or a spreadsheet writes it, over libcsv (RFC 4180, read
 * strictly within a row so that one broken row never swallows the rest). */
#ifndef SMS_GATEWAY_CSVFILE_H
#define SMS_GATEWAY_CSVFILE_H

#include "common/err.h"
#include "common/mem.h"
#include <stddef.h>

struct csvfile;

enum csvfile_problem {
	CSVFILE_FINE,
	CSVFILE_COLUMNS, /* more or fewer fields than the header */
	CSVFILE_QUOTES,  /* a quote is missing or stands where it may not */
};

/* Reads the bytes of a file: UTF-8 with or without a byte order mark, else Windows-1252;
 * `;`, `,` or tab, the one that the header has most of. ERR_INPUT, with what to do in why
 * (Swedish), when it is no text at all, is empty, has no header, or names a column twice.
 */
enum err csvfile_read(
	const char *data, size_t len, struct csvfile **ret_file, struct why *why);
void csvfile_destroy(struct csvfile *f);
MEM_AUTO(csvfile, struct csvfile *, csvfile_destroy)

/* "UTF-8" or "Windows-1252"; ';', ',' or '\t'. */
const char *csvfile_encoding(const struct csvfile *f);
char csvfile_delimiter(const struct csvfile *f);
/* The column of that name, folded as text_fold() does; −1 when there is none. */
int csvfile_column(const struct csvfile *f, const char *folded);
/* Rows after the header; those with nothing in them are not counted. */
size_t csvfile_rows(const struct csvfile *f);
/* The line of the file that the row begins on, from 1. */
size_t csvfile_line(const struct csvfile *f, size_t row);
enum csvfile_problem csvfile_problem(const struct csvfile *f, size_t row);
/* The field as UTF-8, white space around it removed; "" for column −1 and in a row with a
 * problem. */
const char *csvfile_field(const struct csvfile *f, size_t row, int column);

#endif
