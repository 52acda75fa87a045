#include "gateway_test.h"
#include "sms-gateway/lexicon.h"
#include <stdio.h>

static void remembers(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct lexicon *l = lexicon_create(a);
	char text[] = "ja";
	bool new;
	int *seen = lexicon_at(l, text, &new);
	assert_true(new);
	assert_int_equal(*seen, 0);
	*seen = 7;
	/* The text is kept, not where it stood. */
	text[0] = 'n';
	assert_int_equal(*lexicon_at(l, "ja", &new), 7);
	assert_false(new);
	assert_int_equal(*lexicon_at(l, text, &new), 0);
	assert_true(new);
	assert_int_equal(*lexicon_at(l, "", &new), 0);
	assert_true(new);
	*lexicon_at(l, "", &new) = -1;
	assert_int_equal(*lexicon_at(l, "", &new), -1);
	assert_false(new);
}

/* However many texts a file has, the first stay known and none gets another's meaning. */
static void many(void **state)
{
	(void)state;
	enum { TEXTS = 100000, KEPT = 1000 };
	auto_(arena) struct arena *a = arena_create();
	struct lexicon *l = lexicon_create(a);
	char text[16];
	bool new;
	for (int n = 1; n <= TEXTS; n++) {
		(void)snprintf(text, sizeof text, "ord %d", n);
		int *seen = lexicon_at(l, text, &new);
		assert_true(new);
		assert_int_equal(*seen, 0);
		*seen = n;
	}
	for (int n = 1; n <= TEXTS; n++) {
		(void)snprintf(text, sizeof text, "ord %d", n);
		int seen = *lexicon_at(l, text, &new);
		assert_int_equal(seen, new ? 0 : n);
		assert_true(!new || n > KEPT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remembers),
		cmocka_unit_test(many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
