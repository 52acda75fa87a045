#include "common/buf.h"
#include "common/form.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct arena *arena;

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

static struct form parse(const char *body)
{
	struct form f;
	assert_int_equal(form_parse(arena, body, strlen(body), &f), OK);
	return f;
}

static void refuse(const char *body, size_t len)
{
	struct form f = { .count = 99 };
	assert_int_equal(form_parse(arena, body, len, &f), ERR_INPUT);
	assert_int_equal(f.count, 99);
}

static void test_fields(void **state)
{
	(void)state;
	struct form f = parse("q1=2&q2=&q3&namn=%C3%85sa+%2b%26%3D=x");
	assert_int_equal(f.count, 4);
	assert_string_equal(form_get(&f, "q1"), "2");
	assert_string_equal(form_get(&f, "q2"), "");
	assert_string_equal(form_get(&f, "q3"), "");
	assert_string_equal(form_get(&f, "namn"), "Åsa +&==x");
	assert_null(form_get(&f, "q4"));
	f = parse("%71+1=a");
	assert_string_equal(f.fields[0].name, "q 1");
}

static void test_empty(void **state)
{
	(void)state;
	struct form f = parse("");
	assert_int_equal(f.count, 0);
	assert_null(form_get(&f, "q1"));
	f = parse("&&a=1&&b=2&");
	assert_int_equal(f.count, 2);
	assert_string_equal(f.fields[1].value, "2");
	assert_int_equal(form_parse(arena, NULL, 0, &f), OK);
}

static void test_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = { "a=%", "a=%4", "a=%4g", "a=%g4", "%=a",
		"a=%00", "%00=a", "=a", "=", "&=a", "a=1&a=2", "a=1&%61=2", "a&a",
		"a=%ff", "a=%C3", "a=%C0%AF", "a=%ED%A0%80", "a=%F4%90%80%80",
		"a=%E0%80%80", "%E5=1", "a=\xe5", "a=%C3&b=%A5", "a=%F0%9F%98", "a=%80" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		refuse(wrong[i], strlen(wrong[i]));
	refuse("a=1\0b", 5);
	refuse("\0", 1);
}

static void test_unicode(void **state)
{
	(void)state;
	struct form f = parse(
		"a=%F0%9F%98%80%EF%BF%BD%D8%A7\xc3\xb6&b=%F4%8F%BF%BF&c=%ED%9F%BF&d=%EE%80%80");
	assert_string_equal(form_get(&f, "a"), "😀\ufffdاö");
	assert_int_equal(f.count, 4);
}

static void test_most_fields(void **state)
{
	(void)state;
	struct buf b = { 0 };
	for (int i = 0; i < 64; i++)
		buf_format(&b, "&q%d=%d", i, i);
	struct form f = parse(b.data);
	assert_int_equal(f.count, 64);
	assert_string_equal(form_get(&f, "q63"), "63");
	buf_text(&b, "&&q64=64");
	refuse(b.data, b.len);
	buf_clear(&b);
}

/* The byte after the body must not be read: the sanitizer watches. */
static void test_length_is_kept(void **state)
{
	(void)state;
	struct form f;
	char exact[] = { 'a', '=', '%', '4', '1' };
	assert_int_equal(form_parse(arena, exact, sizeof exact, &f), OK);
	assert_string_equal(form_get(&f, "a"), "A");
	refuse(exact, 4);
	refuse(exact, 3);
}

static void test_decode(void **state)
{
	(void)state;
	assert_string_equal(form_decode(arena, "a+b%2Bx", 7), "a b+x");
	assert_string_equal(form_decode(arena, "", 0), "");
	assert_null(form_decode(arena, "a%2", 3));
	assert_null(form_decode(arena, "%ff", 3));
	assert_true(form_is_utf8("å", 2));
	assert_false(form_is_utf8("å", 1));
}

static void test_encode_is_undone_by_parse(void **state)
{
	(void)state;
	struct buf b = { 0 };
	char every[256];
	for (int i = 0; i < 127; i++)
		every[i] = (char)(i + 1);
	strcpy(every + 127, "åäö😀");
	buf_text(&b, "a=");
	form_encode(&b, every);
	struct form f = parse(b.data);
	assert_string_equal(form_get(&f, "a"), every);
	buf_clear(&b);
	form_encode(&b, "A z-._*~+&=å");
	assert_string_equal(b.data, "A%20z-._*%7E%2B%26%3D%C3%A5");
	buf_clear(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_unicode),
		cmocka_unit_test(test_most_fields),
		cmocka_unit_test(test_length_is_kept),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_encode_is_undone_by_parse),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
