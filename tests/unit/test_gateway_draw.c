#include "common/secret.h"
#include "gateway_test.h"
#include "sms-gateway/draw.h"
#include <stdio.h>
#include <string.h>

static void hash_of(const char *name, size_t number, uint8_t out[static 32])
{
	char text[40];
	int len = snprintf(text, sizeof text, "%s %zu", name, number);
	secret_sha256(text, (size_t)len, out);
}

/* All may be drawn, each `strata`-th from the same stratum. */
static void make(struct draw_person *persons, size_t count, unsigned strata)
{
	for (size_t i = 0; i < count; i++) {
		persons[i] = (struct draw_person){ .stratum = (unsigned)i % strata,
			.can = true };
		hash_of("person", i, persons[i].person);
	}
}

static void assert_drawn(
	const struct draw_person *persons, size_t count, const char *wanted)
{
	char drawn[100] = "";
	for (size_t i = 0; i < count; i++)
		strcat(drawn, persons[i].drawn ? "x" : "-");
	assert_string_equal(drawn, wanted);
}

static const uint8_t seed[DRAW_SEED] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31 };

/* Computed with sha256sum: the smallest numbers are 3 and 6 of 0, 3, 6, 9; 4 and 10 of
 * 1, 4, 7, 10; 11 and 8 of 2, 5, 8, 11. */
static void anyone_can_repeat_it(void **state)
{
	(void)state;
	struct draw_person persons[12];
	make(persons, 12, 3);
	draw_run(seed, persons, 12, 2);
	assert_drawn(persons, 12, "---xx-x-x-xx");
	draw_run(seed, persons, 12, 1);
	assert_drawn(persons, 12, "---xx------x");
	persons[4].can = false;
	persons[11].can = false;
	draw_run(seed, persons, 12, 1);
	assert_drawn(persons, 12, "---x----x-x-");
}

static void too_few(void **state)
{
	(void)state;
	struct draw_person persons[12];
	make(persons, 12, 3);
	draw_run(seed, persons, 12, 4);
	assert_drawn(persons, 12, "xxxxxxxxxxxx");
	persons[0].can = false;
	draw_run(seed, persons, 12, 1000);
	assert_drawn(persons, 12, "-xxxxxxxxxxx");
	draw_run(seed, persons, 12, 0);
	assert_drawn(persons, 12, "------------");
	for (size_t i = 0; i < 12; i++)
		persons[i] = (struct draw_person){ .drawn = true };
	draw_run(seed, persons, 12, 1);
	assert_drawn(persons, 12, "------------");
	draw_run(seed, NULL, 0, 1);
}

/* Nor does what happens in another stratum, or who can't be drawn. */
static void order_does_not_matter(void **state)
{
	(void)state;
	enum { COUNT = 60 };
	struct draw_person persons[COUNT], turned[COUNT];
	make(persons, COUNT, 4);
	for (size_t i = 0; i < COUNT; i++) {
		persons[i].can = i % 5 != 0;
		turned[(i * 7 + 3) % COUNT] = persons[i];
	}
	draw_run(seed, persons, COUNT, 5);
	draw_run(seed, turned, COUNT, 5);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(turned[(i * 7 + 3) % COUNT].drawn, persons[i].drawn);
	struct draw_person alone[COUNT / 4];
	for (size_t i = 0; i < COUNT / 4; i++)
		alone[i] = persons[i * 4];
	draw_run(seed, alone, COUNT / 4, 5);
	for (size_t i = 0; i < COUNT / 4; i++)
		assert_int_equal(alone[i].drawn, persons[i * 4].drawn);
}

/* Over the seeds everybody is drawn equally often, and so is every pair of neighbours.
 * In a simple random sample of n of N persons the sum of (O − E)² / (E (1 − n/N)), times
 * (N − 1)/N, is distributed as chi-square with N − 1 degrees of freedom. */
static void everybody_equally_often(void **state)
{
	(void)state;
	enum { COUNT = 40, SIZE = 10, SEEDS = 1000 };
	struct draw_person persons[COUNT];
	int times[COUNT] = { 0 }, pairs = 0;
	make(persons, COUNT, 1);
	for (size_t s = 0; s < SEEDS; s++) {
		uint8_t one_seed[DRAW_SEED];
		size_t drawn = 0;
		hash_of("seed", s, one_seed);
		draw_run(one_seed, persons, COUNT, SIZE);
		for (size_t i = 0; i < COUNT; i++) {
			times[i] += persons[i].drawn;
			drawn += persons[i].drawn;
			pairs += persons[i].drawn && persons[(i + 1) % COUNT].drawn;
		}
		assert_int_equal(drawn, SIZE);
	}
	double expected = (double)SEEDS * SIZE / COUNT, sum = 0;
	for (size_t i = 0; i < COUNT; i++)
		sum += (times[i] - expected) * (times[i] - expected) / expected;
	double chi = sum / (1 - (double)SIZE / COUNT) * (COUNT - 1) / COUNT;
	/* 39 degrees of freedom: one chance in a thousand on either side. */
	if (chi < 17.26 || chi > 72.05)
		fail_msg("chi-square is %g", chi);
	/* 2,308 expected, standard deviation 37. */
	if (pairs < 2180 || pairs > 2436)
		fail_msg("%d pairs", pairs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anyone_can_repeat_it),
		cmocka_unit_test(too_few),
		cmocka_unit_test(order_does_not_matter),
		cmocka_unit_test(everybody_equally_often),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
