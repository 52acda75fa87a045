/* The rows of a table that a case system or a spreadsheet wrote, CSV or .xlsx, handed
 * over one at a time: a large file costs little more than its own bytes. */
#ifndef SMS_GATEWAY_ROWS_H
#define SMS_GATEWAY_ROWS_H

#include "common/buf.h"
#include "common/err.h"
#include <stddef.h>

enum {
	ROWS_COLUMNS_MAX = 200,
	ROWS_MAX = 1000000,
};

enum rows_problem {
	ROWS_FINE,
	ROWS_COLUMNS, /* more or fewer fields than the header */
	ROWS_QUOTES,  /* a quote is missing or stands where it may not */
};

/* Valid until the callback returns. Fields are UTF-8, white space around them removed; a
 * row with a problem has none. */
struct rows_row {
	size_t line; /* of the file, or of the sheet, that the row begins on, from 1 */
	enum rows_problem problem;
	const char *const *fields; /* as many as the header has */
	unsigned done;             /* thousandths of the file that are behind it */
};

/* header is called once, before any row, with the header's fields as they stand; an error
 * it or row returns ends the reading. Rows with nothing in them are passed over. */
struct rows_reader {
	enum err (*header)(
		void *context, const char *const *names, size_t count, struct why *why);
	enum err (*row)(void *context, const struct rows_row *row);
	void *context;
};

/* What kind of file it was, for people: "UTF-8, semikolon", "Excel, bladet Export". */
struct rows_about {
	char text[128];
};

/* Reads the bytes of a file. ERR_INPUT, with what to do in why (Swedish), when it is
 * neither, is empty, has no header, too many columns or rows, or is built to do harm.
 * CSV: UTF-8 with or without a byte order mark, else Windows-1252; `;`, `,` or tab, the
 * one that the header has most of. .xlsx: the first visible sheet. */
enum err rows_read(const char *data, size_t len, const struct rows_reader *r,
	struct rows_about *ret_about, struct why *why);

/* For those that read one kind of file: gathers a row's fields and hands it over. */
struct rows_out {
	const struct rows_reader *reader;
	struct why *why;
	size_t columns; /* of the header; 0 before it */
	size_t count;   /* of the row's fields, also of those that are too many to keep */
	size_t rows;
	struct buf text;
	size_t at[ROWS_COLUMNS_MAX];
	const char *fields[ROWS_COLUMNS_MAX];
};

/* What is taken away at both ends of a field. */
#define ROWS_SPACE " \t\r\n"

void rows_out_clear(struct rows_out *o);
/* Adds the row's next field, without the space around it. */
void rows_out_field(struct rows_out *o, const char *text, size_t len);
/* Ends the row, passes over it when there is nothing in it, takes the first as header. */
enum err rows_out_row(
	struct rows_out *o, size_t line, enum rows_problem problem, unsigned done);

#endif
