#include "gateway_test.h"
#include "sms-gateway/frame.h"
#include <string.h>

static const struct rules rules = { .shortest = 1, .youngest = 13, .adult = 18 };

/* In the frame until something is changed. */
static struct frame_person grown_up(void)
{
	return (struct frame_person){ .age = 40 };
}

static void one_rule_each(void **state)
{
	(void)state;
	struct frame_person p = grown_up();
	assert_int_equal(frame_check(&rules, &p), REASON_NONE);
	p.is_protected = true;
	assert_int_equal(frame_check(&rules, &p), REASON_PROTECTED);
	p = grown_up();
	p.exempt_area = true;
	assert_int_equal(frame_check(&rules, &p), REASON_EXEMPT);
	p = grown_up();
	p.exempt_measure = true;
	assert_int_equal(frame_check(&rules, &p), REASON_MEASURE);
	p = grown_up();
	p.ground = FRAME_GROUND_OTHER;
	assert_int_equal(frame_check(&rules, &p), REASON_GROUND);
	p.ground = FRAME_GROUND_UNKNOWN;
	assert_int_equal(frame_check(&rules, &p), REASON_GROUND_UNKNOWN);
	p.ground = FRAME_GROUND_COUNTS;
	assert_int_equal(frame_check(&rules, &p), REASON_NONE);
	p.ground = FRAME_GROUND_UNTOLD;
	assert_int_equal(frame_check(&rules, &p), REASON_NONE);
}

static void what_the_unit_says_of_sms(void **state)
{
	(void)state;
	static const struct {
		bool unsafe;
		enum frame_answer sms;
		int age;
		enum reason reason;
	} cases[] = {
		{ false, FRAME_NO, 40, REASON_NONE },
		{ false, FRAME_NOT_SAID, 40, REASON_NONE },
		{ true, FRAME_NOT_SAID, 40, REASON_SMS_NOT_SAFE },
		{ true, FRAME_NO, 40, REASON_SMS_NOT_SAFE },
		{ true, FRAME_YES, 40, REASON_NONE },
		{ true, FRAME_NOT_SAID, 17, REASON_SMS_NOT_SAFE },
		{ true, FRAME_YES, 17, REASON_NONE },
		{ false, FRAME_YES, 0, REASON_CHILD },
		{ false, FRAME_YES, 12, REASON_CHILD },
		{ false, FRAME_YES, 13, REASON_NONE },
		{ false, FRAME_NOT_SAID, 13, REASON_YOUNG },
		{ false, FRAME_NO, 17, REASON_YOUNG },
		{ false, FRAME_NOT_SAID, 17, REASON_YOUNG },
		{ false, FRAME_NOT_SAID, 18, REASON_NONE },
		{ false, FRAME_NOT_SAID, FRAME_AGE_UNKNOWN, REASON_NONE },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct frame_person p = { .unsafe_area = cases[i].unsafe,
			.sms = cases[i].sms,
			.age = cases[i].age };
		if (frame_check(&rules, &p) != cases[i].reason)
			fail_msg("case %zu gives %s", i,
				reason_code(frame_check(&rules, &p)));
	}
}

/* All rules keep this person out; one after the other is satisfied. */
static void order(void **state)
{
	(void)state;
	struct frame_person p = { .is_protected = true,
		.unsafe_area = true,
		.exempt_area = true,
		.exempt_measure = true,
		.ground = FRAME_GROUND_OTHER,
		.age = 12,
		.from = 20260101,
		.to = 20260102 };
	assert_int_equal(frame_check(&rules, &p), REASON_PROTECTED);
	p.is_protected = false;
	assert_int_equal(frame_check(&rules, &p), REASON_CHILD);
	p.age = 17;
	assert_int_equal(frame_check(&rules, &p), REASON_EXEMPT);
	p.exempt_area = false;
	assert_int_equal(frame_check(&rules, &p), REASON_MEASURE);
	p.exempt_measure = false;
	assert_int_equal(frame_check(&rules, &p), REASON_GROUND);
	p.ground = FRAME_GROUND_UNKNOWN;
	assert_int_equal(frame_check(&rules, &p), REASON_GROUND_UNKNOWN);
	p.ground = FRAME_GROUND_COUNTS;
	assert_int_equal(frame_check(&rules, &p), REASON_SMS_NOT_SAFE);
	p.unsafe_area = false;
	assert_int_equal(frame_check(&rules, &p), REASON_YOUNG);
	p.sms = FRAME_YES;
	assert_int_equal(frame_check(&rules, &p), REASON_SHORT);
	p.to = 20260131;
	assert_int_equal(frame_check(&rules, &p), REASON_NONE);
}

static void limits_are_the_waves_own(void **state)
{
	(void)state;
	struct rules other = { .shortest = 0, .youngest = 16, .adult = 21 };
	struct frame_person p = { .age = 15, .sms = FRAME_YES };
	assert_int_equal(frame_check(&other, &p), REASON_CHILD);
	p.age = 16;
	assert_int_equal(frame_check(&other, &p), REASON_NONE);
	p.sms = FRAME_NOT_SAID;
	p.age = 20;
	assert_int_equal(frame_check(&other, &p), REASON_YOUNG);
	p = grown_up();
	p.from = 20260301;
	p.to = 20260201;
	assert_int_equal(frame_check(&other, &p), REASON_NONE);
	other = (struct rules){ 0 };
	p.age = 0;
	assert_int_equal(frame_check(&other, &p), REASON_NONE);
}

static enum reason lasts(int shortest, day from, day to)
{
	struct rules r = { .shortest = shortest };
	struct frame_person p = { .age = 40, .from = from, .to = to };
	return frame_check(&r, &p);
}

static void a_month(void **state)
{
	(void)state;
	assert_int_equal(lasts(1, 20260301, 20260331), REASON_NONE);
	assert_int_equal(lasts(1, 20260301, 20260330), REASON_SHORT);
	assert_int_equal(lasts(1, 20260315, 20260414), REASON_NONE);
	assert_int_equal(lasts(1, 20260315, 20260413), REASON_SHORT);
	assert_int_equal(lasts(1, 20260131, 20260228), REASON_NONE);
	assert_int_equal(lasts(1, 20260131, 20260227), REASON_SHORT);
	assert_int_equal(lasts(1, 20240131, 20240228), REASON_SHORT);
	assert_int_equal(lasts(1, 20240131, 20240229), REASON_NONE);
	assert_int_equal(lasts(1, 20261215, 20270114), REASON_NONE);
	assert_int_equal(lasts(1, 20261215, 20270113), REASON_SHORT);
	assert_int_equal(lasts(1, 20261201, 20261231), REASON_NONE);
	assert_int_equal(lasts(1, 20261101, 20261130), REASON_NONE);
	assert_int_equal(lasts(1, 20260301, 20260228), REASON_SHORT);
	assert_int_equal(lasts(1, 20260301, 0), REASON_NONE);
	assert_int_equal(lasts(1, 0, 20260301), REASON_NONE);
}

static void several_months(void **state)
{
	(void)state;
	assert_int_equal(lasts(2, 20260301, 20260430), REASON_NONE);
	assert_int_equal(lasts(2, 20260301, 20260429), REASON_SHORT);
	assert_int_equal(lasts(3, 20261130, 20270228), REASON_NONE);
	assert_int_equal(lasts(3, 20261130, 20270227), REASON_SHORT);
	assert_int_equal(lasts(6, 20260831, 20270228), REASON_NONE);
	assert_int_equal(lasts(6, 20260831, 20270227), REASON_SHORT);
	assert_int_equal(lasts(12, 20260101, 20261231), REASON_NONE);
	assert_int_equal(lasts(12, 20260101, 20261230), REASON_SHORT);
	assert_int_equal(lasts(12, 20240229, 20250228), REASON_NONE);
	assert_int_equal(lasts(13, 20261201, 20271231), REASON_NONE);
	assert_int_equal(lasts(13, 20261201, 20271230), REASON_SHORT);
	assert_int_equal(lasts(120, 20260115, 20360114), REASON_NONE);
	assert_int_equal(lasts(120, 20260115, 20360113), REASON_SHORT);
}

static void channels(void **state)
{
	(void)state;
	static const enum phone_kind no_way[] = { PHONE_FOREIGN, PHONE_PREMIUM,
		PHONE_INVALID, PHONE_MISSING };
	struct frame_person p = grown_up();
	assert_int_equal(frame_channels(&p, PHONE_MOBILE), FRAME_SMS | FRAME_CALL);
	assert_int_equal(frame_channels(&p, PHONE_LANDLINE), FRAME_CALL);
	for (size_t i = 0; i < sizeof no_way / sizeof *no_way; i++)
		assert_int_equal(frame_channels(&p, no_way[i]), 0);
	p.sms = FRAME_YES;
	assert_int_equal(frame_channels(&p, PHONE_MOBILE), FRAME_SMS | FRAME_CALL);
	assert_int_equal(frame_channels(&p, PHONE_LANDLINE), FRAME_CALL);
	p.sms = FRAME_NO;
	assert_int_equal(frame_channels(&p, PHONE_MOBILE), FRAME_CALL);
	assert_int_equal(frame_channels(&p, PHONE_LANDLINE), FRAME_CALL);
}

/* survey-server and the quality declarations of earlier waves hold on to them. */
static void codes(void **state)
{
	(void)state;
	static const char *const wanted[REASON_COUNT] = { "none", "columns", "quotes",
		"person-missing", "person-long", "value-protected", "value-sms",
		"value-age", "value-date", "area-missing", "area-unknown", "protected",
		"sms-not-safe", "child", "young", "exempt", "measure", "ground",
		"ground-unknown", "short", "refused", "removed", "late", "duplicate",
		"other-area" };
	for (int r = 0; r < REASON_COUNT; r++) {
		assert_string_equal(reason_code((enum reason)r), wanted[r]);
		assert_true(*reason_words((enum reason)r));
		assert_int_equal(reason_leaves_out((enum reason)r),
			r > REASON_NONE && r < REASON_DUPLICATE);
	}
}

static void marks(void **state)
{
	(void)state;
	for (int a = 0; a < MARK_COUNT; a++) {
		assert_true(*mark_words((enum mark)(1 << a)));
		for (int b = 0; b < a; b++)
			assert_string_not_equal(mark_words((enum mark)(1 << a)),
				mark_words((enum mark)(1 << b)));
	}
	assert_string_equal(mark_words(MARK_LANDLINE), "fast telefon: kan bara ringas");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_rule_each),
		cmocka_unit_test(what_the_unit_says_of_sms),
		cmocka_unit_test(order),
		cmocka_unit_test(limits_are_the_waves_own),
		cmocka_unit_test(a_month),
		cmocka_unit_test(several_months),
		cmocka_unit_test(channels),
		cmocka_unit_test(codes),
		cmocka_unit_test(marks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
