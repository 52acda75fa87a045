#include "sms-gateway/xlsx.h"
#include "sms-gateway/cell.h"
#include "sms-gateway/package.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	CELL_MAX = 4 * 32767, /* bytes of what Excel lets a cell hold */
	STRINGS_MAX = 64 << 20,
	LINES_MAX = 1 << 20, /* of a sheet */
	FORMATS = 1 << 16,
};

/* t of a cell, ST_CellType. */
enum type {
	TYPE_NUMBER,
	TYPE_SHARED,
	TYPE_INLINE,
	TYPE_TEXT,
	TYPE_BOOLEAN,
	TYPE_ERROR,
	TYPE_DATE,
};

/* Where in a sheet. */
enum place {
	AT_SHEET,
	AT_ROWS,
	AT_ROW,
	AT_CELL,
};

struct book;

/* What to do with the elements of one kind of part. */
struct part {
	const char *what;
	void (*start)(struct book *b, const char *name, const char **attributes);
	void (*end)(struct book *b, const char *name);
};

struct book {
	struct package *package;
	struct why *why;
	const struct part *part;
	size_t foreign; /* how deep in an element that does not matter */
	bool taking;
	struct buf taken; /* text of the last v or t */

	struct buf name; /* of the sheet */
	const char *sheet;
	size_t sheets;
	bool from_1904;

	bool in_cell_styles;
	bool is_date[FORMATS]; /* by number format */
	struct buf styles;     /* a byte a style: whether it is a date's */

	struct buf strings; /* shared ones, each with a NUL */
	struct buf starts;  /* where they begin, uint32_t */

	enum place place;
	size_t line;
	size_t column;
	enum type type;
	size_t style;
	struct buf text; /* of the cell */
	size_t handed;
	struct rows_out out;
};

static void refuse(struct book *b, const char *what)
{
	package_stop(b->package,
		err_why(b->why, ERR_INPUT,
			"%s; spara tabellen på nytt som .xlsx och försök igen", what));
}

static void refuse_row(struct book *b, const char *what)
{
	package_stop(b->package,
		err_why(b->why, ERR_INPUT, "bladets rad %zu: %s", b->line, what));
}

static void empty(struct buf *b)
{
	b->len = 0;
	buf_add(b, "", 0);
}

/* Most names differ in their first letter, and a sheet has millions. */
static bool is(const char *name, const char *word)
{
	return *name == *word && strcmp(name, word) == 0;
}

/* A whole number without sign; SIZE_MAX for what is none or has more than nine digits. */
static size_t number_of(const char *text)
{
	size_t digits = text ? strspn(text, "0123456789") : 0;
	return digits && digits <= 9 && !text[digits] ? strtoul(text, NULL, 10)
						      : SIZE_MAX;
}

static bool is_true(const char *text)
{
	return text && (is(text, "1") || is(text, "true"));
}

static void take(struct book *b)
{
	empty(&b->taken);
	b->taking = true;
}

static void workbook_start(struct book *b, const char *name, const char **attributes)
{
	const char *id = xml_attribute(attributes, "id");
	const char *state = xml_attribute(attributes, "state");
	const char *title = xml_attribute(attributes, "name");
	if (is(name, "workbookPr"))
		b->from_1904 = is_true(xml_attribute(attributes, "date1904"));
	if (!is(name, "sheet") || b->sheet || !id || (state && !is(state, "visible")) ||
		b->sheets++ >= PACKAGE_PARTS_MAX)
		return;
	/* There are sheets that are but a diagram. */
	b->sheet = package_related(b->package, "worksheet", id);
	if (b->sheet && title)
		buf_text(&b->name, title);
}

static void styles_start(struct book *b, const char *name, const char **attributes)
{
	size_t format = number_of(xml_attribute(attributes, "numFmtId"));
	const char *code = xml_attribute(attributes, "formatCode");
	if (is(name, "cellXfs"))
		b->in_cell_styles = true;
	else if (is(name, "numFmt") && format < FORMATS && code)
		b->is_date[format] = cell_format_is_date(code);
	else if (is(name, "xf") && b->in_cell_styles)
		buf_add(&b->styles, format < FORMATS && b->is_date[format] ? "\1" : "\0",
			1);
}

static void styles_end(struct book *b, const char *name)
{
	if (is(name, "cellXfs"))
		b->in_cell_styles = false;
}

static void strings_start(struct book *b, const char *name, const char **attributes)
{
	uint32_t start = (uint32_t)b->strings.len;
	(void)attributes;
	if (is(name, "si"))
		buf_add(&b->starts, &start, sizeof start);
	else if (is(name, "t"))
		take(b);
}

static void strings_end(struct book *b, const char *name)
{
	if (is(name, "t")) {
		b->taking = false;
		cell_add_text(buf_string(&b->taken), &b->strings);
	} else if (is(name, "si")) {
		buf_add(&b->strings, "", 1);
	}
	if (b->strings.len + b->starts.len > STRINGS_MAX)
		refuse(b, "filen har mer än 64 MB text");
}

/* The shared string with the number in taken; NULL when there is none. */
static const char *shared_string(const struct book *b)
{
	uint32_t start;
	size_t i = number_of(buf_string(&b->taken));
	if (i >= b->starts.len / sizeof start)
		return NULL;
	memcpy(&start, b->starts.data + i * sizeof start, sizeof start);
	return b->strings.data + start;
}

static enum type type_of(const char *name)
{
	static const char *const types[] = {
		[TYPE_NUMBER] = "n",
		[TYPE_SHARED] = "s",
		[TYPE_INLINE] = "inlineStr",
		[TYPE_TEXT] = "str",
		[TYPE_BOOLEAN] = "b",
		[TYPE_ERROR] = "e",
		[TYPE_DATE] = "d",
	};
	for (size_t i = 0; name && i < sizeof types / sizeof *types; i++)
		if (is(name, types[i]))
			return (enum type)i;
	return TYPE_NUMBER;
}

/* The column, from 0, of a reference such as AB12; SIZE_MAX when there is none. */
static size_t column_of(const char *reference)
{
	size_t column = 0;
	for (size_t i = 0; i < 3 && *reference >= 'A' && *reference <= 'Z'; i++)
		column = column * 26 + (size_t)(*reference++ - 'A' + 1);
	return column - 1;
}

static void start_row(struct book *b, const char **attributes)
{
	const char *r = xml_attribute(attributes, "r");
	size_t before = b->line;
	b->place = AT_ROW;
	b->line = r ? number_of(r) : before + 1;
	b->column = 0;
	if (b->line <= before || b->line > LINES_MAX)
		refuse(b, "raderna på bladet står inte i ordning");
}

static void start_cell(struct book *b, const char **attributes)
{
	const char *r = xml_attribute(attributes, "r");
	size_t column = r ? column_of(r) : b->column;
	if (column < b->column || column == SIZE_MAX) {
		refuse_row(b, "cellerna står inte i ordning");
		return;
	}
	b->place = AT_CELL;
	b->column = column;
	b->type = type_of(xml_attribute(attributes, "t"));
	b->style = number_of(xml_attribute(attributes, "s"));
	empty(&b->taken);
	empty(&b->text);
}

/* What stands where it may not is passed over, with all that is in it. */
static void sheet_start(struct book *b, const char *name, const char **attributes)
{
	switch (b->place) {
	case AT_SHEET:
		if (is(name, "sheetData"))
			b->place = AT_ROWS;
		break;
	case AT_ROWS:
		if (is(name, "row"))
			start_row(b, attributes);
		else
			b->foreign = 1;
		break;
	case AT_ROW:
		if (is(name, "c"))
			start_cell(b, attributes);
		else
			b->foreign = 1;
		break;
	case AT_CELL:
		if (is(name, "v") || is(name, "t"))
			take(b);
		else if (is(name, "c"))
			b->foreign = 1;
		break;
	}
}

static void add_number(struct book *b)
{
	bool date = b->style < b->styles.len && b->styles.data[b->style];
	enum cell_number kind = !date          ? CELL_PLAIN
				: b->from_1904 ? CELL_DAY_1904
					       : CELL_DAY_1900;
	cell_add_number(buf_string(&b->taken), kind, &b->text);
}

/* The cell's text; NULL when it points at none. */
static const char *cell_text(struct book *b)
{
	switch (b->type) {
	case TYPE_NUMBER:
		add_number(b);
		break;
	case TYPE_SHARED:
		return b->taken.len ? shared_string(b) : "";
	case TYPE_INLINE: /* added with each t */
		break;
	case TYPE_TEXT:
		cell_add_text(buf_string(&b->taken), &b->text);
		break;
	case TYPE_BOOLEAN:
		return !b->taken.len ? "" : is_true(buf_string(&b->taken)) ? "ja" : "nej";
	case TYPE_ERROR:
		return "";
	case TYPE_DATE: /* and the hour, behind a T */
		buf_add(&b->text, buf_string(&b->taken),
			strcspn(buf_string(&b->taken), "T"));
		break;
	}
	return buf_string(&b->text);
}

static void end_cell(struct book *b)
{
	size_t column = b->column++;
	const char *text = cell_text(b);
	b->place = AT_ROW;
	if (!text) {
		refuse_row(b, "en cell hänvisar till en text som inte finns");
		return;
	}
	size_t len = strlen(text);
	b->handed += len;
	if (len > CELL_MAX || b->handed > PACKAGE_UNPACKED_MAX) {
		refuse_row(b, "för mycket text");
		return;
	}
	if (strspn(text, ROWS_SPACE) == len)
		return;
	while (b->out.count < column && b->out.count < ROWS_COLUMNS_MAX)
		rows_out_field(&b->out, "", 0);
	rows_out_field(&b->out, text, len);
}

static void end_row(struct book *b)
{
	b->place = AT_ROWS;
	while (b->out.count < b->out.columns)
		rows_out_field(&b->out, "", 0);
	enum err e = rows_out_row(&b->out, b->line, ROWS_FINE, package_done(b->package));
	if (e != OK)
		package_stop(b->package, e);
}

static void end_in_cell(struct book *b, const char *name)
{
	b->taking = false;
	if (is(name, "t") && b->type == TYPE_INLINE)
		cell_add_text(buf_string(&b->taken), &b->text);
	else if (is(name, "c"))
		end_cell(b);
}

static void sheet_end(struct book *b, const char *name)
{
	switch (b->place) {
	case AT_SHEET:
		break;
	case AT_ROWS:
		b->place = AT_SHEET;
		break;
	case AT_ROW:
		end_row(b);
		break;
	case AT_CELL:
		end_in_cell(b, name);
		break;
	}
}

static const struct part workbook = { "workbook", workbook_start, NULL };
static const struct part styles = { "style sheet", styles_start, styles_end };
static const struct part strings = { "string table", strings_start, strings_end };
static const struct part sheet = { "sheet", sheet_start, sheet_end };

static void on_start(void *context, const char *name, const char **attributes)
{
	struct book *b = context;
	const char *local = xml_local(name);
	/* How to pronounce it, other programs' own, and formats of another kind. */
	if (b->foreign || is(local, "rPh") || is(local, "extLst") || is(local, "dxfs"))
		b->foreign++;
	else
		b->part->start(b, local, attributes);
}

static void on_end(void *context, const char *name)
{
	struct book *b = context;
	if (b->foreign)
		b->foreign--;
	else if (b->part->end)
		b->part->end(b, xml_local(name));
}

static void on_text(void *context, const char *text, size_t len)
{
	struct book *b = context;
	if (!b->taking || b->foreign)
		return;
	if (b->taken.len + len > CELL_MAX)
		refuse(b, "en cell har mer text än Excel tillåter");
	else
		buf_add(&b->taken, text, len);
}

static enum err read_part(struct book *b, const char *name, const struct part *part)
{
	const struct xml_reader reader = {
		.what = part->what,
		.start = on_start,
		.end = on_end,
		.text = on_text,
		.context = b,
	};
	b->part = part;
	return package_read(b->package, name, &reader, b->why);
}

/* Reads a part that the workbook may do without. */
static enum err read_related(
	struct book *b, const char *relation, const struct part *part)
{
	const char *name = package_related(b->package, relation, NULL);
	return name ? read_part(b, name, part) : OK;
}

static enum err read_book(struct book *b)
{
	const char *name = package_main(b->package);
	enum err e = package_relations(b->package, name, b->why);
	if (e == OK)
		e = read_part(b, name, &workbook);
	if (e == OK && !b->sheet)
		return err_why(
			b->why, ERR_INPUT, "filen har inget synligt blad med en tabell");
	if (e == OK)
		e = read_related(b, "styles", &styles);
	if (e == OK)
		e = read_related(b, "sharedStrings", &strings);
	if (e == OK)
		e = read_part(b, b->sheet, &sheet);
	if (e == OK && !b->out.columns)
		return err_why(b->why, ERR_INPUT,
			"filens första synliga blad har ingen rubrikrad");
	return e;
}

/* The name is cut between characters, and may hold a line's end. */
static void tell(const struct book *b, struct rows_about *ret_about)
{
	auto_(buf) struct buf text = { 0 };
	buf_format(&text, "Excel, bladet %s", buf_string(&b->name));
	size_t len = text.len;
	if (len >= sizeof ret_about->text)
		len = sizeof ret_about->text - 1;
	while ((text.data[len] & 0xc0) == 0x80)
		len--;
	for (size_t i = 0; i < len; i++)
		ret_about->text[i] = text.data[i] & 0xe0 ? text.data[i] : ' ';
	ret_about->text[len] = '\0';
}

static bool is_old(const char *data, size_t len)
{
	return len >= 4 && memcmp(data, "\xd0\xcf\x11\xe0", 4) == 0;
}

bool xlsx_looks_so(const char *data, size_t len)
{
	return package_looks_so(data, len) || is_old(data, len);
}

static void finish(struct book *b)
{
	package_close(b->package);
	struct buf *const texts[] = { &b->taken, &b->name, &b->styles, &b->strings,
		&b->starts, &b->text };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		buf_clear(texts[i]);
	rows_out_clear(&b->out);
	free(b);
}

enum err xlsx_read(const char *data, size_t len, const struct rows_reader *r,
	struct rows_about *ret_about, struct why *why)
{
	if (is_old(data, len))
		return err_why(why, ERR_INPUT,
			"filen är skyddad med lösenord eller i Excels gamla format (.xls); "
			"spara den utan lösenord som .xlsx och försök igen");
	struct book *b = mem_alloc(sizeof *b);
	b->why = why;
	b->out = (struct rows_out){ .reader = r, .why = why };
	/* The dates among the formats that need no definition: 18.8.30. */
	memset(b->is_date + 14, true, 22 - 14 + 1);
	memset(b->is_date + 45, true, 47 - 45 + 1);
	enum err e = package_open(data, len, &b->package, why);
	if (e == OK)
		e = read_book(b);
	if (e == OK)
		tell(b, ret_about);
	finish(b);
	return e;
}
