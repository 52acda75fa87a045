#include "gateway_test.h"
#include "sms-gateway/frame.h"
#include <string.h>

static void rules(void **state)
{
	(void)state;
	static const struct {
		struct frame_person person; /* protected, unsafe area, exempt area, sms,
					       age, from, to */
		enum reason reason;
	} cases[] = {
		{ { false, false, false, FRAME_NOT_SAID, FRAME_AGE_UNKNOWN, 0, 0 },
			REASON_NONE },
		{ { true, false, false, FRAME_YES, 40, 0, 0 }, REASON_PROTECTED },
		{ { true, true, false, FRAME_NO, 5, 20260101, 20260102 },
			REASON_PROTECTED },
		{ { false, false, false, FRAME_NO, 40, 0, 0 }, REASON_SMS_NO },
		{ { false, true, false, FRAME_NOT_SAID, 40, 0, 0 }, REASON_SMS_NOT_SAFE },
		{ { false, true, false, FRAME_NO, 40, 0, 0 }, REASON_SMS_NO },
		{ { false, true, false, FRAME_YES, 40, 0, 0 }, REASON_NONE },
		{ { false, false, false, FRAME_YES, 12, 0, 0 }, REASON_CHILD },
		{ { false, false, false, FRAME_YES, 0, 0, 0 }, REASON_CHILD },
		{ { false, false, false, FRAME_YES, 13, 0, 0 }, REASON_NONE },
		{ { false, false, false, FRAME_NOT_SAID, 13, 0, 0 }, REASON_YOUNG },
		{ { false, false, false, FRAME_NOT_SAID, 17, 0, 0 }, REASON_YOUNG },
		{ { false, false, false, FRAME_NOT_SAID, 18, 0, 0 }, REASON_NONE },
		/* What holds for the person whatever the area comes first. */
		{ { true, false, true, FRAME_YES, 40, 0, 0 }, REASON_PROTECTED },
		{ { false, false, true, FRAME_NO, 40, 0, 0 }, REASON_SMS_NO },
		{ { false, false, true, FRAME_YES, 12, 0, 0 }, REASON_CHILD },
		{ { false, true, true, FRAME_NOT_SAID, 17, 20260101, 20260102 },
			REASON_EXEMPT },
		{ { false, false, true, FRAME_YES, 40, 0, 0 }, REASON_EXEMPT },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (frame_check(&cases[i].person) != cases[i].reason)
			fail_msg("case %zu gives %s", i,
				reason_code(frame_check(&cases[i].person)));
}

static enum reason between(day from, day to)
{
	struct frame_person p = { false, false, false, FRAME_YES, 40, from, to };
	return frame_check(&p);
}

static void a_month(void **state)
{
	(void)state;
	assert_int_equal(between(20260301, 20260331), REASON_NONE);
	assert_int_equal(between(20260301, 20260330), REASON_SHORT);
	assert_int_equal(between(20260315, 20260414), REASON_NONE);
	assert_int_equal(between(20260315, 20260413), REASON_SHORT);
	assert_int_equal(between(20260131, 20260228), REASON_NONE);
	assert_int_equal(between(20260131, 20260227), REASON_SHORT);
	assert_int_equal(between(20240131, 20240228), REASON_SHORT);
	assert_int_equal(between(20261215, 20270114), REASON_NONE);
	assert_int_equal(between(20261215, 20270113), REASON_SHORT);
	assert_int_equal(between(20261201, 20261231), REASON_NONE);
	assert_int_equal(between(20260301, 20260228), REASON_SHORT);
	assert_int_equal(between(20260301, 0), REASON_NONE);
	assert_int_equal(between(0, 20260301), REASON_NONE);
}

static void codes(void **state)
{
	(void)state;
	for (int a = 0; a < REASON_COUNT; a++) {
		assert_non_null(reason_code((enum reason)a));
		assert_non_null(reason_words((enum reason)a));
		for (int b = 0; b < a; b++)
			assert_string_not_equal(
				reason_code((enum reason)a), reason_code((enum reason)b));
	}
	assert_string_equal(reason_code(REASON_EXEMPT), "exempt");
	assert_true(reason_leaves_out(REASON_EXEMPT));
	assert_true(frame_area_is_unsafe("vald-nara-relation"));
	assert_false(frame_area_is_unsafe("aldreomsorg"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules),
		cmocka_unit_test(a_month),
		cmocka_unit_test(codes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
