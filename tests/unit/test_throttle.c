#include "common/staff/throttle.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { START = 5000, SECOND = 1000, ENTRIES = 4096 };

static const struct throttle_try anna = { "anna.ek", "192.0.2.1", NULL };
static const struct throttle_try elsewhere = { "anna.ek", "192.0.2.2", NULL };
static const struct throttle_try other = { "bo.ek", "192.0.2.1", NULL };
static const struct throttle_try known = { "anna.ek", "192.0.2.1", "device 1" };

static struct throttle *t;

static int start(void **state)
{
	(void)state;
	t = throttle_create();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	throttle_destroy(t);
	return 0;
}

static void fail_times(const struct throttle_try *y, int64_t ticks, int times)
{
	while (times--)
		throttle_failed(t, y, ticks);
}

/* A try of a name that nobody has used yet. */
static struct throttle_try nobody(const char *address)
{
	static char name[32];
	static int count;
	(void)snprintf(name, sizeof name, "nobody%d", count++);
	return (struct throttle_try){ name, address, NULL };
}

static void test_grows(void **state)
{
	(void)state;
	static const int64_t waits[] = { 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60 };
	for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
		assert_int_equal(throttle_wait(t, &anna, START), waits[i] * SECOND);
		throttle_failed(t, &anna, START);
	}
	fail_times(&anna, START, 1000);
	assert_int_equal(throttle_wait(t, &anna, START), THROTTLE_MOST_MS);
}

/* From the last failure on, and asking costs nothing. */
static void test_passes_by(void **state)
{
	(void)state;
	fail_times(&anna, START, 4);
	assert_int_equal(throttle_wait(t, &anna, START + 500), 1500);
	assert_int_equal(throttle_wait(t, &anna, START + 1999), 1);
	assert_int_equal(throttle_wait(t, &anna, START + 2000), 0);
	assert_int_equal(throttle_wait(t, &anna, START + 9000), 0);
	throttle_failed(t, &anna, START + 9000);
	assert_int_equal(throttle_wait(t, &anna, START + 9000), 4000);
}

static void test_nobody_is_locked_out(void **state)
{
	(void)state;
	fail_times(&elsewhere, START, 1000);
	assert_int_equal(throttle_wait(t, &elsewhere, START), THROTTLE_MOST_MS);
	/* Not from another place, not another account, not a device that is known. */
	assert_int_equal(throttle_wait(t, &anna, START), 0);
	fail_times(&anna, START, 5);
	assert_int_equal(throttle_wait(t, &other, START), 0);
	fail_times(&anna, START, 1000);
	assert_int_equal(throttle_wait(t, &anna, START), THROTTLE_MOST_MS);
	assert_int_equal(throttle_wait(t, &known, START), 0);
}

static void test_place(void **state)
{
	(void)state;
	struct throttle_try y;
	for (int i = 0; i < THROTTLE_PLACE_FREE; i++) {
		y = nobody("192.0.2.1");
		assert_int_equal(throttle_wait(t, &y, START), 0);
		throttle_failed(t, &y, START);
	}
	assert_int_equal(throttle_wait(t, &anna, START), 1000);
	throttle_failed(t, &anna, START);
	assert_int_equal(throttle_wait(t, &other, START), 2000);
	assert_int_equal(throttle_wait(t, &elsewhere, START), 0);
	assert_int_equal(throttle_wait(t, &known, START), 0);
}

/* A device that proves itself has its own count, and adds to no other. */
static void test_device(void **state)
{
	(void)state;
	struct throttle_try second = known, another = known, moved = known;
	second.device = "device 2";
	another.name = "bo.ek";
	moved.address = "192.0.2.9";
	fail_times(&known, START, 100);
	assert_int_equal(throttle_wait(t, &known, START), THROTTLE_MOST_MS);
	assert_int_equal(throttle_wait(t, &moved, START), THROTTLE_MOST_MS);
	assert_int_equal(throttle_wait(t, &second, START), 0);
	assert_int_equal(throttle_wait(t, &another, START), 0);
	assert_int_equal(throttle_wait(t, &anna, START), 0);
	assert_int_equal(throttle_wait(t, &other, START), 0);
}

/* Where one text ends and the next begins makes a difference. */
static void test_told_apart(void **state)
{
	(void)state;
	static const struct throttle_try alike[] = { { "an", "na", NULL },
		{ "ann", "a", NULL }, { "an", "", "na" }, { "", "anna", NULL },
		{ "", "", "anna" }, { "", "na", NULL } };
	enum { COUNT = sizeof alike / sizeof *alike };
	for (size_t i = 0; i < COUNT; i++) {
		fail_times(&alike[i], START, THROTTLE_FREE);
		for (size_t k = 0; k < COUNT; k++)
			assert_int_equal(
				throttle_wait(t, &alike[k], START), k <= i ? 1000 : 0);
	}
}

static void test_passed(void **state)
{
	(void)state;
	fail_times(&elsewhere, START, 5);
	fail_times(&known, START, 5);
	fail_times(&anna, START, 5);
	throttle_passed(t, &anna);
	assert_int_equal(throttle_wait(t, &anna, START), 0);
	assert_int_equal(throttle_wait(t, &elsewhere, START), 4000);
	assert_int_equal(throttle_wait(t, &known, START), 4000);
	throttle_passed(t, &known);
	assert_int_equal(throttle_wait(t, &known, START), 0);
	/* One of the place's five: sixteen more until it waits. */
	fail_times(&other, START, 15);
	assert_int_equal(throttle_wait(t, &anna, START), 0);
	throttle_failed(t, &other, START);
	assert_int_equal(throttle_wait(t, &anna, START), 1000);
	/* Nothing to take back is fine. */
	throttle_passed(t, &(struct throttle_try){ "x", "y", NULL });
	throttle_passed(t, &(struct throttle_try){ "x", "y", "z" });
}

/* Who has an account can't use it to try others without end. */
static void test_passing_does_not_clear_the_place(void **state)
{
	(void)state;
	struct throttle_try y;
	for (int i = 0; i < THROTTLE_PLACE_FREE; i++) {
		y = nobody("192.0.2.1");
		throttle_failed(t, &y, START);
		throttle_failed(t, &anna, START);
		throttle_passed(t, &anna);
	}
	assert_int_equal(throttle_wait(t, &anna, START), 1000);
}

/* An office behind one address: those who sign in do not put off its being forgotten, and
 * do not make the next one wait. */
static void test_passing_is_no_failure(void **state)
{
	(void)state;
	fail_times(&other, START, THROTTLE_PLACE_FREE + 3);
	int64_t later = START + THROTTLE_MOST_MS;
	throttle_failed(t, &anna, later);
	assert_int_equal(throttle_wait(t, &elsewhere, later), 0);
	throttle_passed(t, &anna);
	assert_int_equal(throttle_wait(t, &anna, later), 0);
	later = START + THROTTLE_FORGET_MS - 1;
	throttle_failed(t, &anna, later);
	throttle_passed(t, &anna);
	later++;
	throttle_failed(t, &anna, later);
	assert_int_equal(throttle_wait(t, &anna, later), 0);
}

static void test_side_by_side(void **state)
{
	(void)state;
	int let_in = 0;
	for (int i = 0; i < 50; i++)
		if (throttle_wait(t, &anna, START) == 0) {
			throttle_failed(t, &anna, START);
			let_in++;
		}
	assert_int_equal(let_in, THROTTLE_FREE);
}

static void test_forgets(void **state)
{
	(void)state;
	fail_times(&anna, START, 2);
	throttle_failed(t, &anna, START + THROTTLE_FORGET_MS - 1);
	assert_int_equal(throttle_wait(t, &anna, START + THROTTLE_FORGET_MS - 1), 1000);
	throttle_failed(t, &anna, START + 2 * THROTTLE_FORGET_MS - 2);
	assert_int_equal(
		throttle_wait(t, &anna, START + 2 * THROTTLE_FORGET_MS - 2), 2000);
	throttle_failed(t, &anna, START + 3 * THROTTLE_FORGET_MS - 2);
	assert_int_equal(throttle_wait(t, &anna, START + 3 * THROTTLE_FORGET_MS - 2), 0);
}

/* The memory does not grow; what goes is what was longest idle, not what is tried now. */
static void test_full(void **state)
{
	(void)state;
	char device[32];
	struct throttle_try y = { "anna.ek", "", device };
	fail_times(&elsewhere, START, 10);
	for (int i = 0; i < ENTRIES - 2; i++) {
		(void)snprintf(device, sizeof device, "device %d", i);
		fail_times(&y, START + 1 + i, THROTTLE_FREE);
	}
	int64_t now = START + ENTRIES;
	assert_int_equal(throttle_wait(t, &elsewhere, now), THROTTLE_MOST_MS - ENTRIES);
	/* Used again, it is no longer the oldest. */
	throttle_failed(t, &elsewhere, now);
	(void)snprintf(device, sizeof device, "device more");
	fail_times(&y, now, THROTTLE_FREE);
	assert_int_equal(throttle_wait(t, &y, now), 1000);
	assert_int_equal(throttle_wait(t, &elsewhere, now), THROTTLE_MOST_MS);
	for (int i = 0; i < ENTRIES; i++) {
		(void)snprintf(device, sizeof device, "device again %d", i);
		throttle_failed(t, &y, now + 1 + i);
	}
	assert_int_equal(throttle_wait(t, &elsewhere, now), 0);
}

/* A device's wait tells whether it still has an entry. */
static void test_only_the_oldest_goes(void **state)
{
	(void)state;
	char device[32];
	struct throttle_try y = { "anna.ek", "", device };
	for (int i = 0; i < ENTRIES; i++) {
		(void)snprintf(device, sizeof device, "%d", i);
		/* The oldest stands in the middle. */
		fail_times(&y, START + (i < 1000 ? 1 : i == 1000 ? 0 : 2), THROTTLE_FREE);
	}
	(void)snprintf(device, sizeof device, "new");
	fail_times(&y, START + 3, THROTTLE_FREE);
	for (int i = 0; i < ENTRIES; i++) {
		(void)snprintf(device, sizeof device, "%d", i);
		assert_int_equal(throttle_wait(t, &y, START + 3) > 0, i != 1000);
	}
	throttle_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_grows, start, stop),
		cmocka_unit_test_setup_teardown(test_passes_by, start, stop),
		cmocka_unit_test_setup_teardown(test_nobody_is_locked_out, start, stop),
		cmocka_unit_test_setup_teardown(test_place, start, stop),
		cmocka_unit_test_setup_teardown(test_device, start, stop),
		cmocka_unit_test_setup_teardown(test_told_apart, start, stop),
		cmocka_unit_test_setup_teardown(test_passed, start, stop),
		cmocka_unit_test_setup_teardown(
			test_passing_does_not_clear_the_place, start, stop),
		cmocka_unit_test_setup_teardown(test_passing_is_no_failure, start, stop),
		cmocka_unit_test_setup_teardown(test_side_by_side, start, stop),
		cmocka_unit_test_setup_teardown(test_forgets, start, stop),
		cmocka_unit_test_setup_teardown(test_full, start, stop),
		cmocka_unit_test_setup_teardown(test_only_the_oldest_goes, start, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
