#include "unicode.h"
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

/* Adds what libunistring made, and gives it back overwritten: it may be a password. It is
 * NULL only when there is no memory, as the text is UTF-8. */
static void take(uint8_t *made, size_t len, struct buf *out)
{
	if (!made)
		abort();
	buf_add(out, made, len - 1);
	explicit_bzero(made, len);
	free(made);
}

/* Both take the NUL along: of no bytes at all they could make NULL. */

void unicode_nfc(const char *text, struct buf *out)
{
	size_t len;
	uint8_t *made = u8_normalize(
		UNINORM_NFC, (const uint8_t *)text, strlen(text) + 1, NULL, &len);
	take(made, len, out);
}

void unicode_fold(const char *text, struct buf *out)
{
	size_t len;
	uint8_t *made = u8_casefold(
		(const uint8_t *)text, strlen(text) + 1, NULL, UNINORM_NFD, NULL, &len);
	take(made, len, out);
}

size_t unicode_length(const char *text)
{
	return u8_mbsnlen((const uint8_t *)text, strlen(text));
}

uint32_t unicode_next(const char **text)
{
	ucs4_t c;
	const uint8_t *after = u8_next(&c, (const uint8_t *)*text);
	if (!after)
		return 0;
	*text = (const char *)after;
	return c;
}

void unicode_add(uint32_t c, struct buf *out)
{
	uint8_t bytes[4];
	int len = u8_uctomb(bytes, c, sizeof bytes);
	if (len > 0)
		buf_add(out, bytes, (size_t)len);
	else
		buf_text(out, "\xef\xbf\xbd");
}
