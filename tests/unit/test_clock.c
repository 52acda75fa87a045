#include "common/clock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static int start(void **state)
{
	(void)state;
	setenv("TZ", "America/New_York", 1);
	clock_init();
	return 0;
}

/* 2027-03-28 01:00 UTC: from 02:00 to 03:00. */
static void test_spring_night(void **state)
{
	(void)state;
	const int64_t change = 1806195600;
	assert_int_equal(clock_minute(change - 60), 119);
	assert_int_equal(clock_minute(change), 180);
	assert_int_equal(clock_day(change), 20270328);
	/* The day before begins 23 hours before midnight after it, and a second before is
	 * another day. */
	assert_int_equal(clock_day(change - 2 * 3600), 20270328);
	assert_int_equal(clock_day(change - 2 * 3600 - 1), 20270327);
	assert_int_equal(clock_day(change - 2 * 3600 + 23 * 3600), 20270329);
}

/* 2027-10-31 01:00 UTC: from 03:00 back to 02:00. */
static void test_autumn_night(void **state)
{
	(void)state;
	const int64_t change = 1824944400;
	assert_int_equal(clock_minute(change - 60), 179);
	assert_int_equal(clock_minute(change), 120);
	assert_int_equal(clock_minute(change + 3599), 179);
	assert_int_equal(clock_minute(change + 3600), 180);
	assert_int_equal(clock_day(change - 3 * 3600), 20271031);
	assert_int_equal(clock_day(change - 3 * 3600 - 1), 20271030);
	assert_int_equal(clock_day(change - 3 * 3600 + 25 * 3600), 20271101);
}

static void test_year_turns_in_stockholm(void **state)
{
	(void)state;
	assert_int_equal(clock_day(1798758000 - 1), 20261231);
	assert_int_equal(clock_day(1798758000), 20270101);
	assert_int_equal(clock_minute(1798758000), 0);
	assert_int_equal(clock_minute(1798758000 - 1), 1439);
}

static void test_time_goes_forward(void **state)
{
	(void)state;
	int64_t ticks = clock_ticks();
	assert_true(clock_ticks() >= ticks);
	assert_true(clock_now() > 1700000000);
}

static void test_parse(void **state)
{
	(void)state;
	day d = 0;
	assert_int_equal(day_parse("2027-02-01", &d), OK);
	assert_int_equal(d, 20270201);
	assert_int_equal(day_parse("2028-02-29", &d), OK);
	assert_int_equal(day_parse("2000-02-29", &d), OK);
	assert_int_equal(d, 20000229);
	static const char *const wrong[] = { "", "2027", "2027-2-1", "2027-02-30",
		"2027-02-29", "1900-02-29", "2027-13-01", "2027-00-01", "2027-01-00",
		"2027-01-32", "2027-04-31", "0000-01-01", "2027/02/01", "20270201",
		" 2027-02-01", "2027-02-01 ", "2027-02-0x", "+027-02-01", "2027-02-011" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(day_parse(wrong[i], &d), ERR_INPUT);
	assert_int_equal(d, 20000229);
}

static void test_format(void **state)
{
	(void)state;
	char text[11];
	char swedish[32];
	day_format(20270201, text);
	assert_string_equal(text, "2027-02-01");
	day_swedish(20270201, swedish);
	assert_string_equal(swedish, "1 februari 2027");
	day_swedish(20271231, swedish);
	assert_string_equal(swedish, "31 december 2027");
	day_swedish(0, swedish);
	assert_string_equal(swedish, "0  0");
}

static void test_add(void **state)
{
	(void)state;
	static const struct {
		day from;
		long days;
		day to;
	} cases[] = { { 20270320, 0, 20270320 }, { 20270320, 1, 20270321 },
		{ 20270320, 30, 20270419 }, { 20270131, 1, 20270201 },
		{ 20270228, 1, 20270301 }, { 20280228, 1, 20280229 },
		{ 20280229, 1, 20280301 }, { 21000228, 1, 21000301 },
		{ 20271231, 1, 20280101 }, { 20271130, 62, 20280131 },
		{ 20270101, 365, 20280101 }, { 20280101, 366, 20290101 },
		{ 20000101, 146097, 24000101 } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(day_add(cases[i].from, cases[i].days), cases[i].to);
	/* Each day once, and none that does not exist. */
	day before = 20230101;
	for (long n = 1; n < 1500; n++) {
		day d = day_add(20230101, n);
		assert_true(d > before);
		assert_int_equal(d, day_add(before, 1));
		assert_true(day_valid(d / 10000, d / 100 % 100, d % 100));
		before = d;
	}
	assert_int_equal(before, 20270208);
}

static void test_age(void **state)
{
	(void)state;
	assert_int_equal(day_age(19900615, 20270614), 36);
	assert_int_equal(day_age(19900615, 20270615), 37);
	assert_int_equal(day_age(20270615, 20270615), 0);
	assert_int_equal(day_age(20270616, 20270615), -1);
}

static void test_age_of_those_born_on_leap_day(void **state)
{
	(void)state;
	assert_int_equal(day_age(20000229, 20180227), 17);
	assert_int_equal(day_age(20000229, 20180228), 18);
	assert_int_equal(day_age(20000229, 20180301), 18);
	assert_int_equal(day_age(20000229, 20200228), 19);
	assert_int_equal(day_age(20000229, 20200229), 20);
	/* And of others on that day. */
	assert_int_equal(day_age(20000301, 20200229), 19);
	assert_int_equal(day_age(20000228, 20200229), 20);
}

static void test_missing_zone_is_loud(void **state)
{
	(void)state;
	pid_t child = fork();
	if (child == 0) {
		(void)!freopen("/dev/null", "w", stderr);
		setenv("TZDIR", "/no/such/folder", 1);
		setenv("TZ", "UTC", 1);
		tzset();
		clock_init();
		_exit(0);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spring_night),
		cmocka_unit_test(test_autumn_night),
		cmocka_unit_test(test_year_turns_in_stockholm),
		cmocka_unit_test(test_time_goes_forward),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_age_of_those_born_on_leap_day),
		cmocka_unit_test(test_missing_zone_is_loud),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
