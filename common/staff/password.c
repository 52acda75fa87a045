#include "password.h"
#include "common/buf.h"
#include "common/secret.h"
#include "common/unicode.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DIFFERENT = 5,
	NAME_LEAST = 4,
	SALT = 16,
	SALT_TEXT = 24,
	HASH = 32,
	HASH_TEXT = 44
};

/* scrypt's, and what every hash begins with. */
enum { LOG_N = 17, BLOCK = 8, PARALLEL = 1 };
#define FIGURES "scrypt$17$8$1$"

/* What is worked on where there is no hash: 16 and 32 bytes of zero. */
#define NOBODY                                                                           \
	FIGURES "AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static bool has_too_few(const char *text)
{
	uint32_t seen[DIFFERENT];
	size_t count = 0;
	for (uint32_t c = unicode_next(&text); c; c = unicode_next(&text)) {
		size_t i = 0;
		while (i < count && seen[i] != c)
			i++;
		if (i < count)
			continue;
		seen[count++] = c;
		if (count == DIFFERENT)
			return false;
	}
	return true;
}

enum password_fault password_check(const char *password, const char *name)
{
	auto_(buf) struct buf normal = { 0 };
	unicode_nfc(password, &normal);
	const char *text = buf_string(&normal);
	if (normal.len > PASSWORD_MOST)
		return PASSWORD_LONG;
	if (unicode_length(text) < PASSWORD_LEAST)
		return PASSWORD_SHORT;
	/* A name is of ASCII, so that this knows its capitals. */
	if (strlen(name) >= NAME_LEAST && strcasestr(text, name))
		return PASSWORD_NAMED;
	return has_too_few(text) ? PASSWORD_PLAIN : PASSWORD_FINE;
}

static void stretch(const struct buf *normal, const uint8_t salt[static SALT],
	uint8_t out[static HASH])
{
	if (secret_scrypt(buf_string(normal), normal->len, salt, SALT, LOG_N, BLOCK,
		    PARALLEL, out, HASH))
		return;
	/* As mem.h says. A wrong password it was not. */
	fputs("out of memory\n", stderr);
	abort();
}

void password_hash(const char *password, char out[static PASSWORD_HASH])
{
	auto_(buf) struct buf normal = { 0 };
	uint8_t salt[SALT], hash[HASH];
	char salt_text[SALT_TEXT + 1], hash_text[HASH_TEXT + 1];
	unicode_nfc(password, &normal);
	secret_random(salt, sizeof salt);
	stretch(&normal, salt, hash);
	secret_base64(salt, sizeof salt, salt_text);
	secret_base64(hash, sizeof hash, hash_text);
	(void)snprintf(out, PASSWORD_HASH, FIGURES "%s$%s", salt_text, hash_text);
	secret_wipe(hash, sizeof hash);
	secret_wipe(hash_text, sizeof hash_text);
}

/* Room for what base 64 is read into: three bytes for each four characters. */
struct kept {
	uint8_t salt[SALT_TEXT / 4 * 3];
	uint8_t hash[HASH_TEXT / 4 * 3];
};

static bool read_kept(const char *text, struct kept *ret_kept)
{
	const char *salt_at = text + strlen(FIGURES), *hash_at = salt_at + SALT_TEXT + 1;
	char salt_text[SALT_TEXT + 1] = "";
	size_t salt_len, hash_len;
	if (strlen(text) != strlen(NOBODY) ||
		strncmp(text, FIGURES, strlen(FIGURES)) != 0 || hash_at[-1] != '$')
		return false;
	memcpy(salt_text, salt_at, SALT_TEXT);
	return secret_unbase64(salt_text, ret_kept->salt, &salt_len) &&
	       salt_len == SALT && secret_unbase64(hash_at, ret_kept->hash, &hash_len) &&
	       hash_len == HASH;
}

bool password_verify(const char *password, const char *hash)
{
	auto_(buf) struct buf normal = { 0 };
	struct kept kept;
	uint8_t made[HASH];
	unicode_nfc(password, &normal);
	if (normal.len > PASSWORD_MOST || !read_kept(hash ? hash : NOBODY, &kept))
		return false;
	stretch(&normal, kept.salt, made);
	bool same = secret_equal(made, kept.hash, HASH);
	secret_wipe(made, sizeof made);
	secret_wipe(&kept, sizeof kept);
	return same && hash;
}
