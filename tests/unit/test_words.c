/* Lists of words. */
#include "common/words.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_next(void **state)
{
	const char *at = "  farsta bromma   x ", *word;
	static const char *const expected[] = { "farsta", "bromma", "x" };
	size_t len;
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_true(words_next(&at, &word, &len));
		assert_int_equal(len, strlen(expected[i]));
		assert_memory_equal(word, expected[i], len);
	}
	assert_false(words_next(&at, &word, &len));
	assert_false(words_next(&at, &word, &len));
	at = "";
	assert_false(words_next(&at, &word, &len));
}

static void test_have(void **state)
{
	static const char *const there[] = { "farsta", "bromma", "x" };
	static const char *const missing[] = { "", " ", "fars", "farstan", "arsta",
		"farsta bromma", "X" };
	const char *list = " farsta  bromma x";
	(void)state;
	for (size_t i = 0; i < sizeof there / sizeof *there; i++)
		assert_true(words_have(list, there[i], strlen(there[i])));
	for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
		assert_false(words_have(list, missing[i], strlen(missing[i])));
	assert_true(words_have(list, "bromma-och-mer", 6));
	assert_false(words_have("", "x", 1));
	assert_false(words_have("", "", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_have),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
