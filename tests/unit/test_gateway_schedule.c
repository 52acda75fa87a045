#include "gateway_test.h"
#include "sms-gateway/schedule.h"

static void quiet(void **state)
{
	(void)state;
	struct schedule_quiet night, none, day;
	assert_int_equal(schedule_quiet_parse("20:00-08:00", &night), OK);
	assert_int_equal(schedule_quiet_parse("00:00-00:00", &none), OK);
	assert_int_equal(schedule_quiet_parse("11:30-13:00", &day), OK);
	int counts[3] = { 0 };
	for (int minute = 0; minute < 1440; minute++) {
		counts[0] += schedule_is_quiet(&night, minute);
		counts[1] += schedule_is_quiet(&none, minute);
		counts[2] += schedule_is_quiet(&day, minute);
	}
	assert_int_equal(counts[0], 720);
	assert_int_equal(counts[1], 0);
	assert_int_equal(counts[2], 90);
	assert_true(schedule_is_quiet(&night, 1200));
	assert_false(schedule_is_quiet(&night, 1199));
	assert_true(schedule_is_quiet(&night, 479));
	assert_false(schedule_is_quiet(&night, 480));
	assert_true(schedule_is_quiet(&night, 0));
}

static void quiet_badly_written(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "20:00", "20:00-8:00", "24:00-08:00",
		"20:60-08:00", "20.00-08.00", "20:00-08:000", "-1:00-08:00",
		"2a:00-08:00" };
	struct schedule_quiet q = { 1, 2 };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(schedule_quiet_parse(bad[i], &q), ERR_INPUT);
	assert_int_equal(q.from, 1);
}

static void pace(void **state)
{
	(void)state;
	struct schedule_bucket b;
	schedule_bucket_init(&b, 10, 0);
	int64_t now = 0;
	unsigned taken = 0;
	while (taken < 1000) {
		int64_t wait = schedule_bucket_take(&b, 2, now);
		if (wait)
			now += wait;
		else
			taken += 2;
	}
	/* The first second's worth is there from the start. */
	assert_in_range(now, 99000, 99400);
	schedule_bucket_init(&b, 2, 0);
	assert_int_equal(schedule_bucket_take(&b, 6, 0), 0);
	assert_in_range(schedule_bucket_take(&b, 1, 0), 2400, 2600);
	assert_int_equal(schedule_bucket_take(&b, 1, 3000), 0);
}

static void backoff(void **state)
{
	(void)state;
	assert_int_equal(schedule_backoff(1000, 60000, 1, 0), 0);
	assert_int_equal(schedule_backoff(1000, 60000, 1, UINT32_MAX), 1000);
	assert_int_equal(schedule_backoff(1000, 60000, 4, UINT32_MAX), 8000);
	assert_int_equal(schedule_backoff(1000, 60000, 4, UINT32_MAX / 2), 4000);
	assert_int_equal(schedule_backoff(1000, 60000, 7, UINT32_MAX), 60000);
	assert_int_equal(schedule_backoff(1000, 60000, 1000000, UINT32_MAX), 60000);
}

static int minute_of(int64_t now)
{
	return (int)(now / 60 % 1440);
}

static void done(void **state)
{
	(void)state;
	struct schedule_quiet night = { 1200, 480 };
	struct schedule_quiet none = { 0, 0 };
	assert_int_equal(schedule_done(12 * 3600, 0, 10, &night, minute_of), 12 * 3600);
	assert_int_equal(
		schedule_done(12 * 3600, 1000, 10, &night, minute_of), 12 * 3600 + 100);
	/* Ten seconds before the quiet hours: the rest goes in the morning. */
	assert_int_equal(schedule_done(20 * 3600 - 10, 200, 10, &night, minute_of),
		32 * 3600 + 10);
	assert_int_equal(schedule_done(0, 864000, 10, &none, minute_of), 86400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quiet),
		cmocka_unit_test(quiet_badly_written),
		cmocka_unit_test(pace),
		cmocka_unit_test(backoff),
		cmocka_unit_test(done),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
