/* Tables from case systems: whatever the file, rows come in order and their fields are
 * clean. What begins as XML does is also read as each of a workbook's parts. */
#include "common/form.h"
#include "sms-gateway/rows.h"
#include "tests/unit/workbook_test.h"
#include <stdbool.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	size_t columns;
	size_t line;
	unsigned done;
};

static void require(bool promise)
{
	if (!promise)
		abort();
}

static void check_text(const char *text)
{
	require(form_is_utf8(text, strlen(text)));
	for (const char *p = text; *p; p++)
		require((unsigned char)*p >= ' ' || strchr("\t\r\n\f", *p));
	require(!*text || (!strchr(ROWS_SPACE, *text) &&
				  !strchr(ROWS_SPACE, text[strlen(text) - 1])));
}

static enum err on_header(
	void *context, const char *const *names, size_t count, struct why *why)
{
	struct seen *s = context;
	(void)why;
	require(!s->columns && count && count <= ROWS_COLUMNS_MAX);
	s->columns = count;
	for (size_t i = 0; i < count; i++)
		check_text(names[i]);
	return OK;
}

static enum err on_row(void *context, const struct rows_row *row)
{
	struct seen *s = context;
	bool something = row->problem != ROWS_FINE;
	require(s->columns && row->line > s->line && row->done >= s->done &&
		row->done <= 1000 &&
		(row->problem == ROWS_FINE) == (row->fields != NULL));
	s->line = row->line;
	s->done = row->done;
	for (size_t i = 0; row->fields && i < s->columns; i++) {
		check_text(row->fields[i]);
		something |= *row->fields[i] != '\0';
	}
	require(something);
	return OK;
}

static void read_table(const void *data, size_t size)
{
	struct seen s = { .columns = 0 };
	const struct rows_reader reader = { on_header, on_row, &s };
	struct rows_about about = { "" };
	struct why why = { "" };
	enum err e = rows_read(data, size, &reader, &about, &why);
	require(e == OK ? s.columns && !why.text[0] : e == ERR_INPUT && why.text[0]);
	require((e == OK) == (about.text[0] != '\0'));
	require(form_is_utf8(about.text, strlen(about.text)));
}

static void read_book(const struct workbook *w)
{
	struct zip z = { .count = 0 };
	workbook_add(&z, w);
	zip_end(&z);
	read_table(z.file.data, z.file.len);
	zip_clear(&z);
}

static void read_parts(const char *text)
{
	static const char strings[] = "<sst><si><t>a</t></si><si><t>b </t></si></sst>";
	static const char styles[] = "<styleSheet><numFmts><numFmt numFmtId='170' "
				     "formatCode='yy'/></numFmts><cellXfs><xf/>"
				     "<xf numFmtId='170'/></cellXfs></styleSheet>";
	static const char sheet[] =
		"<worksheet><sheetData><row><c t='s'><v>0</v></c><c t='s'><v>1</v></c>"
		"</row><row><c s='0'><v>1.5</v></c><c s='1'><v>46419</v></c></row>"
		"</sheetData></worksheet>";
	read_book(&(struct workbook){
		.strings = strings, .styles = styles, .sheet = text });
	read_book(
		&(struct workbook){ .strings = text, .styles = styles, .sheet = sheet });
	read_book(
		&(struct workbook){ .strings = strings, .styles = text, .sheet = sheet });
	read_book(&(struct workbook){ .workbook = text, .sheet = sheet });
	read_book(&(struct workbook){ .relations = text, .sheet = sheet });
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_table(data, size);
	if (size && data[0] == '<') {
		auto_(buf) struct buf text = { 0 };
		buf_add(&text, data, size);
		read_parts(buf_string(&text));
	}
	return 0;
}
