#include "common/buf.h"
#include "common/xml.h"
#include "gateway_test.h"
#include <string.h>

/* What was met, written down. */
struct notes {
	struct xml *xml;
	const char *stop_at;
	struct buf text;
};

static void start(void *context, const char *name, const char **attributes)
{
	struct notes *n = context;
	buf_format(&n->text, "<%s", name);
	for (; *attributes; attributes += 2)
		buf_format(&n->text, " %s=%s", attributes[0], attributes[1]);
	buf_text(&n->text, ">");
	if (n->stop_at && strcmp(name, n->stop_at) == 0)
		xml_stop(n->xml);
}

static void end(void *context, const char *name)
{
	struct notes *n = context;
	buf_format(&n->text, "</%s>", name);
	if (n->stop_at && *n->stop_at == '/' && strcmp(name, n->stop_at + 1) == 0)
		xml_stop(n->xml);
}

static void text(void *context, const char *characters, size_t len)
{
	struct notes *n = context;
	buf_add(&n->text, characters, len);
	if (n->stop_at && *n->stop_at == '#')
		xml_stop(n->xml);
}

/* Reads the document in pieces of that many bytes. */
static enum err read_pieces(
	struct notes *n, const char *xml, size_t len, size_t piece, struct why *why)
{
	const struct xml_reader reader = { "document", start, end, text, n };
	auto_(xml) struct xml *x = xml_create(&reader);
	enum err e = OK;
	n->xml = x;
	for (size_t at = 0; e == OK && at < len; at += piece) {
		size_t left = len - at < piece ? len - at : piece;
		e = xml_feed(x, xml + at, left, false, why);
	}
	return e == OK ? xml_feed(x, "", 0, true, why) : e;
}

static void is(const char *xml, size_t len, const char *wanted)
{
	for (size_t piece = 1; piece <= len; piece = piece * 2 + 1) {
		struct notes n = { .stop_at = NULL };
		struct why why;
		assert_int_equal(read_pieces(&n, xml, len, piece, &why), OK);
		assert_string_equal(buf_string(&n.text), wanted);
		buf_clear(&n.text);
	}
}

static void refused(const char *xml, const char *reason)
{
	size_t len = strlen(xml);
	for (size_t piece = 1; piece <= len + 1; piece = piece * 2 + 1) {
		struct notes n = { .stop_at = NULL };
		struct why why = { "" };
		assert_int_equal(read_pieces(&n, xml, len, piece, &why), ERR_INPUT);
		assert_string_equal(why.text, reason);
		buf_clear(&n.text);
	}
}

static void what_is_met(void **state)
{
	(void)state;
	static const char xml[] =
		"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- c --><a xmlns:x='u' b='1 &lt;'"
		"\n x:c=''>t&amp;&#229;<x:b/>\r\n<![CDATA[<c>]]></a><?p i?>\n";
	is(xml, sizeof xml - 1, "<a xmlns:x=u b=1 < x:c=>t&å<x:b></x:b>\n<c></a>");
	is("\xff\xfe<\0a\0>\0\xe5\0<\0/\0a\0>\0", 18, "<a>å</a>");
}

static void broken(void **state)
{
	(void)state;
	refused("", "line 1 of the document: no element found");
	refused("<a>\n<b></a>", "line 2 of the document: mismatched tag");
	refused("<a>\n\n", "line 3 of the document: no element found");
	refused("<a/><a/>", "line 1 of the document: junk after document element");
	refused("<a>&nbsp;</a>", "line 1 of the document: undefined entity");
	refused("<a>\xff</a>", "line 1 of the document: not well-formed (invalid token)");
}

static void document_types(void **state)
{
	(void)state;
	static const char *const types[] = {
		"<!DOCTYPE a>",
		"<!DOCTYPE a SYSTEM 'file:///etc/passwd'>",
		"<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>",
		"<!DOCTYPE a [<!ENTITY % e SYSTEM 'http://127.0.0.1/'>%e;]>",
		"<!DOCTYPE a [<!ENTITY e 'ha'><!ENTITY f '&e;&e;&e;&e;&e;&e;'>]>",
	};
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		auto_(arena) struct arena *a = arena_create();
		refused(arena_format(a, "\n%s<a>&e;</a>", types[i]),
			"line 2 of the document: a is a document type, which a document "
			"does not need");
	}
}

/* Nothing is called after the stop, not even the end of the same element, and the reason
 * is the caller's own. */
static void stops(void **state)
{
	(void)state;
	static const char xml[] = "<a>1<b/>2<c></c></a>";
	static const char *const stops_at[] = { "a", "#", "b", "/b", "/a" };
	static const char *const wanted[] = { "<a>", "<a>1", "<a>1<b>", "<a>1<b></b>",
		"<a>1<b></b>2<c></c></a>" };
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		struct notes n = { .stop_at = stops_at[i] };
		struct why why = { "own" };
		const struct xml_reader reader = { "document", start, end, text, &n };
		n.xml = xml_create(&reader);
		assert_int_equal(
			xml_feed(n.xml, xml, sizeof xml - 1, false, &why), ERR_INPUT);
		assert_string_equal(buf_string(&n.text), wanted[i]);
		assert_int_equal(xml_feed(n.xml, "<x/>", 4, true, &why), ERR_INPUT);
		assert_string_equal(buf_string(&n.text), wanted[i]);
		assert_string_equal(why.text, "own");
		xml_destroy(n.xml);
		buf_clear(&n.text);
	}
	xml_destroy(NULL);
}

enum piece {
	PIECE_NEST,
	PIECE_NAME,
	PIECE_ATTRIBUTE,
	PIECE_LONG,
	PIECE_PLAIN,
};

/* Feeds such pieces until one is refused or there were so many. */
static size_t feed(enum piece kind, size_t most, struct why *why)
{
	const struct xml_reader reader = { .what = "document" };
	auto_(xml) struct xml *x = xml_create(&reader);
	size_t count = 0;
	enum err e = xml_feed(x, kind == PIECE_LONG ? "<a b='" : "<a>",
		kind == PIECE_LONG ? 6 : 3, false, why);
	while (e == OK && count < most) {
		auto_(buf) struct buf piece = { 0 };
		for (size_t i = 0; i < 100; i++, count++)
			switch (kind) {
			case PIECE_NEST:
				buf_text(&piece, "<b>");
				break;
			case PIECE_NAME:
				buf_format(&piece, "<n%zu/>", count);
				break;
			case PIECE_ATTRIBUTE:
				buf_format(&piece, "<n a%zu=''/>", count);
				break;
			case PIECE_LONG:
				buf_text(&piece, "1234567890");
				break;
			case PIECE_PLAIN:
				buf_text(&piece, "<c d='e'>text</c>\n");
				break;
			}
		e = xml_feed(x, piece.data, piece.len, false, why);
	}
	return count;
}

/* A document can't take more memory than any that is read here needs. */
static void limits(void **state)
{
	(void)state;
	static const char memory[] = "line 1 of the document: too large or too deep";
	enum { MOST = 2000000 };
	for (enum piece kind = PIECE_NEST; kind <= PIECE_ATTRIBUTE; kind++) {
		struct why why = { "" };
		size_t count = feed(kind, MOST, &why);
		assert_string_equal(why.text, memory);
		assert_in_range(count, 1000, MOST - 1);
	}
	struct why why = { "" };
	assert_in_range(feed(PIECE_LONG, MOST, &why), 26000, 27000);
	assert_string_equal(why.text, "line 1 of the document: a tag is too long");
	/* What the others had has been given back, and length alone is no harm. */
	why.text[0] = '\0';
	assert_int_equal(feed(PIECE_PLAIN, MOST, &why), MOST);
	assert_string_equal(why.text, "");
	auto_(buf) struct buf large = { 0 };
	const struct xml_reader reader = { .what = "document" };
	auto_(xml) struct xml *x = xml_create(&reader);
	for (size_t i = 0; i < 20 << 20; i += 16)
		buf_text(&large, "                ");
	assert_int_equal(xml_feed(x, large.data, large.len, true, &why), ERR_INPUT);
	assert_string_equal(why.text, memory);
}

static void names(void **state)
{
	(void)state;
	const char *attributes[] = { "a", "1", "x:b", "2", "b", "3", NULL };
	assert_string_equal(xml_local("row"), "row");
	assert_string_equal(xml_local("x:row"), "row");
	assert_string_equal(xml_attribute(attributes, "a"), "1");
	assert_string_equal(xml_attribute(attributes, "b"), "2");
	assert_null(xml_attribute(attributes, "x"));
	assert_null(xml_attribute(attributes + 6, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_met),
		cmocka_unit_test(broken),
		cmocka_unit_test(document_types),
		cmocka_unit_test(stops),
		cmocka_unit_test(limits),
		cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
