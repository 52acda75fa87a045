#include "sms-gateway/csvfile.h"
#include "common/unicode.h"
#include "sms-gateway/text.h"
#include <csv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_IN_ROW = 50 }; /* a longer row is a quote that was never closed */

struct csvfile {
	const char *start;
	const char *at;
	const char *end;
	size_t line; /* the one that begins at `at` */
	char newline;
	char delimiter;
	bool windows; /* Windows-1252, not UTF-8 */
	bool row_ended;
	struct buf decoded;
	struct rows_out out;
};

static enum err no_text(struct why *why, const char *what)
{
	return err_why(
		why, ERR_INPUT, "%s; spara den som CSV (UTF-8) och försök igen", what);
}

/* Windows-1252, 0 where it has no character:
 * https://www.unicode.org/Public/MAPPINGS/VENDORS/MICSFT/WINDOWS/CP1252.TXT */
static uint32_t windows_character(unsigned char c)
{
	static const uint16_t own[] = { 0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020,
		0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0, 0, 0x2018,
		0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161,
		0x203a, 0x0153, 0, 0x017e, 0x0178 };
	return c >= 0x80 && c < 0xa0 ? own[c - 0x80] : c;
}

/* Runs of ASCII, and a character between them. */
static void from_windows(const char *text, size_t len, struct buf *out)
{
	const char *end = text + len;
	while (text < end) {
		const char *plain = text;
		while (text < end && (unsigned char)*text < 0x80)
			text++;
		buf_add(out, plain, (size_t)(text - plain));
		if (text < end)
			unicode_add(windows_character((unsigned char)*text++), out);
	}
}

static enum err check_bytes(
	const char *data, size_t len, bool *ret_windows, struct why *why)
{
	bool windows = !text_is_utf8(data, len);
	if (!len)
		return err_why(why, ERR_INPUT, "filen är tom");
	if (len >= 2 &&
		(memcmp(data, "\xff\xfe", 2) == 0 || memcmp(data, "\xfe\xff", 2) == 0))
		return no_text(why, "filen är sparad som UTF-16");
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];
		if (c < ' ' && c != '\t' && c != '\r' && c != '\n' && c != '\f')
			return no_text(why, "filen är inte en textfil");
		if (windows && !windows_character(c))
			return no_text(why, "filen är varken UTF-8 eller Windows-1252");
	}
	*ret_windows = windows;
	return OK;
}

static void on_field(void *data, size_t len, void *context)
{
	struct csvfile *f = context;
	if (!f->windows) {
		rows_out_field(&f->out, data, len);
		return;
	}
	f->decoded.len = 0;
	from_windows(data, len, &f->decoded);
	rows_out_field(&f->out, buf_string(&f->decoded), f->decoded.len);
}

static void on_row(int end, void *context)
{
	(void)end;
	((struct csvfile *)context)->row_ended = true;
}

static const char *line_end(const struct csvfile *f, const char *from)
{
	const char *newline = memchr(from, f->newline, (size_t)(f->end - from));
	return newline ? newline + 1 : f->end;
}

static void pass_line(struct csvfile *f)
{
	f->at = line_end(f, f->at);
	f->line++;
}

static void pass_blank_lines(struct csvfile *f)
{
	for (; f->at < f->end; pass_line(f))
		for (const char *p = f->at, *end = line_end(f, p); p < end; p++)
			if (!memchr(" \r\n", *p, 3))
				return;
}

static char detect_delimiter(const char *from, const char *to)
{
	const char kinds[] = ";,\t";
	size_t counts[3] = { 0 };
	bool quoted = false;
	for (const char *p = from; p < to; p++) {
		quoted ^= *p == '"';
		const char *kind = quoted ? NULL : memchr(kinds, *p, 3);
		if (kind)
			counts[kind - kinds]++;
	}
	size_t most = 0;
	for (size_t i = 1; i < 3; i++)
		if (counts[i] > counts[most])
			most = i;
	return kinds[most];
}

static void find_header(struct csvfile *f)
{
	pass_blank_lines(f);
	/* A spreadsheet's own first line, that tells the delimiter. */
	if (f->end - f->at >= 4 && strncasecmp(f->at, "sep=", 4) == 0)
		pass_line(f);
	pass_blank_lines(f);
	f->delimiter = detect_delimiter(f->at, line_end(f, f->at));
}

/* Feeds the lines of one row; false when a quote in it is broken. */
static bool feed_row(
	struct csvfile *f, struct csv_parser *parser, const char **at, size_t *lines)
{
	f->row_ended = false;
	for (; !f->row_ended && *at < f->end; ++*lines) {
		size_t len = (size_t)(line_end(f, *at) - *at);
		if (*lines == LINES_IN_ROW ||
			csv_parse(parser, *at, len, on_field, on_row, f) != len)
			return false;
		*at += len;
	}
	return f->row_ended || csv_fini(parser, on_field, on_row, f) == 0;
}

/* Gathers the row that begins here, and goes behind it. A row with a broken quote ends on
 * its own first line, since the quote tells nothing of where it was meant to end. */
static enum rows_problem read_row(struct csvfile *f)
{
	struct csv_parser parser;
	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
		abort();
	csv_set_delim(&parser, (unsigned char)f->delimiter);
	const char *at = f->at;
	size_t lines = 0;
	bool whole = feed_row(f, &parser, &at, &lines);
	if (parser.entry_buf)
		explicit_bzero(parser.entry_buf, csv_get_buffer_size(&parser));
	csv_free(&parser);
	if (!whole) {
		pass_line(f);
		return ROWS_QUOTES;
	}
	f->at = at;
	f->line += lines;
	return ROWS_FINE;
}

static enum err read_rows(struct csvfile *f, struct why *why)
{
	enum err e = OK;
	find_header(f);
	while (e == OK && f->at < f->end) {
		size_t line = f->line;
		enum rows_problem problem = read_row(f);
		unsigned done =
			(unsigned)((f->at - f->start) * 1000 / (f->end - f->start));
		if (problem != ROWS_FINE && !f->out.columns)
			return err_why(why, ERR_INPUT,
				"rubrikraden går inte att läsa: ett citattecken står fel");
		e = rows_out_row(&f->out, line, problem, done);
		pass_blank_lines(f);
	}
	if (e == OK && !f->out.columns)
		return err_why(why, ERR_INPUT, "filen har ingen rubrikrad");
	return e;
}

static void tell(const struct csvfile *f, struct rows_about *ret_about)
{
	const char *delimiter = f->delimiter == ';'   ? "semikolon"
				: f->delimiter == ',' ? "komma"
						      : "tabb";
	(void)snprintf(ret_about->text, sizeof ret_about->text, "%s, %s",
		f->windows ? "Windows-1252" : "UTF-8", delimiter);
}

enum err csvfile_read(const char *data, size_t len, const struct rows_reader *r,
	struct rows_about *ret_about, struct why *why)
{
	bool windows = false;
	enum err e = check_bytes(data, len, &windows, why);
	if (e != OK)
		return e;
	size_t mark = len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	struct csvfile f = {
		.start = data,
		.at = data + mark,
		.end = data + len,
		.line = 1,
		.newline = memchr(data, '\n', len) ? '\n' : '\r',
		.windows = windows,
		.out = { .reader = r, .why = why },
	};
	e = read_rows(&f, why);
	rows_out_clear(&f.out);
	buf_clear(&f.decoded);
	if (e == OK)
		tell(&f, ret_about);
	return e;
}
