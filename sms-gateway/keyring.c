#include "sms-gateway/keyring.h"
#include "common/file.h"
#include <stdio.h>
#include <string.h>

static const char webhook_file[] = "webhook.key";
static const char salt[] = "sms-gateway";

static char *key_file(const char *keys, const char *administration, const char *what)
{
	struct buf name = { 0 };
	/* A dot, which no name has: a-b of c is not a of b-c. */
	buf_format(&name, "%s.%s.key", administration, what);
	char *file = file_path(keys, buf_string(&name));
	buf_clear(&name);
	return file;
}

static void derive(const uint8_t key[static SECRET_KEY], const char *info,
	uint8_t out[static SECRET_KEY])
{
	secret_hkdf(salt, sizeof salt - 1, key, SECRET_KEY, info, out, SECRET_KEY);
}

static enum err read_key(
	const char *file, bool ensure, uint8_t key[static SECRET_KEY], struct why *why)
{
	bool made;
	return ensure ? secret_key_ensure(file, key, &made, why)
		      : secret_key_load(file, key, why);
}

static void derive_wave(const uint8_t key[static SECRET_KEY], struct keyring_wave *k)
{
	derive(key, "brukarenkat contact", k->seal);
	derive(key, "brukarenkat person", k->person);
	derive(key, "brukarenkat phone", k->phone);
	derive(key, "brukarenkat content", k->content);
	derive(key, "brukarenkat chance", k->chance);
}

static enum err wave_keys(const char *keys, const char *administration, const char *wave,
	bool ensure, struct keyring_wave *ret_keys, struct why *why)
{
	uint8_t key[SECRET_KEY];
	auto_(free) void *file = key_file(keys, administration, wave);
	enum err e = read_key(file, ensure, key, why);
	if (e != OK)
		return e;
	derive_wave(key, ret_keys);
	secret_wipe(key, sizeof key);
	return OK;
}

void keyring_wave_random(struct keyring_wave *ret_keys)
{
	uint8_t key[SECRET_KEY];
	secret_random(key, sizeof key);
	derive_wave(key, ret_keys);
	secret_wipe(key, sizeof key);
}

enum err keyring_wave_destroy(
	const char *keys, const char *administration, const char *wave, struct why *why)
{
	auto_(free) void *file = key_file(keys, administration, wave);
	return secret_key_erase(file, why);
}

static enum err refusal_key(const char *keys, const char *administration, bool ensure,
	struct keyring_refusal *ret_key, struct why *why)
{
	uint8_t key[SECRET_KEY];
	auto_(free) void *file = key_file(keys, administration, "refusal");
	enum err e = read_key(file, ensure, key, why);
	if (e != OK)
		return e;
	derive(key, "brukarenkat refusal", ret_key->key);
	secret_wipe(key, sizeof key);
	return OK;
}

enum err keyring_wave_load(const char *keys, const char *administration, const char *wave,
	struct keyring_wave *ret_keys, struct why *why)
{
	return wave_keys(keys, administration, wave, false, ret_keys, why);
}

enum err keyring_wave_ensure(const char *keys, const char *administration,
	const char *wave, struct keyring_wave *ret_keys, struct why *why)
{
	return wave_keys(keys, administration, wave, true, ret_keys, why);
}

enum err keyring_refusal_load(const char *keys, const char *administration,
	struct keyring_refusal *ret_key, struct why *why)
{
	return refusal_key(keys, administration, false, ret_key, why);
}

enum err keyring_refusal_ensure(const char *keys, const char *administration,
	struct keyring_refusal *ret_key, struct why *why)
{
	return refusal_key(keys, administration, true, ret_key, why);
}

static struct keyring_hash hash(
	const uint8_t key[static SECRET_KEY], const char *kind, const char *text)
{
	struct keyring_hash h = { { 0 } };
	struct buf whole = { 0 };
	buf_format(&whole, "%s:%s", kind, text);
	secret_hmac(key, SECRET_KEY, buf_string(&whole), whole.len, h.bytes);
	buf_clear(&whole);
	return h;
}

struct keyring_hash keyring_person(const struct keyring_wave *k, const char *person)
{
	return hash(k->person, "person", person);
}

struct keyring_hash keyring_phone(const struct keyring_wave *k, const char *e164)
{
	return hash(k->phone, "phone", e164);
}

struct keyring_hash keyring_content(
	const struct keyring_wave *k, const void *data, size_t len)
{
	struct keyring_hash h = { { 0 } };
	secret_hmac(k->content, sizeof k->content, data, len, h.bytes);
	return h;
}

uint32_t keyring_chance(const struct keyring_wave *k, const char *person, uint32_t bound)
{
	struct keyring_hash h = hash(k->chance, "chance", person);
	uint64_t number = 0;
	for (size_t i = 0; i < sizeof number; i++)
		number = number << 8 | h.bytes[i];
	/* 2^64 is so much more than any bound that the remainder favours none. */
	return (uint32_t)(number % bound);
}

struct keyring_hash keyring_refusal_person(
	const struct keyring_refusal *k, const char *person)
{
	return hash(k->key, "person", person);
}

struct keyring_hash keyring_refusal_phone(
	const struct keyring_refusal *k, const char *e164)
{
	return hash(k->key, "phone", e164);
}

static void place(const char *column, int64_t contact, struct buf *out)
{
	buf_format(out, "%s:%lld", column, (long long)contact);
}

void keyring_seal(const struct keyring_wave *k, const char *column, int64_t contact,
	const void *data, size_t len, struct buf *out)
{
	uint8_t nonce[SECRET_NONCE];
	struct buf aad = { 0 };
	place(column, contact, &aad);
	secret_random(nonce, sizeof nonce);
	auto_(free) void *sealed = mem_alloc(len + SECRET_TAG);
	secret_seal(k->seal, sizeof k->seal, nonce, buf_string(&aad), aad.len, data, len,
		sealed);
	buf_add(out, nonce, sizeof nonce);
	buf_add(out, sealed, len + SECRET_TAG);
	buf_clear(&aad);
}

enum err keyring_open(const struct keyring_wave *k, const char *column, int64_t contact,
	const void *sealed, size_t len, struct buf *out)
{
	if (len < KEYRING_OVERHEAD)
		return ERR_CRYPTO;
	const uint8_t *bytes = sealed;
	size_t plain = len - KEYRING_OVERHEAD;
	struct buf aad = { 0 };
	place(column, contact, &aad);
	auto_(free) void *data = mem_alloc(plain);
	enum err e = secret_open(k->seal, sizeof k->seal, bytes, buf_string(&aad),
		aad.len, bytes + SECRET_NONCE, plain, data);
	if (e == OK)
		buf_add(out, data, plain);
	secret_wipe(data, plain);
	buf_clear(&aad);
	return e;
}

void keyring_seal_details(const struct keyring_wave *k, int64_t contact,
	const struct buf *packed, struct buf *out)
{
	keyring_seal(k, "details", contact, packed->data, packed->len, out);
}

enum err keyring_open_details(const struct keyring_wave *k, int64_t contact,
	const void *sealed, size_t len, struct buf *opened, struct details *ret_details)
{
	buf_clear(opened);
	enum err e = keyring_open(k, "details", contact, sealed, len, opened);
	if (e == OK)
		e = details_unpack(opened->data, opened->len, ret_details);
	return e == OK ? OK : ERR_CRYPTO;
}

void keyring_seal_code(const struct keyring_wave *k, int64_t contact,
	const struct code *code, struct buf *out)
{
	keyring_seal(k, "code", contact, code->bytes, sizeof code->bytes, out);
}

enum err keyring_open_code(const struct keyring_wave *k, int64_t contact,
	const void *sealed, size_t len, struct code *ret_code)
{
	struct buf bytes = { 0 };
	enum err e = keyring_open(k, "code", contact, sealed, len, &bytes);
	if (e == OK && bytes.len != INVITATION_CODE)
		e = ERR_CRYPTO;
	if (e == OK)
		memcpy(ret_code->bytes, bytes.data, INVITATION_CODE);
	buf_clear(&bytes);
	return e;
}

enum err keyring_identify(const struct keyring_wave *k,
	const uint8_t key[static SECRET_KEY], int64_t contact, const void *sealed,
	size_t len, struct invitation_id *ret_id)
{
	struct code code;
	struct invitation_seal seal;
	enum err e = keyring_open_code(k, contact, sealed, len, &code);
	if (e != OK)
		return e;
	invitation_derive(key, &code, ret_id, &seal);
	secret_wipe(&code, sizeof code);
	secret_wipe(&seal, sizeof seal);
	return OK;
}

enum err keyring_webhook(
	const char *keys, char out[static KEYRING_WEBHOOK_TEXT + 1], struct why *why)
{
	uint8_t key[SECRET_KEY];
	uint8_t secret[KEYRING_WEBHOOK_TEXT / 2];
	auto_(free) void *file = file_path(keys, webhook_file);
	enum err e = secret_key_load(file, key, why);
	if (e != OK)
		return e;
	secret_hkdf(salt, sizeof salt - 1, key, sizeof key, "brukarenkat webhook", secret,
		sizeof secret);
	secret_hex(secret, sizeof secret, out);
	secret_wipe(key, sizeof key);
	return OK;
}

enum err keyring_webhook_ensure(const char *keys, bool *ret_made, struct why *why)
{
	uint8_t key[SECRET_KEY];
	auto_(free) void *file = file_path(keys, webhook_file);
	enum err e = secret_key_ensure(file, key, ret_made, why);
	secret_wipe(key, sizeof key);
	return e;
}
