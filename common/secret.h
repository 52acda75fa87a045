/* Secrets, over OpenSSL's EVP: the only file that knows it. Every function that can fail
 * says so; what is no longer needed is overwritten by the caller with secret_wipe(). */
#ifndef COMMON_SECRET_H
#define COMMON_SECRET_H

#include "err.h"
#include "mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SECRET_KEY = 32, /* bytes of a key file, an HMAC-SHA-256 and an X25519 key */
	SECRET_TAG = 16, /* bytes that sealing adds */
	SECRET_NONCE = 12
};

/* Fills with random bytes; ends the program when the system has none. */
void secret_random(void *out, size_t len);
void secret_wipe(void *p, size_t len);
/* Compares in constant time. */
bool secret_equal(const void *a, const void *b, size_t len);
/* Lower-case hexadecimal, 2·len characters and a NUL. */
void secret_hex(const void *data, size_t len, char *out);
/* The reverse; false unless text is exactly 2·len hexadecimal digits. */
bool secret_unhex(const char *text, void *out, size_t len);
/* Base 64 with padding (RFC 4648), 4·ceil(len/3) characters and a NUL. */
void secret_base64(const void *data, size_t len, char *out);
/* The reverse; out has room for three bytes a group of four characters. false when it is
 * no padded base64. */
bool secret_unbase64(const char *text, void *out, size_t *ret_len);
/* The URL-safe alphabet without padding (RFC 4648, 5): 4·len/3 rounded up, and a NUL. */
void secret_base64url(const void *data, size_t len, char *out);
/* The reverse; out has room for 3·length/4 bytes. false for padding, any other character,
 * or bits left over that are not zero. */
bool secret_unbase64url(const char *text, size_t text_len, void *out, size_t *ret_len);
/* A number in 0 … bound−1, each equally likely; bound ≥ 1. */
uint32_t secret_below(uint32_t bound);

void secret_sha256(const void *data, size_t len, uint8_t out[static 32]);
/* A short name for these bytes, which others hardly have: the first digits of their
 * SHA-256.
 */
enum { SECRET_VERSION = 8 };
void secret_version(const void *data, size_t len, char out[static SECRET_VERSION + 1]);
/* HMAC-SHA-256, RFC 2104. Keys of up to 64 bytes. */
void secret_hmac(const void *key, size_t key_len, const void *data, size_t len,
	uint8_t out[static 32]);
/* HMAC-SHA-1, for TOTP only. */
void secret_hmac_sha1(const void *key, size_t key_len, const void *data, size_t len,
	uint8_t out[static 20]);
/* scrypt, RFC 7914, with N = 2^log_n; takes 128·r·N bytes of memory. false when there is
 * not so much. */
bool secret_scrypt(const char *password, size_t password_len, const void *salt,
	size_t salt_len, unsigned log_n, unsigned block, unsigned parallel, uint8_t *out,
	size_t out_len);
/* HKDF-SHA-256, RFC 5869: extract, then one block of expand (out_len ≤ 32). */
void secret_hkdf(const void *salt, size_t salt_len, const void *ikm, size_t ikm_len,
	const char *info, uint8_t *out, size_t out_len);
void secret_expand(const uint8_t prk[static 32], const void *info, size_t info_len,
	uint8_t *out, size_t out_len);

/* AES-GCM with a 16 or 32 byte key: len bytes in, len + SECRET_TAG out. */
void secret_seal(const uint8_t *key, size_t key_len,
	const uint8_t nonce[static SECRET_NONCE], const void *aad, size_t aad_len,
	const uint8_t *in, size_t len, uint8_t *out);
/* len + SECRET_TAG bytes in, len out. ERR_CRYPTO when anything was changed or the key is
 * another; out is then all zero. */
enum err secret_open(const uint8_t *key, size_t key_len,
	const uint8_t nonce[static SECRET_NONCE], const void *aad, size_t aad_len,
	const uint8_t *in, size_t len, uint8_t *out);

/* Signatures over SHA-256 of the data by a key given as the numbers of a JWK (RFC 7518,
 * 6), big-endian. RSASSA-PKCS1-v1_5 (modulus of 2,048 to 8,192 bits), and ECDSA on P-256
 * with the signature as r and s of 32 bytes each (RFC 7518, 3.4). false when the
 * signature or the key is not as it should be. */
bool secret_rsa_verify(const uint8_t *n, size_t n_len, const uint8_t *e, size_t e_len,
	const void *data, size_t len, const uint8_t *signature, size_t signature_len);
bool secret_p256_verify(const uint8_t x[static 32], const uint8_t y[static 32],
	const void *data, size_t len, const uint8_t *signature, size_t signature_len);

/* X25519, RFC 7748. A loaded private key can be used by one thread at a time. */
struct secret_x25519;
struct secret_x25519 *secret_x25519_load(const uint8_t priv[static 32]);
void secret_x25519_free(struct secret_x25519 *key);
MEM_AUTO(x25519, struct secret_x25519 *, secret_x25519_free)
void secret_x25519_public(const struct secret_x25519 *key, uint8_t ret_pub[static 32]);
/* The secret shared with the holder of pub's private key; ERR_CRYPTO when it would be all
 * zero. */
enum err secret_x25519_agree(const struct secret_x25519 *key,
	const uint8_t pub[static 32], uint8_t ret_shared[static 32]);
/* The same with a key pair made for this one call, of which only the public half is
 * given. */
enum err secret_x25519_ephemeral(const uint8_t peer[static 32],
	uint8_t ret_pub[static 32], uint8_t ret_shared[static 32]);

/* Reads a key file of 32 bytes. ERR_NOT_FOUND, ERR_INPUT (wrong size), or ERR_CONFLICT
 * when others than its owner may read it; the file and what to do in why. */
enum err secret_key_load(
	const char *file, uint8_t key[static SECRET_KEY], struct why *why);
/* Writes a new file, mode 0600, synced with its folder. ERR_CONFLICT when it is there
 * already; otherwise, when it fails, there is none. */
enum err secret_file_store(
	const char *file, const void *data, size_t len, struct why *why);
/* The same with a key. */
enum err secret_key_store(
	const char *file, const uint8_t key[static SECRET_KEY], struct why *why);
/* Loads the file, made anew from random bytes when it is missing. */
enum err secret_key_ensure(const char *file, uint8_t key[static SECRET_KEY],
	bool *ret_made, struct why *why);
/* Overwrites, syncs and unlinks the file and syncs its folder. A file that is not there
 * is fine. */
enum err secret_key_erase(const char *file, struct why *why);

/* Hardens the process: no core dumps, no ptrace by others; call it first thing in main.
 */
void secret_process(void);

#endif
