#include "batch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct value administrations[] = { { .code = "bromma", .name = "Bromma" },
	{ .code = "farsta", .name = "Farsta" } };
static struct value areas[] = {
	{ .code = "barn-unga", .name = "Barn och unga" },
	{ .code = "aldreomsorg", .name = "Äldreomsorg" },
	{ .code = "vald-nara-relation", .name = "Våld i nära relation", .exempt = true }
};
static const struct definition definition = { .variable_count = 2,
	.area = 1,
	.variables = {
		{ "administration", "Förvaltning", administrations, 2 },
		{ "area", "Verksamhetsområde", areas, 3 },
	} };

/* 16 bytes of id and 48 of sealed background. */
#define ENTRY(id)                                                                        \
	id "000102030405060708090a0b0c0d0e"                                              \
	   "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"                                            \
	   "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"                                            \
	   "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"

#define STRATUM                                                                          \
	"{\"stratum\":7,\"area\":\"aldreomsorg\",\"plan\":\"sms\",\"frame\":120,"        \
	"\"drawn\":100}"

static const char good[] = "{\"administration\":\"farsta\",\"strata\":[" STRATUM
			   "],\"left_out\":{\"protected\":3},"
			   "\"invitations\":[\"" ENTRY("0a") "\",\"" ENTRY("Fb") "\"]}";

/* NULL, or what is wrong. */
static const char *read_text(
	struct arena *a, const char *text, const char *name, struct batch *ret_batch)
{
	struct json *j = NULL;
	struct why why;
	assert_int_equal(json_parse(text, strlen(text), &j, &why), OK);
	const char *wrong = batch_read(a, j, &definition, name, ret_batch);
	json_destroy(j);
	return wrong;
}

static void test_good(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct batch b;
	assert_null(read_text(a, good, "farsta-1", &b));
	assert_int_equal(b.store.administration, 1);
	assert_int_equal(b.store.size, 2);
	assert_int_equal(b.store.invitations[0].id.bytes[0], 0x0a);
	assert_int_equal(b.store.invitations[1].id.bytes[0], 0xfb);
	assert_int_equal(b.store.invitations[1].id.bytes[15], 0x0e);
	assert_int_equal(b.store.invitations[1].sealed[0], 0xf0);
	assert_int_equal(b.store.invitations[1].sealed[INVITATION_SEALED - 1], 0xff);
	assert_int_equal(b.stratum_count, 1);
	assert_int_equal(b.strata[0].administration, 1);
	assert_int_equal(b.strata[0].stratum, 7);
	assert_int_equal(b.strata[0].area, 1);
	assert_int_equal(b.strata[0].plan, PLAN_SMS);
	assert_int_equal(b.strata[0].frame, 120);
	assert_int_equal(b.strata[0].drawn, 100);
}

/* What stands in `good`, what it is replaced by, and what is then said of it. */
static const struct {
	const char *from, *to, *wrong;
} broken[] = {
	{ "farsta", "nacka", "administration is not one of the wave's" },
	{ "\"farsta\"", "1", "administration is not one of the wave's" },
	{ "aldreomsorg", "x", "a stratum's area is not one of the wave's" },
	{ "aldreomsorg", "vald-nara-relation",
		"a stratum's area is exempt from the wave" },
	{ "\"strata\":[", "\"strata\":[" STRATUM ",", "a stratum stands twice" },
	{ "\"sms\"", "\"fax\"", "a stratum's plan must be sms or telephone" },
	{ "\"stratum\":7", "\"stratum\":65536",
		"a stratum's numbers are missing or drawn is more than frame" },
	{ "\"drawn\":100", "\"drawn\":121",
		"a stratum's numbers are missing or drawn is more than frame" },
	{ "\"frame\":120", "\"frame\":-1",
		"a stratum's numbers are missing or drawn is more than frame" },
	{ "\"drawn\"", "\"x\"",
		"a stratum's numbers are missing or drawn is more than frame" },
	{ "{\"protected\":3}", "{\"protected\":-1}",
		"left_out must give a number for each reason" },
	{ "{\"protected\":3}", "{\"protected\":\"3\"}",
		"left_out must give a number for each reason" },
	/* An array has no names. */
	{ "{\"protected\":3}", "[3]", "left_out must give a number for each reason" },
	{ "\"invitations\"", "\"x\"", "invitations must be a list of 0 to 10,000" },
	{ "\"invitations\":[", "\"invitations\":{},\"x\":[",
		"invitations must be a list of 0 to 10,000" },
	{ "\"" ENTRY("0a") "\"", "7", "an invitation is not 128 hexadecimal digits" },
	{ ENTRY("0a"), "0a", "an invitation is not 128 hexadecimal digits" },
	{ ENTRY("0a"), ENTRY("0g"), "an invitation is not 128 hexadecimal digits" },
	{ ENTRY("0a"), ENTRY("fb"), "invitations must be sorted, each once" },
	{ ENTRY("0a"), ENTRY("fc"), "invitations must be sorted, each once" },
};

static void test_what_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		auto_(arena) struct arena *a = arena_create();
		struct batch b;
		const char *at = strstr(good, broken[i].from);
		assert_non_null(at);
		const char *text = arena_format(a, "%.*s%s%s", (int)(at - good), good,
			broken[i].to, at + strlen(broken[i].from));
		const char *wrong = read_text(a, text, "farsta-1", &b);
		assert_non_null(wrong);
		assert_string_equal(wrong, broken[i].wrong);
	}
}

/* An administration where everybody was left out still tells of it. */
static void test_nobody(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct batch b;
	assert_null(read_text(a,
		"{\"administration\":\"farsta\",\"strata\":[],\"left_out\":{\"protected\":"
		"3},\"invitations\":[]}",
		"farsta-1", &b));
	assert_int_equal(b.store.administration, 1);
	assert_int_equal(b.store.size, 0);
	assert_int_equal(b.stratum_count, 0);
}

/* Draws per unit: several strata have the same area and plan. */
static void test_strata_alike(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct batch b;
	assert_null(read_text(a,
		"{\"administration\":\"farsta\",\"strata\":[" STRATUM
		",{\"stratum\":8,\"area\":\"aldreomsorg\",\"plan\":\"sms\",\"frame\":30,"
		"\"drawn\":0},{\"stratum\":9,\"area\":\"aldreomsorg\",\"plan\":"
		"\"telephone\",\"frame\":30,\"drawn\":30}],\"invitations\":[]}",
		"farsta-1", &b));
	assert_int_equal(b.stratum_count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(b.strata[i].stratum, 7 + i);
		assert_int_equal(b.strata[i].area, 1);
		assert_int_equal(b.strata[i].plan, i < 2 ? PLAN_SMS : PLAN_TELEPHONE);
	}
	assert_int_equal(b.strata[1].drawn, 0);
}

static void test_names(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "Farsta", "å", "a b", "a/b",
		"0123456789012345678901234567890123456789012345678901234567890123x" };
	auto_(arena) struct arena *a = arena_create();
	struct batch b;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_non_null(read_text(a, good, wrong[i], &b));
	assert_null(read_text(a, good,
		"0123456789012345678901234567890123456789012345678901234567890123", &b));
}

static void add_entries(struct buf *b, unsigned count)
{
	buf_text(b, "{\"administration\":\"farsta\",\"invitations\":[");
	for (unsigned i = 0; i < count; i++)
		buf_format(b, "%s\"%032x%096x\"", i ? "," : "", i, 0);
	buf_text(b, "]}");
}

static void test_largest(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	for (unsigned count = 10000; count <= 10001; count++) {
		auto_(buf) struct buf text = { 0 };
		struct batch b;
		add_entries(&text, count);
		const char *wrong = read_text(a, buf_string(&text), "farsta-1", &b);
		assert_int_equal(wrong == NULL, count == 10000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_strata_alike),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_largest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
