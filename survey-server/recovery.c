#include "recovery.h"
#include "common/base32.h"
#include "common/file.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 52, GROUP = 4, LINE = 5, FILE_LIMIT = 4096 };

void recovery_format(const uint8_t key[static 32], char out[static RECOVERY_TEXT])
{
	char digits[DIGITS + 1];
	base32_encode(key, 32, digits);
	for (size_t g = 0; g < RECOVERY_GROUPS; g++) {
		memcpy(out, digits + g * GROUP, GROUP);
		out[GROUP] = base32_check(digits + g * GROUP, GROUP);
		out[GROUP + 1] =
			g % LINE == LINE - 1 || g + 1 == RECOVERY_GROUPS ? '\n' : ' ';
		out += GROUP + 2;
	}
	*out = '\0';
	secret_wipe(digits, sizeof digits);
}

/* Gathers the characters of all lines that are no remarks. Returns how many, at most room
 * + 1. */
static size_t gather(const char *text, char *out, size_t room)
{
	size_t n = 0;
	bool remark = false, fresh = true;
	for (; *text && n <= room; text++) {
		if (fresh)
			remark = *text == '#';
		fresh = *text == '\n';
		if (remark || isspace((unsigned char)*text) || *text == '-')
			continue;
		if (n < room)
			out[n] = *text;
		n++;
	}
	return n;
}

enum err recovery_parse(const char *text, uint8_t ret_key[static 32], struct why *why)
{
	char all[RECOVERY_GROUPS * (GROUP + 1)], digits[DIGITS + 1] = "";
	uint8_t key[32];
	size_t n = gather(text, all, sizeof all);
	enum err e = OK;
	for (size_t g = 0; e == OK && g < RECOVERY_GROUPS && (g + 1) * (GROUP + 1) <= n;
		g++) {
		const char *group = all + g * (GROUP + 1);
		bool fine = true;
		for (size_t i = 0; i <= GROUP; i++)
			fine = fine && base32_value(group[i]) >= 0;
		if (!fine || base32_value(base32_check(group, GROUP)) !=
				     base32_value(group[GROUP]))
			e = err_why(why, ERR_INPUT,
				"group %zu of the recovery key is mistyped: look at it again",
				g + 1);
		memcpy(digits + g * GROUP, group, GROUP);
	}
	if (e == OK && n != sizeof all)
		e = err_why(why, ERR_INPUT,
			"the recovery key has %d groups of %d characters, this has %zu characters",
			RECOVERY_GROUPS, GROUP + 1, n);
	if (e == OK && !base32_decode(digits, key, sizeof key))
		e = err_why(
			why, ERR_INPUT, "the last group of the recovery key is mistyped");
	if (e == OK)
		memcpy(ret_key, key, sizeof key);
	secret_wipe(key, sizeof key);
	secret_wipe(all, sizeof all);
	secret_wipe(digits, sizeof digits);
	return e;
}

enum err recovery_store(
	const char *file, const char *wave, const uint8_t key[static 32], struct why *why)
{
	char groups[RECOVERY_TEXT], text[RECOVERY_TEXT + 256];
	recovery_format(key, groups);
	int len = snprintf(text, sizeof text,
		"# Recovery key of wave %s. Print it, keep it off every computer, delete this file.\n"
		"# Whoever has it can read the answers; without it they can't be counted.\n%s",
		wave, groups);
	enum err e = secret_file_store(file, text, (size_t)len, why);
	secret_wipe(groups, sizeof groups);
	secret_wipe(text, sizeof text);
	return e;
}

enum err recovery_load(const char *file, uint8_t ret_key[static 32], struct why *why)
{
	auto_(buf) struct buf text = { 0 };
	struct why reason;
	enum err e = file_read(file, FILE_LIMIT, &text, why);
	if (e)
		return e;
	e = recovery_parse(buf_string(&text), ret_key, &reason);
	return e ? err_why(why, e, "%s: %s", file, reason.text) : OK;
}
