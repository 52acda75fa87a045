#include "stats.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Five grades with the best first, and "vet inte". */
static const struct question five = { .grades = 5,
	.option_count = 6,
	.options = { { 1, 5, "" }, { 2, 4, "" }, { 3, 3, "" }, { 4, 2, "" }, { 5, 1, "" },
		{ 6, 0, "" } } };
static const struct question four = { .grades = 4,
	.option_count = 5,
	.options = {
		{ 1, 4, "" }, { 2, 3, "" }, { 3, 2, "" }, { 4, 1, "" }, { 5, 0, "" } } };

static void assert_near(double got, double expected)
{
	if (!(fabs(got - expected) <= 1e-14))
		fail_msg("%.17g is not %.17g", got, expected);
}

static void test_tally(void **state)
{
	(void)state;
	static const uint8_t answers[] = { 1, 1, 2, 5, 6, 6, 6, 0, 0, 9 };
	struct tally t = { 0 }, sum = { .options = { 1, 1, 1, 1, 1, 1 }, .missing = 1 };
	for (size_t i = 0; i < sizeof answers; i++)
		tally_add(&t, &five, answers[i]);
	assert_int_equal(t.options[0], 2);
	assert_int_equal(t.options[1], 1);
	assert_int_equal(t.options[2], 0);
	assert_int_equal(t.options[4], 1);
	assert_int_equal(t.options[5], 3);
	assert_int_equal(t.missing, 3);
	assert_int_equal(stats_graded(&five, &t), 4);
	assert_int_equal(stats_dont_know(&five, &t), 3);
	assert_int_equal(stats_positive(&five, &t), 3);
	tally_join(&sum, &t);
	assert_int_equal(sum.options[0], 3);
	assert_int_equal(sum.options[5], 4);
	assert_int_equal(sum.missing, 4);
}

/* Positive are the two best grades, wherever they stand. */
static void test_positive_by_grade(void **state)
{
	(void)state;
	static const struct question turned = { .grades = 3,
		.option_count = 4,
		.options = { { 4, 0, "" }, { 1, 1, "" }, { 2, 3, "" }, { 3, 2, "" } } };
	const struct tally t = { .options = { 1000, 100, 10, 1 } };
	assert_int_equal(stats_graded(&turned, &t), 111);
	assert_int_equal(stats_positive(&turned, &t), 11);
	assert_int_equal(stats_dont_know(&turned, &t), 1000);
	const struct tally u = { .options = { 1, 10, 100, 1000, 10000 } };
	assert_int_equal(stats_positive(&four, &u), 11);
	assert_int_equal(stats_graded(&four, &u), 1111);
}

static void test_mean100(void **state)
{
	(void)state;
	static const struct {
		const struct question *question;
		struct tally tally;
		double mean;
	} cases[] = {
		{ &five, { .options = { 3 } }, 100 },
		{ &five, { .options = { 0, 0, 0, 0, 3 } }, 0 },
		{ &five, { .options = { 1, 0, 0, 0, 1 } }, 50 },
		{ &five, { .options = { 1, 2, 3, 4, 5, 99 }, .missing = 50 },
			(1 * 100 + 2 * 75 + 3 * 50 + 4 * 25) / 15.0 },
		{ &four, { .options = { 1, 1, 1, 1, 7 } }, 50 },
		{ &four, { .options = { 0, 1 } }, 200 / 3.0 },
		{ &four, { .options = { 2, 0, 1 } }, (200 + 100 / 3.0) / 3 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_near(stats_mean100(cases[i].question, &cases[i].tally) / 100,
			cases[i].mean / 100);
}

/* Computed with Python's decimal module in 40 digits from the formula of E. B. Wilson. */
static void test_wilson(void **state)
{
	(void)state;
	static const struct {
		double positive, n, low, high;
	} cases[] = {
		{ 0, 10, 0, 0.2775327998628892 },
		{ 10, 10, 0.72246720013711074, 1 },
		{ 5, 10, 0.236593090512564, 0.76340690948743595 },
		{ 8, 10, 0.49016247153664172, 0.94331784854562473 },
		{ 1, 29, 0.0061132142927626618, 0.17175521879320285 },
		{ 7, 12, 0.31951131254954973, 0.80673968634124349 },
		{ 150, 400, 0.32895707946316299, 0.42342099412041118 },
		{ 2713, 9412, 0.27918617606825141, 0.29748469106216918 },
		{ 1, 1, 0.20654931437723742, 1 },
		/* Effective numbers need not be whole. */
		{ 3.5, 7.25, 0.19458950380172002, 0.78287062979823918 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct interval w = stats_wilson(cases[i].positive, cases[i].n);
		assert_near(w.low, cases[i].low);
		assert_near(w.high, cases[i].high);
	}
}

static void test_wilson_stays_within(void **state)
{
	(void)state;
	for (int n = 1; n <= 300; n++) {
		for (int positive = 0; positive <= n; positive++) {
			struct interval w = stats_wilson(positive, n);
			struct interval mirror = stats_wilson(n - positive, n);
			double p = (double)positive / n;
			assert_true(w.low >= 0 && w.high <= 1);
			assert_true(w.low <= p + 1e-15 && w.high >= p - 1e-15);
			assert_near(w.low, 1 - mirror.high);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tally),
		cmocka_unit_test(test_positive_by_grade),
		cmocka_unit_test(test_mean100),
		cmocka_unit_test(test_wilson),
		cmocka_unit_test(test_wilson_stays_within),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
