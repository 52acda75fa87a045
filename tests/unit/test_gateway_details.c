#include "gateway_test.h"
#include "sms-gateway/details.h"
#include <stdlib.h>
#include <string.h>

static struct details a_person(void)
{
	struct details d = {
		.phone = "+46701740605", .name = "Åsa Påhittad", .unit = "Enhet 3"
	};
	for (size_t i = 0; i < INVITATION_VARIABLES; i++)
		d.values[i] = (uint16_t)(i * 1000);
	d.values[1] = BACKGROUND_MISSING;
	for (size_t i = 0; i < DETAILS_REFUSAL; i++)
		d.refusal[i] = (uint8_t)(255 - i);
	for (size_t i = 0; i < DETAILS_REFUSAL; i++)
		d.refusal[i] = (uint8_t)(0xff - i);
	return d;
}

static void assert_same(const struct details *a, const struct details *b)
{
	assert_string_equal(a->phone, b->phone);
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->unit, b->unit);
	assert_memory_equal(a->values, b->values, sizeof a->values);
	assert_memory_equal(a->refusal, b->refusal, sizeof a->refusal);
	assert_memory_equal(a->refusal, b->refusal, sizeof a->refusal);
}

static void there_and_back(void **state)
{
	(void)state;
	auto_(buf) struct buf packed = { 0 };
	struct details d = a_person();
	struct details empty = { .phone = "", .name = "", .unit = "" };
	struct details back;
	details_pack(&d, &packed);
	assert_int_equal(details_unpack(packed.data, packed.len, &back), OK);
	assert_same(&d, &back);
	/* Behind what is there already. */
	size_t first = packed.len;
	details_pack(&empty, &packed);
	assert_int_equal(
		details_unpack(packed.data + first, packed.len - first, &back), OK);
	assert_same(&empty, &back);
}

/* The length must not tell one person from another. */
static void of_few_lengths(void **state)
{
	(void)state;
	char name[200] = "";
	for (size_t len = 0; len + 1 < sizeof name; len++) {
		auto_(buf) struct buf packed = { 0 };
		struct details d = a_person();
		struct details back;
		memset(name, 'x', len);
		name[len] = '\0';
		d.name = name;
		buf_text(&packed, "abc");
		details_pack(&d, &packed);
		assert_int_equal((packed.len - 3) % 64, 0);
		assert_int_equal(
			details_unpack(packed.data + 3, packed.len - 3, &back), OK);
		assert_same(&d, &back);
	}
}

/* From a copy of exactly that size, so that a read beyond it is seen. */
static enum err unpack_copy(const char *data, size_t len)
{
	auto_(free) char *copy = malloc(len);
	struct details back;
	if (len)
		memcpy(copy, data, len);
	return details_unpack(copy, len, &back);
}

static void what_is_not_that(void **state)
{
	(void)state;
	auto_(buf) struct buf packed = { 0 };
	struct details d = a_person();
	struct details back = { .phone = "as it was" };
	details_pack(&d, &packed);
	size_t texts = packed.len;
	while (packed.data[texts - 1] == '\0')
		texts--;
	for (size_t len = 0; len <= texts; len++)
		assert_int_equal(unpack_copy(packed.data, len), ERR_INPUT);
	assert_int_equal(unpack_copy(packed.data, texts + 1), OK);
	packed.data[0]++;
	assert_int_equal(details_unpack(packed.data, packed.len, &back), ERR_INPUT);
	assert_string_equal(back.phone, "as it was");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(of_few_lengths),
		cmocka_unit_test(what_is_not_that),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
