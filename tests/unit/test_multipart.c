#include "common/buf.h"
#include "common/multipart.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The strings below may hold NULs, so their sizes go along. */
#define BYTES(text) text, sizeof(text) - 1

#define TYPE "multipart/form-data; boundary=-b"
#define FIELD(name) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n"
#define FILE_NAMED(name, file)                                                           \
	"Content-Disposition: form-data; name=\"" name "\"; filename=\"" file            \
	"\"\r\nContent-Type: text/csv\r\n\r\n"
#define NEXT "\r\n---b\r\n"
#define END "\r\n---b--\r\n"

static struct arena *arena;
static struct form form;
static struct multipart_file file;

static int start(void **state)
{
	(void)state;
	arena = arena_create();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	arena_destroy(arena);
	return 0;
}

static enum err parse_as(const char *type, const char *body, size_t len)
{
	/* A copy of exactly that size: a read beyond it is seen. What the file points to
	 * stays as long as the test. */
	static char *kept;
	free(kept);
	kept = malloc(len ? len : 1);
	memcpy(kept, body, len);
	form = (struct form){ .count = 99 };
	file = (struct multipart_file){ .len = 99 };
	enum err e = multipart_parse(arena, type, kept, len, &form, &file);
	if (e == OK && file.data)
		assert_true(file.data >= kept && file.data + file.len <= kept + len);
	return e;
}

static void parse(const char *body, size_t len)
{
	assert_int_equal(parse_as(TYPE, body, len), OK);
}

static void refuse_as(const char *type, const char *body, size_t len)
{
	if (parse_as(type, body, len) != ERR_INPUT)
		fail_msg("taken: %s: %.*s", type, (int)len, body);
	assert_int_equal(form.count, 99);
	assert_null(form.fields);
	assert_int_equal(file.len, 99);
}

static void refuse(const char *body, size_t len)
{
	refuse_as(TYPE, body, len);
}

/* As Firefox and Chrome write it. */
static void test_form_with_a_file(void **state)
{
	(void)state;
	parse(BYTES("---b\r\n" FIELD("csrf") "0123" NEXT FIELD("tomt") NEXT FILE_NAMED(
		"fil", "Export åäö.csv") "a;b\r\n\0\xff\r\n--\r\n---" NEXT
			FIELD("namn") "Åsa\r\nEk" END));
	assert_int_equal(form.count, 3);
	assert_string_equal(form_get(&form, "csrf"), "0123");
	assert_string_equal(form_get(&form, "tomt"), "");
	assert_string_equal(form_get(&form, "namn"), "Åsa\r\nEk");
	assert_null(form_get(&form, "fil"));
	assert_string_equal(file.name, "Export åäö.csv");
	assert_int_equal(file.len, 16);
	assert_memory_equal(file.data, "a;b\r\n\0\xff\r\n--\r\n---", 16);
}

static void test_no_file(void **state)
{
	(void)state;
	parse(BYTES("---b\r\n" FIELD("a") "1" NEXT FILE_NAMED("f", "") END));
	assert_int_equal(form.count, 1);
	assert_null(file.data);
	parse(BYTES("---b\r\n" FIELD("a") "1" END));
	assert_null(file.data);
	parse(BYTES("---b--"));
	assert_int_equal(form.count, 0);
	assert_null(file.data);
	/* One that is chosen and empty is one. */
	parse(BYTES("---b\r\n" FILE_NAMED("f", "x.csv") END));
	assert_non_null(file.data);
	assert_int_equal(file.len, 0);
	assert_string_equal(file.name, "x.csv");
	parse(BYTES("---b\r\n" FILE_NAMED("f", "") "x" END));
	assert_int_equal(file.len, 1);
	assert_string_equal(file.name, "");
}

static void test_headers(void **state)
{
	(void)state;
	parse(BYTES(
		"---b\r\ncontent-type: x\r\nCONTENT-DISPOSITION:Form-Data;filename=\"f\";  "
		"name=\"n\"\r\n\r\n1" END));
	assert_string_equal(file.name, "f");
	parse(BYTES(
		"---b\r\nContent-Disposition:   form-data; name=\"a;b=c: 'd'\"\r\n\r\n1" END));
	assert_string_equal(form_get(&form, "a;b=c: 'd'"), "1");
}

static void test_boundaries(void **state)
{
	(void)state;
	static const char *const fine[] = { "multipart/form-data; boundary=-b",
		"Multipart/Form-Data;BOUNDARY=\"-b\"",
		"multipart/form-data ;  boundary=-b" };
	static const char *const wrong[] = { "", "multipart/form-data",
		"multipart/form-data;", "multipart/form-data; boundary",
		"multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
		"multipart/form-data; boundary=\"-b",
		"multipart/form-data; boundary=-b\"",
		"multipart/form-data; boundary=\"-b\"x",
		"multipart/form-data; boundary=-b ",
		"multipart/form-data; boundary=-b; charset=utf-8",
		"multipart/form-data; charset=utf-8; boundary=-b",
		"multipart/form-data; boundary=å", "multipart/form-data, boundary=-b",
		"multipart/form-data; boundary=a b", "multipart/mixed; boundary=-b",
		"multipart/form-data-x; boundary=-b",
		"x multipart/form-data; boundary=-b",
		"application/x-www-form-urlencoded" };
	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
		assert_true(multipart_is(fine[i]));
		assert_int_equal(
			parse_as(fine[i], BYTES("---b\r\n" FIELD("a") "1" END)), OK);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_false(multipart_is(wrong[i]));
		refuse_as(wrong[i], BYTES("---b\r\n" FIELD("a") "1" END));
	}
	/* By its case too. */
	refuse_as(
		"multipart/form-data; boundary=-B", BYTES("---b\r\n" FIELD("a") "1" END));
}

static void test_longest_boundary(void **state)
{
	(void)state;
	char type[200], body[300];
	for (int len = 69; len <= 72; len++) {
		(void)snprintf(
			type, sizeof type, "multipart/form-data; boundary=%0*d", len, 7);
		(void)snprintf(body, sizeof body, "--%0*d\r\n" FIELD("a") "1\r\n--%0*d--",
			len, 7, len, 7);
		assert_int_equal(multipart_is(type), len <= 70);
		assert_int_equal(
			parse_as(type, body, strlen(body)), len <= 70 ? OK : ERR_INPUT);
	}
}

static void test_broken_frames(void **state)
{
	(void)state;
	refuse(BYTES(""));
	refuse(BYTES("--"));
	refuse(BYTES("---b"));
	refuse(BYTES("---b\r\n"));
	refuse(BYTES("---b-"));
	refuse(BYTES("---c\r\n" FIELD("a") "1" END));
	refuse(BYTES("--b\r\n" FIELD("a") "1" END));
	/* Something before or after. */
	refuse(BYTES("x---b\r\n" FIELD("a") "1" END));
	refuse(BYTES("\r\n---b\r\n" FIELD("a") "1" END));
	refuse(BYTES("preamble" NEXT FIELD("a") "1" END));
	refuse(BYTES("---b\r\n" FIELD("a") "1" END "x"));
	refuse(BYTES("---b\r\n" FIELD("a") "1" END "\r\n"));
	refuse(BYTES("---b\r\n" FIELD("a") "1" END "---b\r\n" FIELD("b") "1" END));
	/* No end. */
	refuse(BYTES("---b\r\n" FIELD("a") "1"));
	refuse(BYTES("---b\r\n" FIELD("a") "1" NEXT));
	refuse(BYTES("---b\r\n" FIELD("a") "1\r\n---b"));
	refuse(BYTES("---b\r\n" FIELD("a") "1\r\n---b-"));
	refuse(BYTES("---b\r\n" FILE_NAMED("f", "x") "1\r\n---"));
	/* A boundary with something behind it, lines that end otherwise. */
	refuse(BYTES("---b\r\n" FIELD("a") "1\r\n---bc\r\n" END));
	refuse(BYTES("---b \r\n" FIELD("a") "1" END));
	refuse(BYTES("---b\n" FIELD("a") "1" END));
	refuse(BYTES("---b\r\n" FIELD("a") "1\n---b--\n"));
	/* An empty part; one without the line between. */
	refuse(BYTES("---b\r\n---b--"));
	refuse(BYTES("---b\r\n" END));
	refuse(BYTES("---b\r\nContent-Disposition: form-data; name=\"a\"\r\n---b--"));
	refuse(BYTES("---b\r\n" FIELD("a") "---b--"));
}

#define HEADER(text) BYTES("---b\r\n" text "\r\n\r\n1" END)

static void test_broken_headers(void **state)
{
	(void)state;
	refuse(HEADER("Content-Type: text/plain"));
	refuse(HEADER("Content-Disposition: form-data"));
	refuse(HEADER("Content-Disposition: form-data; name=\"\""));
	refuse(HEADER("Content-Disposition: form-data; filename=\"a\""));
	refuse(HEADER("Content-Disposition: form-data; name=a"));
	refuse(HEADER("Content-Disposition: form-data; name=\"a"));
	refuse(HEADER("Content-Disposition: form-data; name=\"a\"b\""));
	refuse(HEADER("Content-Disposition: form-data; name=\"a\\\"b\""));
	refuse(HEADER("Content-Disposition: form-data; name=\"a\";"));
	refuse(HEADER("Content-Disposition: form-data name=\"a\""));
	refuse(HEADER("Content-Disposition: form-data; name=\"a\"; name=\"a\""));
	refuse(HEADER("Content-Disposition: form-data; name=\"a\"; filename=\"a\"; "
		      "filename=\"b\""));
	refuse(HEADER("Content-Disposition: form-data; name=\"a\"; "
		      "filename*=UTF-8''b"));
	refuse(HEADER("Content-Disposition: form-data; name=\"a\"; x=\"y\""));
	refuse(HEADER("Content-Disposition: attachment; name=\"a\""));
	refuse(HEADER("Content-Disposition: form-data; name=\"a\"\r\n"
		      "Content-Disposition: form-data; name=\"b\""));
	refuse(HEADER("Content-Disposition: form-data; name=\"a\"\r\n"
		      "Content-Transfer-Encoding: base64"));
	refuse(HEADER("Content-Disposition: form-data;\r\n name=\"a\""));
	refuse(HEADER("Content-Disposition: form-data; name=\"a\0b\""));
	refuse(HEADER("Content-Disposition: form-data; name=\"a\nb\""));
	refuse(HEADER("Content-Disposition: form-data; name=\"a\xff\""));
	refuse(HEADER(
		"Content-Disposition: form-data; name=\"a\"; filename=\"\xe5.csv\""));
	refuse(HEADER("Content-Disposition: form-data; name=\"a\"; filename=\"x\0y\""));
	refuse(HEADER("Content-Disposition: form-data; name=\"a\"; filename=\"x\x7fy\""));
	refuse(HEADER(
		"Content-Disposition: form-data; name=\"a\"\r\nContent-Type: \xff"));
	refuse(HEADER("Content-Disposition : form-data; name=\"a\""));
}

static void test_refused_fields(void **state)
{
	(void)state;
	refuse(BYTES("---b\r\n" FIELD("a") "1" NEXT FIELD("a") "2" END));
	refuse(BYTES("---b\r\n" FIELD("a") "1" NEXT FILE_NAMED("a", "x") "2" END));
	refuse(BYTES("---b\r\n" FILE_NAMED("a", "x") "2" NEXT FIELD("a") "1" END));
	refuse(BYTES("---b\r\n" FILE_NAMED("a", "x") "2" NEXT FILE_NAMED("b", "y") END));
	refuse(BYTES("---b\r\n" FILE_NAMED("a", "") NEXT FILE_NAMED("b", "") END));
	refuse(BYTES("---b\r\n" FIELD("a") "x\0y" END));
	refuse(BYTES("---b\r\n" FIELD("a") "\xe5" END));
}

static void test_most_fields(void **state)
{
	(void)state;
	auto_(buf) struct buf b = { 0 };
	buf_text(&b, "---b\r\n" FILE_NAMED("file", "x") "data");
	for (int i = 0; i < 64; i++)
		buf_format(&b,
			NEXT "Content-Disposition: form-data; name=\"q%d\"\r\n\r\n%d", i,
			i);
	size_t most = b.len;
	buf_text(&b, END);
	parse(b.data, b.len);
	assert_int_equal(form.count, 64);
	assert_string_equal(form_get(&form, "q63"), "63");
	assert_int_equal(file.len, 4);
	b.len = most;
	buf_text(&b, NEXT FIELD("more") END);
	refuse(b.data, b.len);
}

/* A file may be long, the rest may not. */
static void test_most_text(void **state)
{
	(void)state;
	for (size_t len = MULTIPART_TEXT - 1; len <= MULTIPART_TEXT; len++) {
		auto_(buf) struct buf b = { 0 };
		auto_(free) char *text = malloc(len);
		memset(text, 'x', len);
		buf_text(&b, "---b\r\n" FILE_NAMED("f", "x"));
		for (int i = 0; i < 10; i++)
			buf_add(&b, text, len);
		buf_text(&b, NEXT FIELD("a"));
		/* The two names are text too. */
		buf_add(&b, text, len - 1);
		buf_text(&b, END);
		if (len < MULTIPART_TEXT)
			parse(b.data, b.len);
		else
			refuse(b.data, b.len);
	}
}

static void expect_name(const char *sent, const char *shown)
{
	auto_(buf) struct buf b = { 0 };
	buf_format(&b,
		"---b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"%s\"\r\n\r\nx" END,
		sent);
	parse(b.data, b.len);
	assert_string_equal(file.name, shown);
}

static void test_file_names(void **state)
{
	(void)state;
	auto_(buf) struct buf sent = { 0 }, shown = { 0 };
	expect_name("C:\\Users\\Åsa\\Klienter 2027.csv", "Klienter 2027.csv");
	expect_name("/home/asa/x.csv", "x.csv");
	expect_name("../../etc/passwd", "passwd");
	expect_name("a\\b/c", "c");
	expect_name("folder/", "");
	expect_name("%22<b>%22.csv", "%22<b>%22.csv");
	for (int i = 0; i < 100; i++)
		buf_text(&sent, i % 2 ? "å" : "😀");
	expect_name(sent.data, sent.data);
	buf_text(&shown, sent.data);
	buf_text(&sent, "é.csv");
	expect_name(sent.data, shown.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form_with_a_file),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_boundaries),
		cmocka_unit_test(test_longest_boundary),
		cmocka_unit_test(test_broken_frames),
		cmocka_unit_test(test_broken_headers),
		cmocka_unit_test(test_refused_fields),
		cmocka_unit_test(test_most_fields),
		cmocka_unit_test(test_most_text),
		cmocka_unit_test(test_file_names),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
