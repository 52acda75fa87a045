#include "common/disclosure.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { CHILDREN = 12, ROUNDS = 100000 };

/* What each child became: s shown, r in the rest group, . hidden. */
static void assert_decided(const struct disclosure_child *children, size_t count,
	const char *expected, bool full)
{
	enum disclosure_place places[CHILDREN];
	char got[CHILDREN + 1] = "";
	struct disclosure d = disclosure_decide(children, count, places);
	for (size_t i = 0; i < count; i++)
		got[i] = ".rs"[places[i]];
	assert_string_equal(got, expected);
	assert_int_equal(d.shown, strspn(expected, ".") < count);
	assert_int_equal(d.rest, strchr(expected, 'r') != NULL);
	assert_int_equal(d.full, full);
}

/* Children of two kinds of answers, as evenly as goes. */
static void assert_sizes(
	size_t count, const int64_t *sizes, const char *expected, bool full)
{
	struct disclosure_child children[CHILDREN] = { 0 };
	for (size_t i = 0; i < count; i++)
		children[i] = (struct disclosure_child){ true, 2,
			{ sizes[i] - sizes[i] / 2, sizes[i] / 2 } };
	assert_decided(children, count, expected, full);
}

#define SIZES(expected, full, ...)                                                       \
	assert_sizes(sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t),         \
		(const int64_t[]){ __VA_ARGS__ }, expected, full)

static void test_all_stand(void **state)
{
	(void)state;
	SIZES("sss", false, 10, 11, 12);
	SIZES("ss", true, 30, 30);
	SIZES("ss", false, 29, 1000);
	SIZES("sss", false, 1000, 29, 1000);
}

static void test_small_ones_join(void **state)
{
	(void)state;
	/* Two small ones that are enough together. */
	SIZES("srrs", false, 40, 9, 9, 50);
	/* Not enough: the smallest remaining sibling is added. */
	SIZES("srrrs", false, 60, 4, 5, 20, 30);
	/* One alone would be seen by subtracting: it takes the smallest along. */
	SIZES("srsr", false, 40, 12, 41, 9);
}

static void test_ties_take_the_first(void **state)
{
	(void)state;
	SIZES("rrss", false, 9, 20, 20, 20);
}

static void test_empty_ones_join_too(void **state)
{
	(void)state;
	/* Nobody answered, but somebody was asked: nothing may show that it is empty. */
	SIZES("rrs", true, 0, 40, 50);
	SIZES("rrrs", true, 0, 0, 50, 60);
}

static void test_fewer_than_two_groups(void **state)
{
	(void)state;
	SIZES("..", false, 9, 100);
	SIZES("...", false, 3, 4, 5);
	SIZES("...", false, 0, 0, 0);
	SIZES("..", false, 5, 5);
	/* A rest group beside one shown child is two groups. */
	SIZES("rrs", false, 5, 5, 10);
	/* The rest is enough only with all: one group. */
	SIZES("...", false, 1, 1, 10);
}

static void test_rest_decides_the_detail_too(void **state)
{
	(void)state;
	SIZES("rrs", false, 9, 9, 100);
	SIZES("rrrrs", true, 9, 9, 9, 9, 100);
	SIZES("rrs", true, 9, 30, 100);
	SIZES("rrs", false, 9, 20, 100);
}

static void test_alike(void **state)
{
	(void)state;
	/* All 20 said the same: what each of them said would be known. */
	const struct disclosure_child same[] = { { true, 3, { 0, 20, 0 } },
		{ true, 3, { 10, 20, 10 } }, { true, 3, { 0, 0, 50 } },
		{ true, 3, { 20, 20, 20 } } };
	assert_decided(same, 4, "rsrs", true);
	/* Joined they are still alike: one more is added. */
	const struct disclosure_child both[] = { { true, 3, { 0, 20, 0 } },
		{ true, 3, { 0, 30, 0 } }, { true, 3, { 5, 5, 50 } },
		{ true, 3, { 20, 20, 30 } } };
	assert_decided(both, 4, "rrrs", true);
	const struct disclosure_child all[] = { { true, 3, { 0, 20, 0 } },
		{ true, 3, { 0, 30, 0 } }, { true, 3, { 0, 40, 0 } } };
	assert_decided(all, 3, "...", false);
}

static void test_who_was_not_asked_is_no_child(void **state)
{
	(void)state;
	const struct disclosure_child two[] = { { true, 2, { 20, 20 } },
		{ false, 2, { 0 } }, { true, 2, { 20, 30 } } };
	assert_decided(two, 3, "s.s", true);
	/* It does not make up the rest group's second. */
	const struct disclosure_child rest[] = { { true, 2, { 1, 1 } },
		{ false, 2, { 0 } }, { true, 2, { 20, 30 } } };
	assert_decided(rest, 3, "...", false);
	/* Without siblings a child is the whole, and is known from there. */
	const struct disclosure_child alone[] = { { false, 2, { 0 } },
		{ true, 2, { 20, 30 } } };
	assert_decided(alone, 2, ".s", true);
	assert_decided(NULL, 0, "", false);
}

static void test_the_whole(void **state)
{
	(void)state;
	SIZES("s", true, 30);
	SIZES("s", false, 10);
	SIZES(".", false, 9);
	SIZES(".", false, 0);
	const struct disclosure_child same = { true, 3, { 0, 500, 0 } };
	assert_decided(&same, 1, ".", false);
}

/* How many answered, of one kind: alike has no meaning. */
static void test_one_kind(void **state)
{
	(void)state;
	const struct disclosure_child counts[] = { { true, 1, { 40 } },
		{ true, 1, { 9 } }, { true, 1, { 8 } }, { true, 1, { 30 } } };
	assert_decided(counts, 4, "srrs", false);
}

/* The rules once more, written independently of the code. */

static uint64_t seed;

static int64_t pick(int64_t bound)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (int64_t)((seed >> 33) % (uint64_t)bound);
}

struct group {
	size_t children;
	int64_t n;
	int64_t largest_kind;
	int64_t kinds[DISCLOSURE_KINDS];
};

static void add(struct group *g, const struct disclosure_child *c)
{
	g->children++;
	g->largest_kind = 0;
	for (size_t i = 0; i < c->kinds; i++) {
		g->kinds[i] += c->counts[i];
		g->n += c->counts[i];
		if (g->kinds[i] > g->largest_kind)
			g->largest_kind = g->kinds[i];
	}
}

static bool fit_to_show(const struct group *g, size_t kinds)
{
	return g->n >= 10 && (kinds == 1 || g->largest_kind < g->n);
}

static void make_children(
	struct disclosure_child *children, size_t count, size_t kinds, int64_t most)
{
	for (size_t i = 0; i < count; i++) {
		struct disclosure_child *c = &children[i];
		*c = (struct disclosure_child){ .exists = pick(10) > 0, .kinds = kinds };
		int64_t answers = c->exists ? pick(most) : 0;
		/* Often all alike. */
		size_t spread = pick(4) == 0 ? 1 : kinds;
		size_t first = (size_t)pick((int64_t)kinds);
		for (int64_t k = 0; k < answers; k++)
			c->counts[(first + (size_t)pick((int64_t)spread)) % kinds]++;
	}
}

struct seen {
	struct group rest;
	size_t exist, shown, hidden, fit;
	int64_t shown_answers, total, weakest;
};

static struct seen look(const struct disclosure_child *children, size_t count,
	size_t kinds, const enum disclosure_place *places)
{
	struct seen s = { .weakest = INT64_MAX };
	for (size_t i = 0; i < count; i++) {
		struct group alone = { 0 };
		add(&alone, &children[i]);
		s.exist += children[i].exists;
		s.total += alone.n;
		s.fit += children[i].exists && fit_to_show(&alone, kinds);
		if (!children[i].exists)
			assert_int_equal(places[i], DISCLOSURE_HIDDEN);
		else if (places[i] == DISCLOSURE_HIDDEN)
			s.hidden++;
		if (places[i] == DISCLOSURE_REST)
			add(&s.rest, &children[i]);
		if (places[i] != DISCLOSURE_SHOWN)
			continue;
		assert_true(fit_to_show(&alone, kinds));
		s.shown++;
		s.shown_answers += alone.n;
		if (alone.n < s.weakest)
			s.weakest = alone.n;
	}
	return s;
}

static void assert_safe(const struct disclosure_child *children, size_t count,
	size_t kinds, bool *ret_shown)
{
	enum disclosure_place places[CHILDREN];
	struct disclosure d = disclosure_decide(children, count, places);
	struct seen s = look(children, count, kinds, places);
	*ret_shown = d.shown;
	assert_int_equal(d.rest, s.rest.children > 0);
	if (!d.shown) {
		assert_int_equal(s.shown + s.rest.children, 0);
		assert_false(d.full);
		/* Nothing was withheld that could stand. */
		assert_false(s.exist > 1 && s.fit == s.exist);
		return;
	}
	assert_int_equal(s.hidden, 0);
	if (s.exist > 1)
		assert_true(s.shown + (s.rest.children > 0) >= 2);
	if (s.rest.children > 0) {
		/* Who knows the total and subtracts what is shown has the rest's n, which
		 * is shown anyway, and never that of one child. */
		assert_true(s.rest.children >= 2);
		assert_true(fit_to_show(&s.rest, kinds));
		assert_true(s.total - s.shown_answers == s.rest.n);
		if (s.rest.n < s.weakest)
			s.weakest = s.rest.n;
	} else {
		assert_true(s.total == s.shown_answers);
	}
	assert_int_equal(d.full, s.weakest >= 30);
}

static void test_random_breakdowns(void **state)
{
	(void)state;
	static const int64_t most[] = { 5, 15, 25, 45, 200 };
	size_t shown_ones = 0;
	seed = 1;
	for (int i = 0; i < ROUNDS; i++) {
		struct disclosure_child children[CHILDREN];
		size_t count = 1 + (size_t)pick(CHILDREN);
		size_t kinds = 1 + (size_t)pick(5);
		bool shown;
		make_children(children, count, kinds, most[pick(5)]);
		assert_safe(children, count, kinds, &shown);
		shown_ones += shown;
	}
	/* Both outcomes were tried often. */
	assert_in_range(shown_ones, ROUNDS / 4, ROUNDS * 3 / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_stand),
		cmocka_unit_test(test_small_ones_join),
		cmocka_unit_test(test_ties_take_the_first),
		cmocka_unit_test(test_empty_ones_join_too),
		cmocka_unit_test(test_fewer_than_two_groups),
		cmocka_unit_test(test_rest_decides_the_detail_too),
		cmocka_unit_test(test_alike),
		cmocka_unit_test(test_who_was_not_asked_is_no_child),
		cmocka_unit_test(test_the_whole),
		cmocka_unit_test(test_one_kind),
		cmocka_unit_test(test_random_breakdowns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
