#include "sms-gateway/csvfile.h"
#include "common/buf.h"
#include "sms-gateway/text.h"
#include <csv.h>
#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	COLUMNS_MAX = 200,
	LINES_IN_ROW = 50, /* a longer row is a quote that was never closed */
};

struct row {
	size_t line;
	enum csvfile_problem problem;
	const char **fields;
};

struct csvfile {
	struct arena *arena;
	const char *encoding;
	char delimiter;
	size_t columns;
	const char **names; /* folded */
	struct row *rows;
	size_t count;
	size_t room;
};

/* The physical lines of the text, each with its line end. */
struct lines {
	const char **start; /* count + 1 of them */
	size_t count;
};

/* One row on its way. */
struct reading {
	struct arena *arena;
	const char *fields[COLUMNS_MAX + 1];
	size_t count; /* also those that did not fit */
	bool done;
};

static enum err no_text(struct why *why, const char *what)
{
	return err_why(
		why, ERR_INPUT, "%s; spara den som CSV (UTF-8) och försök igen", what);
}

static enum err check_bytes(const char *data, size_t len, struct why *why)
{
	if (!len)
		return err_why(why, ERR_INPUT, "filen är tom");
	if (len >= 4 && memcmp(data, "PK\003\004", 4) == 0)
		return no_text(why, "det är en Excel-fil, inte en CSV-fil");
	if (len >= 2 &&
		(memcmp(data, "\xff\xfe", 2) == 0 || memcmp(data, "\xfe\xff", 2) == 0))
		return no_text(why, "filen är sparad som UTF-16");
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];
		if (c < ' ' && c != '\t' && c != '\r' && c != '\n' && c != '\f')
			return no_text(why, "filen är inte en textfil");
	}
	return OK;
}

static enum err from_windows(
	const char *data, size_t len, struct buf *out, struct why *why)
{
	size_t room = len * 3 + 1;
	auto_(free) void *copy = mem_alloc(len + 1);
	auto_(free) void *wide = mem_alloc(room);
	memcpy(copy, data, len);
	iconv_t change = iconv_open("UTF-8", "WINDOWS-1252");
	if (change == (iconv_t)-1)
		return err_why(why, ERR_IO,
			"the C library can't read Windows-1252 (%s): install its "
			"conversion tables",
			strerror(errno));
	char *in = copy;
	char *to = wide;
	size_t in_left = len;
	size_t to_left = room;
	size_t changed = iconv(change, &in, &in_left, &to, &to_left);
	(void)iconv_close(change);
	if (changed != (size_t)-1)
		buf_add(out, wide, room - to_left);
	explicit_bzero(copy, len);
	explicit_bzero(wide, room);
	return changed == (size_t)-1
		       ? no_text(why, "filen är varken UTF-8 eller Windows-1252")
		       : OK;
}

static enum err decode(
	struct csvfile *f, const char *data, size_t len, struct buf *out, struct why *why)
{
	if (text_is_utf8(data, len)) {
		size_t mark = len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
		f->encoding = "UTF-8";
		buf_add(out, data + mark, len - mark);
		return OK;
	}
	f->encoding = "Windows-1252";
	return from_windows(data, len, out, why);
}

static struct lines split(const char *text, size_t len)
{
	char end = memchr(text, '\n', len) ? '\n' : '\r';
	struct lines l = { 0 };
	size_t room = 0;
	for (const char *p = text; p <= text + len;) {
		if (l.count + 2 > room)
			l.start = mem_resize(
				l.start, room = room ? room * 2 : 1024, sizeof *l.start);
		l.start[l.count] = p;
		if (p == text + len)
			break;
		const char *after = memchr(p, end, len - (size_t)(p - text));
		p = after ? after + 1 : text + len;
		l.count++;
	}
	return l;
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

static void on_field(void *data, size_t len, void *context)
{
	struct reading *r = context;
	const char *text = data;
	while (len && strchr(" \t\r\n", *text)) {
		text++;
		len--;
	}
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	if (r->count < COLUMNS_MAX)
		r->fields[r->count] = arena_text(r->arena, text, len);
	r->count++;
}

static void on_row(int end, void *context)
{
	(void)end;
	((struct reading *)context)->done = true;
}

static bool is_blank(const char *from, const char *to)
{
	while (from < to && strchr(" \r\n", *from))
		from++;
	return from == to;
}

/* A tab may be the delimiter, so libcsv must not take it for white space. */
static int is_space(unsigned char c)
{
	return c == ' ';
}

/* Reads the row that begins on line *at, and moves *at behind it. A row with a broken
 * quote ends on its own first line, since the quote tells nothing of where it was meant
 * to end. */
static enum csvfile_problem read_row(
	const struct csvfile *f, const struct lines *l, size_t *at, struct reading *r)
{
	struct csv_parser parser;
	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
		abort();
	csv_set_delim(&parser, (unsigned char)f->delimiter);
	csv_set_space_func(&parser, is_space);
	size_t first = *at;
	size_t last = first + LINES_IN_ROW < l->count ? first + LINES_IN_ROW : l->count;
	*r = (struct reading){ .arena = f->arena };
	bool broken = false;
	size_t line = first;
	while (!r->done && !broken && line < last) {
		size_t len = (size_t)(l->start[line + 1] - l->start[line]);
		broken = csv_parse(&parser, l->start[line], len, on_field, on_row, r) !=
			 len;
		line++;
	}
	if (!r->done && !broken)
		broken = line < l->count || csv_fini(&parser, on_field, on_row, r) != 0;
	csv_free(&parser);
	*at = broken ? first + 1 : line;
	return broken ? CSVFILE_QUOTES : CSVFILE_FINE;
}

static bool has_something(const struct reading *r)
{
	for (size_t i = 0; i < r->count && i < COLUMNS_MAX; i++)
		if (*r->fields[i])
			return true;
	return r->count > COLUMNS_MAX;
}

static enum err read_header(
	struct csvfile *f, const struct lines *l, size_t *at, struct why *why)
{
	while (*at < l->count && is_blank(l->start[*at], l->start[*at + 1]))
		++*at;
	/* A spreadsheet's own first line, that tells the delimiter. */
	if (*at < l->count && strncasecmp(l->start[*at], "sep=", 4) == 0)
		++*at;
	if (*at >= l->count)
		return err_why(why, ERR_INPUT, "filen har ingen rubrikrad");
	f->delimiter = detect_delimiter(l->start[*at], l->start[*at + 1]);
	struct reading r;
	if (read_row(f, l, at, &r) != CSVFILE_FINE)
		return err_why(why, ERR_INPUT,
			"rubrikraden går inte att läsa: ett citattecken står fel");
	if (r.count > COLUMNS_MAX)
		return err_why(why, ERR_INPUT, "rubrikraden har fler än %d kolumner",
			COLUMNS_MAX);
	f->columns = r.count;
	f->names = arena_alloc(f->arena, r.count * sizeof *f->names);
	for (size_t i = 0; i < r.count; i++) {
		struct buf name = { 0 };
		text_fold(r.fields[i], &name);
		bool twice = name.len && csvfile_column(f, buf_string(&name)) >= 0;
		f->names[i] = arena_text(f->arena, buf_string(&name), name.len);
		buf_clear(&name);
		if (twice)
			return err_why(why, ERR_INPUT,
				"kolumnen %s står två gånger i rubrikraden", r.fields[i]);
	}
	return OK;
}

static void read_rows(struct csvfile *f, const struct lines *l, size_t at)
{
	struct reading r;
	while (at < l->count) {
		if (is_blank(l->start[at], l->start[at + 1])) {
			at++;
			continue;
		}
		size_t line = at + 1;
		enum csvfile_problem problem = read_row(f, l, &at, &r);
		if (problem == CSVFILE_FINE && !has_something(&r))
			continue;
		if (problem == CSVFILE_FINE && r.count != f->columns)
			problem = CSVFILE_COLUMNS;
		if (f->count == f->room)
			f->rows = mem_resize(f->rows,
				f->room = f->room ? f->room * 2 : 1024, sizeof *f->rows);
		struct row *row = &f->rows[f->count++];
		*row = (struct row){ .line = line, .problem = problem };
		if (problem != CSVFILE_FINE)
			continue;
		row->fields = arena_alloc(f->arena, r.count * sizeof *row->fields);
		memcpy(row->fields, r.fields, r.count * sizeof *row->fields);
	}
}

enum err csvfile_read(
	const char *data, size_t len, struct csvfile **ret_file, struct why *why)
{
	struct csvfile *f = mem_alloc(sizeof *f);
	struct buf text = { 0 };
	f->arena = arena_create();
	enum err e = check_bytes(data, len, why);
	if (e == OK)
		e = decode(f, data, len, &text, why);
	if (e == OK) {
		struct lines l = split(buf_string(&text), text.len);
		size_t at = 0;
		e = read_header(f, &l, &at, why);
		if (e == OK)
			read_rows(f, &l, at);
		free(l.start);
	}
	buf_clear(&text);
	if (e != OK) {
		csvfile_destroy(f);
		return e;
	}
	*ret_file = f;
	return OK;
}

void csvfile_destroy(struct csvfile *f)
{
	if (!f)
		return;
	arena_destroy(f->arena);
	free(f->rows);
	free(f);
}

const char *csvfile_encoding(const struct csvfile *f)
{
	return f->encoding;
}

char csvfile_delimiter(const struct csvfile *f)
{
	return f->delimiter;
}

int csvfile_column(const struct csvfile *f, const char *folded)
{
	for (size_t i = 0; i < f->columns; i++)
		if (f->names[i] && strcmp(f->names[i], folded) == 0)
			return (int)i;
	return -1;
}

size_t csvfile_rows(const struct csvfile *f)
{
	return f->count;
}

size_t csvfile_line(const struct csvfile *f, size_t row)
{
	return f->rows[row].line;
}

enum csvfile_problem csvfile_problem(const struct csvfile *f, size_t row)
{
	return f->rows[row].problem;
}

const char *csvfile_field(const struct csvfile *f, size_t row, int column)
{
	return column < 0 || !f->rows[row].fields ? "" : f->rows[row].fields[column];
}
