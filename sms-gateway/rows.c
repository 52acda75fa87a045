#include "sms-gateway/rows.h"
#include "sms-gateway/csvfile.h"
#include "sms-gateway/xlsx.h"
#include <stdbool.h>
#include <string.h>

enum err rows_read(const char *data, size_t len, const struct rows_reader *r,
	struct rows_about *ret_about, struct why *why)
{
	return xlsx_looks_so(data, len) ? xlsx_read(data, len, r, ret_about, why)
					: csvfile_read(data, len, r, ret_about, why);
}

void rows_out_clear(struct rows_out *o)
{
	buf_clear(&o->text);
}

void rows_out_field(struct rows_out *o, const char *text, size_t len)
{
	if (o->count++ >= ROWS_COLUMNS_MAX)
		return;
	while (len && strchr(ROWS_SPACE, *text)) {
		text++;
		len--;
	}
	while (len && strchr(ROWS_SPACE, text[len - 1]))
		len--;
	o->at[o->count - 1] = o->text.len;
	buf_add(&o->text, text, len);
	buf_add(&o->text, "", 1);
}

static enum err hand_header(struct rows_out *o)
{
	if (o->count > ROWS_COLUMNS_MAX)
		return err_why(o->why, ERR_INPUT, "rubrikraden har fler än %d kolumner",
			ROWS_COLUMNS_MAX);
	o->columns = o->count;
	return o->reader->header(o->reader->context, o->fields, o->count, o->why);
}

static enum err hand_over(
	struct rows_out *o, size_t line, enum rows_problem problem, unsigned done)
{
	if (!o->columns)
		return hand_header(o);
	if (o->rows++ == ROWS_MAX)
		return err_why(o->why, ERR_INPUT,
			"filen har fler än %d rader; dela den i flera filer", ROWS_MAX);
	if (problem == ROWS_FINE && o->count != o->columns)
		problem = ROWS_COLUMNS;
	const struct rows_row row = { line, problem,
		problem == ROWS_FINE ? o->fields : NULL, done };
	return o->reader->row(o->reader->context, &row);
}

enum err rows_out_row(
	struct rows_out *o, size_t line, enum rows_problem problem, unsigned done)
{
	size_t kept = o->count < ROWS_COLUMNS_MAX ? o->count : ROWS_COLUMNS_MAX;
	/* Each field has its NUL. */
	bool blank = problem == ROWS_FINE && o->text.len == o->count;
	for (size_t i = 0; i < kept; i++)
		o->fields[i] = o->text.data + o->at[i];
	enum err e = blank ? OK : hand_over(o, line, problem, done);
	o->text.len = 0;
	o->count = 0;
	return e;
}
