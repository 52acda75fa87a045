#include "wave.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum {
	BEFORE = 20270131,
	FIRST = 20270201,
	MIDDLE = 20270228,
	LAST = 20270315,
	AFTER = 20270316,
	YEARS_AFTER = 20300101
};

static const day days[] = { BEFORE, FIRST, MIDDLE, LAST, AFTER, YEARS_AFTER };
enum { DAYS = sizeof days / sizeof *days };

/* The phases on each of the days. */
static void assert_phases(enum custody custody, enum wave_state stored,
	const enum wave_state expected[static DAYS])
{
	struct wave w = {
		.opens = FIRST, .closes = LAST, .custody = custody, .state = stored
	};
	for (size_t i = 0; i < DAYS; i++)
		assert_int_equal(wave_phase(&w, days[i]), expected[i]);
}

static void test_custody_server_opens_and_closes_by_itself(void **state)
{
	(void)state;
	static const enum wave_state expected[DAYS] = { WAVE_PLANNED, WAVE_OPEN,
		WAVE_OPEN, WAVE_OPEN, WAVE_CLOSED, WAVE_CLOSED };
	assert_phases(CUSTODY_SERVER, WAVE_PLANNED, expected);
	assert_phases(CUSTODY_SERVER, WAVE_OPEN, expected);
}

/* Until the key has been typed back the wave takes no answers: none could be counted. */
static void test_custody_paper_waits_for_the_key(void **state)
{
	(void)state;
	static const enum wave_state planned[DAYS] = { WAVE_PLANNED, WAVE_PLANNED,
		WAVE_PLANNED, WAVE_PLANNED, WAVE_PLANNED, WAVE_PLANNED };
	static const enum wave_state opened[DAYS] = { WAVE_PLANNED, WAVE_OPEN, WAVE_OPEN,
		WAVE_OPEN, WAVE_CLOSED, WAVE_CLOSED };
	assert_phases(CUSTODY_PAPER, WAVE_PLANNED, planned);
	assert_phases(CUSTODY_PAPER, WAVE_OPEN, opened);
}

static void test_later_states_do_not_depend_on_the_day(void **state)
{
	(void)state;
	static const enum wave_state later[] = { WAVE_CLOSED, WAVE_BURNING, WAVE_COUNTED,
		WAVE_PUBLISHED };
	for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
		enum wave_state same[DAYS];
		for (size_t k = 0; k < DAYS; k++)
			same[k] = later[i];
		assert_phases(CUSTODY_PAPER, later[i], same);
		assert_phases(CUSTODY_SERVER, later[i], same);
	}
}

static void test_wave_of_one_day(void **state)
{
	(void)state;
	struct wave w = { .opens = FIRST, .closes = FIRST, .custody = CUSTODY_SERVER };
	assert_int_equal(wave_phase(&w, BEFORE), WAVE_PLANNED);
	assert_int_equal(wave_phase(&w, FIRST), WAVE_OPEN);
	assert_int_equal(wave_phase(&w, FIRST + 1), WAVE_CLOSED);
}

/* Scripts and the other daemon read these words; the numbers are stored. */
static void test_words(void **state)
{
	(void)state;
	static const char *const words[] = { "planned", "open", "closed", "burning",
		"counted", "published" };
	static const char *const swedish[] = { "planerad", "öppen", "stängd",
		"räknad, gallring pågår", "räknad", "publicerad" };
	for (int i = 0; i < 6; i++) {
		assert_string_equal(wave_phase_word((enum wave_state)i), words[i]);
		assert_string_equal(wave_phase_swedish((enum wave_state)i), swedish[i]);
	}
	assert_int_equal(CUSTODY_PAPER, 1);
	assert_int_equal(CUSTODY_SERVER, 2);
}

static void test_names(void **state)
{
	(void)state;
	static const char *const valid[] = { "2027-1", "a", "v", "0-",
		"01234567890123456789012345678901" };
	static const char *const wrong[] = { "", "-", "-1", "2027/1", "2027 1", "2027.1",
		"vår", "V", "2027-Vt", "../x", "a\n", "a%", "a_b",
		"012345678901234567890123456789012" };
	for (size_t i = 0; i < sizeof valid / sizeof *valid; i++)
		assert_true(wave_name_valid(valid[i]));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(wave_name_valid(wrong[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_custody_server_opens_and_closes_by_itself),
		cmocka_unit_test(test_custody_paper_waits_for_the_key),
		cmocka_unit_test(test_later_states_do_not_depend_on_the_day),
		cmocka_unit_test(test_wave_of_one_day),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
