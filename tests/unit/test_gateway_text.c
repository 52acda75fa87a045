#include "common/json.h"
#include "gateway_test.h"
#include "sms-gateway/text.h"
#include <stdio.h>
#include <string.h>

static void vectors(void **state)
{
	(void)state;
	struct buf data = { 0 };
	char piece[4096];
	struct why why;
	struct json *list;
	FILE *in = fopen("tests/data/sms-vectors.json", "re");
	assert_non_null(in);
	for (size_t got; (got = fread(piece, 1, sizeof piece, in)) > 0;)
		buf_add(&data, piece, got);
	(void)fclose(in);
	assert_int_equal(json_parse(data.data, data.len, &list, &why), OK);
	size_t count = 0;
	for (const struct json *v = json_first(list); v; v = json_next(v), count++) {
		long units, segments;
		const char *text = json_text(json_get(v, "text"));
		struct text_size size = text_measure(text);
		assert_true(
			json_whole(json_get(v, "septets_or_units"), 0, 10000, &units));
		assert_true(json_whole(json_get(v, "segments"), 1, 100, &segments));
		if (strcmp(text_encoding_name(size.encoding),
			    json_text(json_get(v, "encoding"))) != 0 ||
			size.units != (size_t)units ||
			size.segments != (unsigned)segments)
			fail_msg("%s: %s, %zu in %u", text,
				text_encoding_name(size.encoding), size.units,
				size.segments);
	}
	assert_true(count > 40);
	json_destroy(list);
	buf_clear(&data);
}

static void check(
	void (*change)(const char *, struct buf *), const char *text, const char *wanted)
{
	struct buf out = { 0 };
	change(text, &out);
	assert_string_equal(buf_string(&out), wanted);
	buf_clear(&out);
}

static void clean(void **state)
{
	(void)state;
	check(text_clean, "”Hej” – du…\u00a0ja", "\"Hej\" - du... ja");
	check(text_clean, "a\u030aa\u0308o\u0308 é", "åäö é");
	check(text_clean, "mjukt\u00adbindestreck\t`x´", "mjuktbindestreck 'x'");
	check(text_clean, "", "");
	check(text_clean, "سلام", "سلام");
}

static void fold(void **state)
{
	(void)state;
	check(text_fold, "Verksamhetsområde ", "verksamhetsomrade");
	check(text_fold, "VERKSAMHETSOMRA\u030aDE", "verksamhetsomrade");
	check(text_fold, "beslut_från", "beslutfran");
	check(text_fold, "Ekonomiskt bistånd", "ekonomisktbistand");
	check(text_fold, "ekonomiskt-bistand", "ekonomisktbistand");
	check(text_fold, "سلام", "");
}

static void compose(void **state)
{
	(void)state;
	struct buf out = { 0 };
	text_compose("Hej du: {link}", "https://x/1", &out);
	assert_string_equal(buf_string(&out), "Hej du:\nhttps://x/1");
	buf_clear(&out);
	assert_true(text_template_is_right("Hej {link}"));
	assert_false(text_template_is_right("{link}"));
	assert_false(text_template_is_right(" {link}"));
	assert_false(text_template_is_right("Hej"));
	assert_false(text_template_is_right("Hej {link} du"));
	assert_false(text_template_is_right("Hej {link}{link}"));
	assert_true(text_is_utf8("å", 2));
	assert_false(text_is_utf8("\xe5", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(clean),
		cmocka_unit_test(fold),
		cmocka_unit_test(compose),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
