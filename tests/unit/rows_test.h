/* The rows of a table as one text: the header's names, then a line a row, with its
 * number, its fields or what is wrong with it. */
#ifndef TESTS_UNIT_ROWS_TEST_H
#define TESTS_UNIT_ROWS_TEST_H

#include "common/buf.h"
#include "gateway_test.h"
#include "sms-gateway/rows.h"
#include <string.h>

struct rows_test {
	struct buf text;
	size_t columns;
	unsigned done;
	struct rows_about about;
	struct why why;
	enum err e;
};

static inline void rows_test_fields(
	struct rows_test *t, const char *const *fields, const char *before)
{
	for (size_t i = 0; i < t->columns; i++)
		buf_format(&t->text, "%s%s", i ? "|" : before, fields[i]);
	buf_text(&t->text, "\n");
}

static inline enum err rows_test_header(
	void *context, const char *const *names, size_t count, struct why *why)
{
	struct rows_test *t = context;
	(void)why;
	assert_int_equal(t->columns, 0);
	t->columns = count;
	rows_test_fields(t, names, "");
	return OK;
}

static inline enum err rows_test_row(void *context, const struct rows_row *row)
{
	static const char *const problems[] = {
		[ROWS_COLUMNS] = "columns",
		[ROWS_QUOTES] = "quotes",
	};
	struct rows_test *t = context;
	assert_true(row->done >= t->done && row->done <= 1000);
	t->done = row->done;
	buf_format(&t->text, "%zu ", row->line);
	if (row->problem == ROWS_FINE) {
		rows_test_fields(t, row->fields, "");
	} else {
		assert_null(row->fields);
		buf_format(&t->text, "(%s)\n", problems[row->problem]);
	}
	return OK;
}

/* From a copy of exactly that size: a read beyond it is seen. */
static inline void rows_test_read(struct rows_test *t, const char *data, size_t len)
{
	const struct rows_reader reader = { rows_test_header, rows_test_row, t };
	auto_(free) char *copy = malloc(len);
	if (len)
		memcpy(copy, data, len);
	*t = (struct rows_test){ .e = OK };
	t->e = rows_read(copy, len, &reader, &t->about, &t->why);
}

static inline void rows_test_is(
	const char *data, size_t len, const char *about, const char *wanted)
{
	struct rows_test t;
	rows_test_read(&t, data, len);
	assert_string_equal(t.why.text, "");
	assert_int_equal(t.e, OK);
	assert_string_equal(buf_string(&t.text), wanted);
	assert_string_equal(t.about.text, about);
	buf_clear(&t.text);
}

static inline void rows_test_refused(const char *data, size_t len, const char *why)
{
	struct rows_test t;
	rows_test_read(&t, data, len);
	assert_string_equal(t.why.text, why);
	assert_int_equal(t.e, ERR_INPUT);
	assert_string_equal(t.about.text, "");
	buf_clear(&t.text);
}

#endif
