/* Workbooks made in memory: a zip archive as PKWARE's APPNOTE.TXT has it, and the parts
 * that one must have. */
#ifndef TESTS_UNIT_WORKBOOK_TEST_H
#define TESTS_UNIT_WORKBOOK_TEST_H

#include "common/buf.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct zip {
	struct buf file; /* the archive, once it has ended */
	struct buf directory;
	size_t count;
};

static inline void zip_number(struct buf *out, size_t n, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_add(out, &(uint8_t){ (uint8_t)(n >> 8 * i) }, 1);
}

/* What stands in the directory and before the entry alike. */
static inline void zip_head(struct buf *out, const char *name, unsigned method,
	uint32_t crc, size_t packed, size_t len)
{
	zip_number(out, 20, 2);
	zip_number(out, 0, 2);
	zip_number(out, method, 2);
	zip_number(out, 0, 4);
	zip_number(out, crc, 4);
	zip_number(out, packed, 4);
	zip_number(out, len, 4);
	zip_number(out, strlen(name), 2);
	zip_number(out, 0, 2);
}

/* An entry with packed bytes that are said to become len. */
static inline void zip_entry(struct zip *z, const char *name, unsigned method,
	uint32_t crc, const void *packed, size_t packed_len, size_t len)
{
	size_t at = z->file.len;
	buf_text(&z->file, "PK\3\4");
	zip_head(&z->file, name, method, crc, packed_len, len);
	buf_text(&z->file, name);
	buf_add(&z->file, packed, packed_len);
	buf_text(&z->directory, "PK\1\2");
	zip_number(&z->directory, 20, 2);
	zip_head(&z->directory, name, method, crc, packed_len, len);
	zip_number(&z->directory, 0, 6);
	zip_number(&z->directory, 0, 4);
	zip_number(&z->directory, at, 4);
	buf_text(&z->directory, name);
	z->count++;
}

static inline void zip_store(
	struct zip *z, const char *name, const void *data, size_t len)
{
	zip_entry(z, name, 0, (uint32_t)crc32(0, data, (uInt)len), data, len, len);
}

static inline void zip_text(struct zip *z, const char *name, const char *text)
{
	zip_store(z, name, text, strlen(text));
}

static inline void zip_end(struct zip *z)
{
	size_t at = z->file.len;
	buf_add(&z->file, z->directory.data, z->directory.len);
	buf_text(&z->file, "PK\5\6");
	zip_number(&z->file, 0, 4);
	zip_number(&z->file, z->count, 2);
	zip_number(&z->file, z->count, 2);
	zip_number(&z->file, z->directory.len, 4);
	zip_number(&z->file, at, 4);
	zip_number(&z->file, 0, 2);
}

static inline void zip_clear(struct zip *z)
{
	buf_clear(&z->file);
	buf_clear(&z->directory);
}

/* NULL for what is usual: one sheet, no styles, no strings. */
struct workbook {
	const char *workbook;
	const char *relations;
	const char *styles;
	const char *strings;
	const char *sheet; /* NULL: added by who calls, or none */
};

#define WORKBOOK_OFFICE                                                                  \
	"http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
#define WORKBOOK_RELATION(id, kind, target)                                              \
	"<Relationship Id='" id "' Type='" WORKBOOK_OFFICE kind "' Target='" target "'/>"
#define WORKBOOK_SHEET "xl/worksheets/sheet1.xml"

static inline void workbook_add(struct zip *z, const struct workbook *w)
{
	zip_text(z, "_rels/.rels",
		"<Relationships>" WORKBOOK_RELATION(
			"a", "officeDocument", "/xl/workbook.xml") "</Relationships>");
	zip_text(z, "xl/workbook.xml",
		w->workbook ? w->workbook
			    : "<workbook><sheets><sheet name='Blad' r:id='a'/></sheets>"
			      "</workbook>");
	zip_text(z, "xl/_rels/workbook.xml.rels",
		w->relations ? w->relations
			     : "<Relationships>" WORKBOOK_RELATION("a", "worksheet",
				       "worksheets/sheet1.xml") WORKBOOK_RELATION("b",
				       "styles", "styles.xml") WORKBOOK_RELATION("c",
				       "sharedStrings",
				       "/xl/sharedStrings.xml") "</Relationships>");
	zip_text(z, "xl/styles.xml", w->styles ? w->styles : "<styleSheet/>");
	zip_text(z, "xl/sharedStrings.xml", w->strings ? w->strings : "<sst/>");
	if (w->sheet)
		zip_text(z, WORKBOOK_SHEET, w->sheet);
}

#endif
