#include "common/staff/password.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* By another's scrypt: Python's hashlib.scrypt of "Blåbär på tallrik" in NFC, with the
 * bytes 0 to 15 as salt. */
#define SALT "AAECAwQFBgcICQoLDA0ODw=="
#define HASH "NmhILEZrzjE+ttO+sWgSi+9zgZbp1MOWTPdqwkOszjc="
static const char known[] = "scrypt$17$8$1$" SALT "$" HASH;

/* A text of that many bytes in which no ten neighbours are the same. */
static const char *long_text(size_t len)
{
	static char text[2000];
	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + i % 10);
	text[len] = '\0';
	return text;
}

static void test_check(void **state)
{
	(void)state;
	static const struct {
		const char *password;
		enum password_fault fault;
	} cases[] = {
		{ "Blåbär på tallrik", PASSWORD_FINE },
		{ "abcdeabcdeab", PASSWORD_FINE },
		{ "", PASSWORD_SHORT },
		{ "abcdeabcdea", PASSWORD_SHORT },
		/* Characters, not bytes: eleven of two bytes, twelve of four. */
		{ "åäöåäöåäöåä", PASSWORD_SHORT },
		{ "😀😁😂😃😄😅😀😁😂😃😄😅", PASSWORD_FINE },
		/* Twelve and eleven in NFC, though typed as more. */
		{ "a\u030aa\u030aa\u0308bcdefghij", PASSWORD_FINE },
		{ "a\u030aa\u030aa\u0308bcdefghi", PASSWORD_SHORT },
		{ "aaaaaaaaaaaaaaaaaaaa", PASSWORD_PLAIN },
		{ "abcdabcdabcd", PASSWORD_PLAIN },
		{ "abcåabcåabca\u030a", PASSWORD_PLAIN },
		{ "min anna.ek i natten", PASSWORD_NAMED },
		{ "ANNA.EK-blåbärsris", PASSWORD_NAMED },
		{ "annaXek-blåbärsris", PASSWORD_FINE },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (password_check(cases[i].password, "anna.ek") != cases[i].fault)
			fail_msg("%s", cases[i].password);
	assert_int_equal(password_check(long_text(PASSWORD_MOST), "x"), PASSWORD_FINE);
	assert_int_equal(
		password_check(long_text(PASSWORD_MOST + 1), "x"), PASSWORD_LONG);
}

static void test_known(void **state)
{
	(void)state;
	assert_true(password_verify("Blåbär på tallrik", known));
	assert_true(password_verify("Bla\u030aba\u0308r pa\u030a tallrik", known));
	assert_false(password_verify("Blåbär på tallriK", known));
}

static void test_hash(void **state)
{
	(void)state;
	char first[PASSWORD_HASH], second[PASSWORD_HASH];
	const char *longest = long_text(PASSWORD_MOST);
	password_hash(longest, first);
	password_hash(longest, second);
	assert_memory_equal(first, "scrypt$17$8$1$", 14);
	assert_int_equal(strlen(first), sizeof known - 1);
	/* Salted. */
	assert_memory_not_equal(first + 14, second + 14, 24);
	assert_string_not_equal(first + 39, second + 39);
	assert_true(password_verify(longest, first));
	assert_false(password_verify(long_text(PASSWORD_MOST - 1), first));
	password_hash("a\u030a", first);
	assert_true(password_verify("å", first));
}

/* The thread's milliseconds of work. */
static double work_ms(const char *password, const char *hash)
{
	struct timespec from, to;
	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from), 0);
	assert_false(password_verify(password, hash));
	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to), 0);
	return (double)(to.tv_sec - from.tv_sec) * 1e3 +
	       (double)(to.tv_nsec - from.tv_nsec) / 1e6;
}

static void test_nobody_takes_as_long(void **state)
{
	(void)state;
	double somebody = work_ms("wrong", known), nobody = work_ms("wrong", NULL);
	if (nobody < somebody / 4 || nobody > somebody * 4)
		fail_msg("%.0f ms, %.0f ms for nobody", somebody, nobody);
}

static void test_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "scrypt$17$8$1$", "scrypt$17$8$1$$",
		"scrypt$16$8$1$" SALT "$" HASH, "scrypt$17$8$2$" SALT "$" HASH,
		"Scrypt$17$8$1$" SALT "$" HASH, " scrypt$17$8$1$" SALT "$" HASH,
		"scrypt$17$8$1$" SALT "$" HASH " ", "scrypt$17$8$1$" SALT "$" HASH "AAAA",
		"scrypt$17$8$1$" SALT "." HASH, "scrypt$17$8$1$" HASH "$" SALT,
		"scrypt$17$8$1$AAECAwQFBgcICQoLDA0ODxAR$" HASH,
		"scrypt$17$8$1$AAECAwQFBgcICQoLDA0O*w==$" HASH,
		"scrypt$17$8$1$" SALT "$NmhILEZrzjE+ttO+sWgSi+9zgZbp1MOWTPdqwkOszjcA",
		"scrypt$17$8$1$" SALT "$NmhILEZrzjE+ttO+sWgSi+9zgZbp1MOWTPdqwkOszj==" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (password_verify("Blåbär på tallrik", wrong[i]))
			fail_msg("%s", wrong[i]);
	char hash[PASSWORD_HASH];
	const char *too_long = long_text(PASSWORD_MOST + 1);
	password_hash(too_long, hash);
	assert_false(password_verify(too_long, hash));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_nobody_takes_as_long),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
