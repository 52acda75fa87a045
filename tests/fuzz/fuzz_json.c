/* JSON from the other daemon and from files: nothing that comes in may break a promise of
 * json.h. */
#include "common/json.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool promise)
{
	if (!promise)
		abort();
}

/* Every accessor answers for every value, whatever its kind. */
static size_t walk(const struct json *j, size_t depth)
{
	double number;
	long whole;
	size_t count = 1;
	require(depth <= 65);
	if (json_whole(j, -10, 10, &whole)) {
		require(whole >= -10 && whole <= 10);
		require(json_number(j, &number) && number == (double)whole);
	}
	require(!json_text(j) || !json_number(j, &number));
	require(!json_true(j) || !json_text(j));
	if (!json_is_array(j) && !json_is_object(j))
		require(json_count(j) == 0 && !json_get(j, "a"));
	for (const struct json *c = json_first(j); c; c = json_next(c)) {
		require(!json_is_object(j) || json_get(j, json_key(c)));
		count += walk(c, depth + 1);
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(json) struct json *j = NULL, *again = NULL;
	auto_(buf) struct buf first = { 0 }, second = { 0 };
	struct why why = { "" };
	/* A copy of exactly that size: a read beyond it is seen. */
	auto_(free) char *text = malloc(size);
	if (size)
		memcpy(text, data, size);
	enum err e = json_parse(text, size, &j, &why);
	if (e != OK) {
		require(e == ERR_INPUT && !j && why.text[0]);
		return 0;
	}
	size_t count = walk(j, 1);
	/* Written out and read again it is the same. */
	json_print(j, false, &first);
	require(json_parse(buf_string(&first), first.len, &again, &why) == OK);
	require(walk(again, 1) == count);
	json_print(again, false, &second);
	require(strcmp(buf_string(&first), buf_string(&second)) == 0);
	return 0;
}
