/* What people type: codes and recovery keys. Whatever is read as one must be that one in
 * every way of writing it. */
#include "common/base32.h"
#include "common/invitation.h"
#include "common/mem.h"
#include "recovery.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool promise)
{
	if (!promise)
		abort();
}

/* The characters that count, in the form in which they are written. */
static size_t plain(const char *text, char *out, size_t room)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	size_t n = 0;
	for (; *text && n < room; text++)
		if (base32_value(*text) >= 0)
			out[n++] = alphabet[base32_value(*text)];
	return n;
}

static void check_code(const char *text)
{
	struct code c, again;
	char formatted[INVITATION_CODE_TEXT + 1], typed[INVITATION_CODE_TEXT + 1];
	memset(&c, 0xa5, sizeof c);
	if (code_parse(text, &c) != OK) {
		for (size_t i = 0; i < sizeof c.bytes; i++)
			require(c.bytes[i] == 0xa5);
		return;
	}
	code_format(&c, formatted);
	require(plain(text, typed, sizeof typed) == INVITATION_CODE_TEXT);
	require(memcmp(typed, formatted, INVITATION_CODE_TEXT) == 0);
	require(code_parse(formatted, &again) == OK);
	require(memcmp(&c, &again, sizeof c) == 0);
}

static void check_recovery(const char *text)
{
	uint8_t key[32], again[32];
	char groups[RECOVERY_TEXT];
	struct why why = { "" };
	memset(key, 0xa5, sizeof key);
	if (recovery_parse(text, key, &why) != OK) {
		for (size_t i = 0; i < sizeof key; i++)
			require(key[i] == 0xa5);
		require(why.text[0]);
		return;
	}
	recovery_format(key, groups);
	require(recovery_parse(groups, again, &why) == OK);
	require(memcmp(key, again, sizeof key) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly that size and a NUL: a read beyond it is seen. */
	auto_(free) char *text = malloc(size + 1);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	check_code(text);
	check_recovery(text);
	return 0;
}
