#include "common/json.h"
#include "common/secret.h"
#include "folder_test.h"
#include "picture.h"

static struct why why;

static const char *read_text(struct arena *a, const char *svg)
{
	const char *markup = NULL;
	if (picture_read(a, svg, strlen(svg), &markup, &why) != OK)
		fail_msg("%s: %s", svg, why.text);
	return markup;
}

static void refuse_bytes(const char *svg, size_t len, const char *reason)
{
	auto_(arena) struct arena *a = arena_create();
	static const char untouched[] = "";
	const char *markup = untouched;
	/* A copy of exactly that size: a read beyond it is seen. */
	auto_(free) char *copy = malloc(len);
	if (len)
		memcpy(copy, svg, len);
	memset(&why, 0, sizeof why);
	if (picture_read(a, copy, len, &markup, &why) != ERR_INPUT)
		fail_msg("let through: %s", svg);
	assert_ptr_equal(markup, untouched);
	assert_string_equal(why.text, reason);
}

static void refuse(const char *svg, const char *reason)
{
	refuse_bytes(svg, strlen(svg), reason);
}

/* Every picture that the file carries, wherever in it. */
static size_t check_pictures(struct arena *a, const struct json *j)
{
	size_t count = 0;
	const char *data = json_text(json_get(j, "data"));
	if (data && strcmp(json_text(json_get(j, "contentType")), "image/svg+xml") == 0) {
		char *svg = arena_alloc(a, strlen(data) + 1);
		size_t len;
		const char *markup;
		assert_true(secret_unbase64(data, svg, &len));
		if (picture_read(a, svg, len, &markup, &why) != OK)
			fail_msg("%s", why.text);
		const char begin[] = "<svg aria-hidden=\"true\" viewBox=\"0 0 48 48\"";
		assert_memory_equal(markup, begin, sizeof begin - 1);
		assert_string_equal(markup + strlen(markup) - 6, "</svg>");
		count++;
	}
	for (const struct json *child = json_first(j); child; child = json_next(child))
		count += check_pictures(a, child);
	return count;
}

static void test_shipped(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	const char **names;
	size_t count, files = 0;
	assert_int_equal(
		file_list(a, "questionnaires", ".json", &names, &count, &why), OK);
	for (size_t i = 0; i < count; i++) {
		auto_(buf) struct buf text = { 0 };
		auto_(json) struct json *j = NULL;
		const char *file = arena_format(a, "questionnaires/%s", names[i]);
		assert_int_equal(file_read(file, 1 << 20, &text, &why), OK);
		assert_int_equal(json_parse(text.data, text.len, &j, &why), OK);
		size_t pictures = check_pictures(a, j);
		if (!strstr(names[i], "bildstod"))
			continue;
		/* One an option. */
		assert_int_equal(pictures, 4 * 6 + 2 * 5);
		files++;
	}
	assert_true(files >= 1);
}

static void test_what_comes_out(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	assert_string_equal(
		read_text(a,
			"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- <script> -->\n"
			"<svg xmlns='http://www.w3.org/2000/svg' width='48' height=\"48\"\n"
			"viewBox='0 0 48 48' fill='none'><?php x ?>\n"
			"\t<g transform='rotate(45 24 24) scale(-1,1)' stroke='#1a2B3c'>"
			"<circle cx='24' cy='24' r='2.5e1'/></g> <!-- --> \n</svg>\n"),
		"<svg aria-hidden=\"true\" viewBox=\"0 0 48 48\" fill=\"none\">"
		"<g transform=\"rotate(45 24 24) scale(-1,1)\" stroke=\"#1a2B3c\">"
		"<circle cx=\"24\" cy=\"24\" r=\"2.5e1\"></circle></g></svg>");
	/* A drawing's own size is dropped, a shape's stays. */
	assert_string_equal(
		read_text(a, "<svg width=\"9\"><rect width=\"9\" height=\"8\"/></svg>"),
		"<svg aria-hidden=\"true\"><rect width=\"9\" height=\"8\"></rect></svg>");
	assert_string_equal(read_text(a, "<svg/>"), "<svg aria-hidden=\"true\"></svg>");
	/* A byte order mark, references to characters. */
	assert_string_equal(read_text(a, "\xef\xbb\xbf<svg fill=\"&#x72;&#101;d\"/>"),
		"<svg aria-hidden=\"true\" fill=\"red\"></svg>");
}

static void test_shapes(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	static const char *const elements[] = { "g", "path", "circle", "ellipse", "rect",
		"line", "polyline", "polygon" };
	static const char *const attributes[] = { "viewBox", "fill", "fill-rule",
		"stroke", "stroke-width", "stroke-linecap", "stroke-linejoin",
		"transform", "d", "points", "cx", "cy", "r", "rx", "ry", "x", "y", "x1",
		"y1", "x2", "y2", "width", "height" };
	for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
		for (size_t k = 0; k < sizeof attributes / sizeof *attributes; k++)
			assert_string_equal(
				read_text(a, arena_format(a, "<svg><%s %s=\"1\"/></svg>",
						     elements[i], attributes[k])),
				arena_format(a,
					"<svg aria-hidden=\"true\"><%s %s=\"1\"></%s></svg>",
					elements[i], attributes[k], elements[i]));
}

static void test_elements_that_are_refused(void **state)
{
	(void)state;
	static const char *const names[] = { "script", "foreignObject", "a", "image",
		"use", "style", "text", "tspan", "title", "desc", "defs", "symbol",
		"marker", "mask", "clipPath", "filter", "pattern", "linearGradient",
		"animate", "set", "animateTransform", "svg", "switch", "iframe", "html",
		"metadata", "handler", "x:g", "G", "Path", "paths", "pat" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		auto_(arena) struct arena *a = arena_create();
		const char *reason = arena_format(a,
			"line 2 of the picture: %s is an element that pictures can't have here",
			names[i]);
		refuse(arena_format(a, "<svg>\n<%s/></svg>", names[i]), reason);
		refuse(arena_format(
			       a, "<svg><g>\n<%s>x</%s></g></svg>", names[i], names[i]),
			reason);
	}
	refuse("<svg xmlns:s=\"http://www.w3.org/2000/svg\"><g/></svg>",
		"line 1 of the picture: xmlns:s is an attribute that pictures can't have here");
	refuse("<svg><s:script xmlns:s=\"http://www.w3.org/2000/svg\"/></svg>",
		"line 1 of the picture: s:script is an element that pictures can't have here");
}

static void test_wrong_root(void **state)
{
	(void)state;
	static const char *const names[] = { "html", "g", "path", "SVG", "svgx", "s:svg",
		"script" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		auto_(arena) struct arena *a = arena_create();
		refuse(arena_format(a, "<%s/>", names[i]),
			arena_format(a,
				"line 1 of the picture: %s is an element that pictures can't have here",
				names[i]));
	}
}

static void test_attributes_that_are_refused(void **state)
{
	(void)state;
	static const char *const names[] = { "onload", "onclick", "href", "xlink:href",
		"style", "class", "id", "src", "xml:base", "xml:lang", "lang",
		"aria-hidden", "role", "tabindex", "filter", "mask", "clip-path",
		"marker-end", "font-family", "opacity", "ONLOAD", "D", "xmlns:x",
		"preserveAspectRatio", "data-x" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		auto_(arena) struct arena *a = arena_create();
		const char *reason = arena_format(a,
			"line 1 of the picture: %s is an attribute that pictures can't have here",
			names[i]);
		refuse(arena_format(a, "<svg %s=\"1\"/>", names[i]), reason);
		refuse(arena_format(a, "<svg><g d=\"\" %s=\"1\"/></svg>", names[i]),
			reason);
	}
	/* Another namespace than SVG's. */
	refuse("<svg xmlns=\"http://www.w3.org/1999/xhtml\"/>",
		"line 1 of the picture: xmlns is an attribute that pictures can't have here");
}

static void test_values_that_are_refused(void **state)
{
	(void)state;
	static const char *const values[] = { "url(#a)", "URL(#a)", "Url(#a)",
		"url(https://a.example/)", "red url(#a)", "u&#114;l(#a)",
		"&#x75;rl(data:x)", "javascript:x", "a:b", "a;b", "&lt;script&gt;",
		"&quot; onload=&quot;x", "&apos;", "&amp;", "a/b", "a\\b", "a@b", "{x}",
		"a_b", "a=b", "a%b", "1&#10;2", "å", "\xe2\x80\xae", "&#xfffd;",
		"var(--x)/1", "a!b", "a`b", "a*b" };
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		auto_(arena) struct arena *a = arena_create();
		const char *reason =
			"line 1 of the picture: fill has a value that pictures can't have here";
		refuse(arena_format(a, "<svg fill=\"%s\"/>", values[i]), reason);
		refuse(arena_format(
			       a, "<svg><path d=\"M1 1\" fill=\"%s\"/></svg>", values[i]),
			reason);
	}
}

/* No document type: so no entities either, whether they grow or read files. */
static void test_document_types(void **state)
{
	(void)state;
	static const char *const subsets[] = {
		"",
		" SYSTEM \"file:///etc/passwd\"",
		" PUBLIC \"-//W3C//DTD SVG 1.1//EN\" "
		"\"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd\"",
		" [<!ENTITY x SYSTEM \"file:///etc/passwd\">]",
		" [<!ENTITY % x SYSTEM \"http://127.0.0.1/\">%x;]",
		" [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">"
		"<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">"
		"<!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;\">"
		"<!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;\">]",
		" [<!ATTLIST svg onload CDATA \"x\">]",
	};
	for (size_t i = 0; i < sizeof subsets / sizeof *subsets; i++) {
		auto_(arena) struct arena *a = arena_create();
		refuse(arena_format(a, "<!DOCTYPE svg%s><svg fill=\"&e;\">&e;&x;</svg>",
			       subsets[i]),
			"line 1 of the picture: svg is a document type, which a picture does "
			"not need");
	}
}

static void test_words(void **state)
{
	(void)state;
	static const char *const words[] = { "<svg>x</svg>", "<svg> <g> . </g></svg>",
		"<svg><![CDATA[<script>]]></svg>", "<svg>&lt;script&gt;</svg>",
		"<svg><g/>\xc2\xa0</svg>", "<svg>&#8203;</svg>", "<svg>&#0160;</svg>" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		refuse(words[i], "line 1 of the picture: text can't stand in a picture");
}

static void test_depth(void **state)
{
	(void)state;
	for (size_t depth = 1; depth <= 2000; depth += depth < 12 ? 1 : 331) {
		auto_(arena) struct arena *a = arena_create();
		auto_(buf) struct buf b = { 0 };
		buf_text(&b, "<svg>");
		for (size_t i = 1; i < depth; i++)
			buf_text(&b, "<g>");
		for (size_t i = 1; i < depth; i++)
			buf_text(&b, "</g>");
		buf_text(&b, "</svg>");
		if (depth <= 8)
			read_text(a, buf_string(&b));
		else
			refuse(buf_string(&b), "line 1 of the picture: g lies too deep");
	}
	/* Beside each other there may be many. */
	auto_(arena) struct arena *a = arena_create();
	auto_(buf) struct buf b = { 0 };
	buf_text(&b, "<svg>");
	for (size_t i = 0; i < 5000; i++)
		buf_text(&b, "<g/>");
	buf_text(&b, "</svg>");
	assert_int_equal(strlen(read_text(a, buf_string(&b))), 24 + 5000 * 7 + 6);
}

static void test_broken(void **state)
{
	(void)state;
	refuse("", "line 1 of the picture: no element found");
	refuse("\n\n ", "line 3 of the picture: no element found");
	refuse("picture", "line 1 of the picture: syntax error");
	refuse("<svg", "line 1 of the picture: unclosed token");
	refuse("<svg>", "line 1 of the picture: no element found");
	refuse("<svg>\n<g></svg>", "line 2 of the picture: mismatched tag");
	refuse("<svg/><svg/>", "line 1 of the picture: junk after document element");
	refuse("<svg/>x", "line 1 of the picture: junk after document element");
	refuse("<svg fill=red/>",
		"line 1 of the picture: not well-formed (invalid token)");
	refuse("<svg fill=\"a\" fill=\"b\"/>",
		"line 1 of the picture: duplicate attribute");
	refuse("<svg>&nbsp;</svg>", "line 1 of the picture: undefined entity");
	refuse("<svg fill=\"<\"/>",
		"line 1 of the picture: not well-formed (invalid token)");
	refuse("<svg>\xff</svg>",
		"line 1 of the picture: not well-formed (invalid token)");
	refuse_bytes("<svg>\0</svg>", 12,
		"line 1 of the picture: not well-formed (invalid token)");
	refuse_bytes(
		"<svg/>\0", 7, "line 1 of the picture: not well-formed (invalid token)");
	/* In another encoding the rules are the same. */
	refuse_bytes("\xff\xfe<\0s\0v\0g\0>\0<\0a\0/\0>\0", 20,
		"line 1 of the picture: a is an element that pictures can't have here");
	/* A long name is cut in the reason. */
	char name[3001];
	memset(name, 'x', sizeof name);
	name[0] = '<';
	memcpy(name + sizeof name - 3, "/>", 3);
	refuse(name, "line 1 of the picture: "
		     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		     " is an element that pictures can't have here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_what_comes_out),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_elements_that_are_refused),
		cmocka_unit_test(test_wrong_root),
		cmocka_unit_test(test_attributes_that_are_refused),
		cmocka_unit_test(test_values_that_are_refused),
		cmocka_unit_test(test_document_types),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_broken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
