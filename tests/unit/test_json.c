#include "common/json.h"
#include "common/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct why why;

static struct json *parse(const char *text)
{
	struct json *j = NULL;
	assert_int_equal(json_parse(text, strlen(text), &j, &why), OK);
	return j;
}

static void refuse(const char *text, size_t len, const char *reason)
{
	struct json *j = NULL;
	assert_int_equal(json_parse(text, len, &j, &why), ERR_INPUT);
	assert_null(j);
	if (reason)
		assert_string_equal(why.text, reason);
}

static void test_read(void **state)
{
	(void)state;
	auto_(json) struct json *j = parse(
		" {\"a\": [1, \"två\", true, null, {\"b\": -2.5}], \"A\": \"stor\"} \n");
	assert_true(json_is_object(j));
	assert_int_equal(json_count(j), 2);
	assert_string_equal(json_key(json_first(j)), "a");
	assert_string_equal(json_text(json_get(j, "A")), "stor");
	const struct json *a = json_get(j, "a");
	assert_true(json_is_array(a));
	assert_int_equal(json_count(a), 5);
	const struct json *item = json_first(a);
	long whole = 0;
	double number = 0;
	assert_true(json_whole(item, 0, 10, &whole));
	assert_int_equal(whole, 1);
	assert_null(json_key(item));
	item = json_next(item);
	assert_string_equal(json_text(item), "två");
	assert_false(json_number(item, &number));
	item = json_next(item);
	assert_true(json_true(item));
	item = json_next(json_next(item));
	assert_true(json_number(json_get(item, "b"), &number));
	assert_true(number == -2.5);
	assert_null(json_next(item));
}

static void test_nothing_is_answered_with_nothing(void **state)
{
	(void)state;
	auto_(json) struct json *j = parse("[\"a\"]");
	long whole = 5;
	double number = 6;
	assert_null(json_get(NULL, "a"));
	assert_null(json_get(j, "a"));
	assert_null(json_get(json_first(j), "a"));
	assert_null(json_first(NULL));
	assert_null(json_first(json_first(j)));
	assert_null(json_next(NULL));
	assert_null(json_key(NULL));
	assert_int_equal(json_count(NULL), 0);
	assert_false(json_is_array(NULL));
	assert_false(json_is_object(NULL));
	assert_null(json_text(NULL));
	assert_null(json_text(j));
	assert_false(json_true(NULL));
	assert_false(json_number(NULL, &number));
	assert_false(json_whole(NULL, 0, 9, &whole));
	assert_int_equal(whole, 5);
	json_destroy(NULL);
}

static void test_whole_numbers(void **state)
{
	(void)state;
	static const char *const wrong[] = { "1.5", "11", "-1", "1e999", "\"1\"", "true",
		"null", "1e20" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		auto_(json) struct json *j = parse(wrong[i]);
		long whole = 5;
		assert_false(json_whole(j, 0, 10, &whole));
		assert_int_equal(whole, 5);
	}
	auto_(json) struct json *ten = parse("1.0e1");
	long whole = 0;
	assert_true(json_whole(ten, 0, 10, &whole));
	assert_int_equal(whole, 10);
}

static void test_refused(void **state)
{
	(void)state;
	refuse("", 0, NULL);
	refuse("{\"a\":1", 6, NULL);
	refuse("{\"a\":1}x", 8, "line 1, byte 8: not JSON");
	refuse("[1,\n 2,\n x]", 11, "line 3, byte 2: not JSON");
	refuse("[1]\0", 4, "line 1, byte 4: a control character");
	refuse("[\"a\nb\"]", 7, "line 1, byte 4: a control character");
	refuse("[\"a\\u0000b\"]", 12, "line 1, byte 4: a NUL");
	refuse("[\"\xff\"]", 5, "not UTF-8");
	refuse("[\"\\ud800\"]", 10, NULL);
	refuse("{a:1}", 5, NULL);
	refuse("[1,]", 4, NULL);
	refuse("nan", 3, NULL);
	/* Exactly len bytes: what stands after them is not looked at. */
	struct json *j = NULL;
	assert_int_equal(json_parse("[1]garbage", 3, &j, &why), OK);
	json_destroy(j);
}

static void test_escaped_backslash_is_no_nul(void **state)
{
	(void)state;
	auto_(json) struct json *j = parse("[\"\\\\u0000\\\"\\u00e5\"]");
	assert_string_equal(json_text(json_first(j)), "\\u0000\"å");
}

static void test_depth(void **state)
{
	(void)state;
	char text[200];
	memset(text, '[', 64);
	memset(text + 64, ']', 64);
	text[128] = '\0';
	json_destroy(parse(text));
	memset(text, '[', 65);
	memset(text + 65, ']', 65);
	refuse(text, 130, "line 1, byte 65: too many levels");
	/* Brackets in a text are no levels. */
	memset(text, '[', 100);
	memcpy(text, "[\"", 2);
	memcpy(text + 98, "\"]", 3);
	json_destroy(parse(text));
}

static void test_build(void **state)
{
	(void)state;
	auto_(buf) struct buf out = { 0 };
	auto_(json) struct json *j = json_object();
	struct json *list = json_set(j, "list", json_array());
	json_append(list, json_new_number(1));
	json_append(list, json_new_number(0.57));
	json_append(list, json_new_text("\"å\"\n"));
	json_append(list, json_new_bool(true));
	json_append(list, json_new_bool(false));
	json_append(list, json_new_null());
	json_set(j, "n", json_new_number(1));
	json_set(j, "n", json_new_number(4294967296.0));
	json_print(j, false, &out);
	assert_string_equal(out.data,
		"{\"list\":[1,0.57,\"\\\"å\\\"\\n\",true,false,null],\"n\":4294967296}");
	buf_clear(&out);
	json_print(j, true, &out);
	assert_non_null(strstr(out.data, "\n"));
	auto_(json) struct json *again = parse(out.data);
	assert_int_equal(json_count(json_get(again, "list")), 6);
}

/* A copy is a whole of its own: what is done to either, the other stays. */
static void test_copy(void **state)
{
	(void)state;
	static const char text[] =
		"{\"a\":[1,0.57,\"\u00e5\",true,false,null,[]],\"b\":{\"c\":{\"d\":[{}]}}}";
	auto_(buf) struct buf out = { 0 };
	struct json *j = parse(text), *all = json_copy(j);
	json_set(j, "a", json_new_null());
	json_destroy(j);
	json_print(all, false, &out);
	assert_string_equal(out.data, text);
	/* Of a part only the part, wherever it then stands. */
	auto_(json) struct json *list = json_array();
	json_append(list, json_copy(json_first(json_get(all, "a"))));
	json_append(list, json_copy(json_get(json_get(all, "b"), "c")));
	json_destroy(all);
	buf_clear(&out);
	json_print(list, false, &out);
	assert_string_equal(out.data, "[1,{\"d\":[{}]}]");
	assert_null(json_copy(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_nothing_is_answered_with_nothing),
		cmocka_unit_test(test_whole_numbers),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_escaped_backslash_is_no_nul),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_copy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
