#include "secret.h"
#include "file.h"
#include "hex.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A library that can't hash or seal any more must not go on: everything else would be
 * unprotected. */
static void must(bool fine)
{
	if (fine)
		return;
	fputs("the cryptographic library failed\n", stderr);
	abort();
}

static EVP_MD *sha256;
static EVP_CIPHER *aes128, *aes256;
static pthread_key_t own_key;

/* What a thread keeps between calls, since making it anew would cost more than using it.
 */
struct own {
	EVP_MD_CTX *digest;
	uint8_t pool[1024]; /* random bytes; the last `pooled` of them are left */
	size_t pooled;
	EVP_CIPHER_CTX *cipher[2]; /* AES-GCM with keys of 16 and of 32 bytes */
	EVP_PKEY_CTX *pairs;
};

static void own_free(void *p)
{
	struct own *o = p;
	EVP_MD_CTX_free(o->digest);
	OPENSSL_cleanse(o->pool, sizeof o->pool);
	for (int i = 0; i < 2; i++)
		EVP_CIPHER_CTX_free(o->cipher[i]);
	EVP_PKEY_CTX_free(o->pairs);
	free(o);
}

static void forget_all(void)
{
	void *o = pthread_getspecific(own_key);
	if (o)
		own_free(o);
	pthread_setspecific(own_key, NULL);
	EVP_MD_free(sha256);
	EVP_CIPHER_free(aes128);
	EVP_CIPHER_free(aes256);
}

static void fetch_all(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	aes128 = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	aes256 = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	must(sha256 && aes128 && aes256 && pthread_key_create(&own_key, own_free) == 0);
	must(OPENSSL_atexit(forget_all) == 1);
}

static struct own *own(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	must(pthread_once(&once, fetch_all) == 0);
	struct own *o = pthread_getspecific(own_key);
	if (o)
		return o;
	o = mem_alloc(sizeof *o);
	o->pairs = EVP_PKEY_CTX_new_from_name(NULL, "X25519", NULL);
	o->digest = EVP_MD_CTX_new();
	o->cipher[0] = EVP_CIPHER_CTX_new();
	o->cipher[1] = EVP_CIPHER_CTX_new();
	must(o->digest && o->cipher[0] && o->cipher[1] && o->pairs &&
		EVP_EncryptInit_ex2(o->cipher[0], aes128, NULL, NULL, NULL) == 1 &&
		EVP_EncryptInit_ex2(o->cipher[1], aes256, NULL, NULL, NULL) == 1 &&
		EVP_PKEY_keygen_init(o->pairs) == 1 &&
		pthread_setspecific(own_key, o) == 0);
	return o;
}

void secret_random(void *out, size_t len)
{
	struct own *o = own();
	if (len > 32) {
		must(RAND_bytes(out, (int)len) == 1);
		return;
	}
	if (o->pooled < len) {
		must(RAND_bytes(o->pool, sizeof o->pool) == 1);
		o->pooled = sizeof o->pool;
	}
	uint8_t *next = o->pool + sizeof o->pool - o->pooled;
	memcpy(out, next, len);
	OPENSSL_cleanse(next, len);
	o->pooled -= len;
}

void secret_wipe(void *p, size_t len)
{
	OPENSSL_cleanse(p, len);
}

bool secret_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

void secret_hex(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = data;
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * len] = '\0';
}

bool secret_unhex(const char *text, void *out, size_t len)
{
	uint8_t *bytes = out;
	if (strlen(text) != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void secret_base64(const void *data, size_t len, char *out)
{
	(void)EVP_EncodeBlock((unsigned char *)out, data, (int)len);
}

bool secret_unbase64(const char *text, void *out, size_t *ret_len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";
	size_t len = strlen(text), filled = len - strspn(text, digits);
	/* The library lets through white space around, and = anywhere. */
	if (len == 0 || len % 4 || len > 1 << 20 || filled > 2 ||
		strspn(text + len - filled, "=") != filled)
		return false;
	int made = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len);
	if (made < 0)
		return false;
	*ret_len = (size_t)made - filled;
	return true;
}

static const char url_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void secret_base64url(const void *data, size_t len, char *out)
{
	const uint8_t *bytes = data;
	unsigned held = 0, bits = 0;
	for (size_t i = 0; i < len; i++) {
		held = held << 8 | bytes[i];
		for (bits += 8; bits >= 6; bits -= 6)
			*out++ = url_digits[held >> (bits - 6) & 63];
	}
	if (bits)
		*out++ = url_digits[held << (6 - bits) & 63];
	*out = '\0';
}

bool secret_unbase64url(const char *text, size_t text_len, void *out, size_t *ret_len)
{
	uint8_t *next = out;
	unsigned held = 0, bits = 0;
	for (size_t i = 0; i < text_len; i++) {
		const char *place = text[i] ? strchr(url_digits, text[i]) : NULL;
		if (!place)
			return false;
		held = held << 6 | (unsigned)(place - url_digits);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*next++ = (uint8_t)(held >> bits);
		}
		held &= (1u << bits) - 1;
	}
	if (bits >= 6 || held)
		return false;
	*ret_len = (size_t)(next - (uint8_t *)out);
	return true;
}

uint32_t secret_below(uint32_t bound)
{
	uint32_t n, fair = UINT32_MAX - UINT32_MAX % bound;
	do
		secret_random(&n, sizeof n);
	while (n >= fair);
	return n % bound;
}

void secret_sha256(const void *data, size_t len, uint8_t out[static 32])
{
	must(EVP_Q_digest(NULL, "SHA256", NULL, data, len, out, NULL) == 1);
}

/* Hashes the key, padded to SHA-256's block and changed by `change`, then the data. */
static void padded_hash(const uint8_t *key, size_t key_len, uint8_t change,
	const void *data, size_t len, uint8_t out[static 32])
{
	EVP_MD_CTX *c = own()->digest;
	uint8_t pad[64];
	memset(pad, change, sizeof pad);
	for (size_t i = 0; i < key_len; i++)
		pad[i] ^= key[i];
	must(EVP_DigestInit_ex2(c, sha256, NULL) == 1 &&
		EVP_DigestUpdate(c, pad, sizeof pad) == 1 &&
		EVP_DigestUpdate(c, data, len) == 1 &&
		EVP_DigestFinal_ex(c, out, NULL) == 1);
	secret_wipe(pad, sizeof pad);
}

/* RFC 2104 over EVP's SHA-256: to set a key up in an EVP_MAC costs twice as much as to
 * hash with it, and three keys stand between a link and its form. */
void secret_version(const void *data, size_t len, char out[static SECRET_VERSION + 1])
{
	uint8_t digest[32];
	secret_sha256(data, len, digest);
	secret_hex(digest, SECRET_VERSION / 2, out);
}

void secret_hmac(const void *key, size_t key_len, const void *data, size_t len,
	uint8_t out[static 32])
{
	uint8_t inner[32], short_key[32];
	if (key_len > 64) {
		secret_sha256(key, key_len, short_key);
		key = short_key;
		key_len = sizeof short_key;
	}
	padded_hash(key, key_len, 0x36, data, len, inner);
	padded_hash(key, key_len, 0x5c, inner, sizeof inner, out);
	secret_wipe(inner, sizeof inner);
	secret_wipe(short_key, sizeof short_key);
}

void secret_hmac_sha1(const void *key, size_t key_len, const void *data, size_t len,
	uint8_t out[static 20])
{
	size_t made = 0;
	must(EVP_Q_mac(NULL, "HMAC", NULL, "SHA1", NULL, key, key_len, data, len, out, 20,
		     &made) &&
		made == 20);
}

bool secret_scrypt(const char *password, size_t password_len, const void *salt,
	size_t salt_len, unsigned log_n, unsigned block, unsigned parallel, uint8_t *out,
	size_t out_len)
{
	/* The library's own limit of 32 MiB is put aside: what there is, is the limit. */
	bool fine = log_n < 64 && EVP_PBE_scrypt(password, password_len, salt, salt_len,
					  UINT64_C(1) << log_n, block, parallel,
					  UINT64_MAX, out, out_len) == 1;
	ERR_clear_error();
	return fine;
}

void secret_expand(const uint8_t prk[static 32], const void *info, size_t info_len,
	uint8_t *out, size_t out_len)
{
	uint8_t block[256], okm[32];
	must(info_len < sizeof block && out_len <= sizeof okm);
	memcpy(block, info, info_len);
	block[info_len] = 1;
	secret_hmac(prk, 32, block, info_len + 1, okm);
	memcpy(out, okm, out_len);
	secret_wipe(okm, sizeof okm);
}

void secret_hkdf(const void *salt, size_t salt_len, const void *ikm, size_t ikm_len,
	const char *info, uint8_t *out, size_t out_len)
{
	uint8_t prk[32];
	secret_hmac(salt, salt_len, ikm, ikm_len, prk);
	secret_expand(prk, info, strlen(info), out, out_len);
	secret_wipe(prk, sizeof prk);
}

/* The context for keys of that length. It knows its cipher, which no call tells it again:
 * it would begin from nothing. */
static EVP_CIPHER_CTX *aes(size_t key_len)
{
	must(key_len == 16 || key_len == 32);
	return own()->cipher[key_len == 32];
}

void secret_seal(const uint8_t *key, size_t key_len,
	const uint8_t nonce[static SECRET_NONCE], const void *aad, size_t aad_len,
	const uint8_t *in, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *c = aes(key_len);
	int n;
	must(EVP_EncryptInit_ex2(c, NULL, key, nonce, NULL) == 1 &&
		EVP_EncryptUpdate(c, NULL, &n, aad, (int)aad_len) == 1 &&
		EVP_EncryptUpdate(c, out, &n, in, (int)len) == 1 && (size_t)n == len &&
		EVP_EncryptFinal_ex(c, out + len, &n) == 1 &&
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, SECRET_TAG, out + len) ==
			1);
}

enum err secret_open(const uint8_t *key, size_t key_len,
	const uint8_t nonce[static SECRET_NONCE], const void *aad, size_t aad_len,
	const uint8_t *in, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *c = aes(key_len);
	uint8_t tag[SECRET_TAG];
	int n;
	memcpy(tag, in + len, sizeof tag);
	must(EVP_DecryptInit_ex2(c, NULL, key, nonce, NULL) == 1 &&
		EVP_DecryptUpdate(c, NULL, &n, aad, (int)aad_len) == 1 &&
		EVP_DecryptUpdate(c, out, &n, in, (int)len) == 1 &&
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, SECRET_TAG, tag) == 1);
	if (EVP_DecryptFinal_ex(c, out + len, &n) == 1)
		return OK;
	secret_wipe(out, len);
	return ERR_CRYPTO;
}

/* Any key may come in here, and what the library thinks of it is left behind nowhere. */
static bool verify(const char *type, OSSL_PARAM *numbers, const void *data, size_t len,
	const uint8_t *signature, size_t signature_len)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	must(maker && c && EVP_PKEY_fromdata_init(maker) == 1);
	bool fine =
		EVP_PKEY_fromdata(maker, &key, EVP_PKEY_PUBLIC_KEY, numbers) == 1 &&
		EVP_DigestVerifyInit_ex(c, NULL, "SHA256", NULL, NULL, key, NULL) == 1 &&
		EVP_DigestVerify(c, signature, signature_len, data, len) == 1;
	EVP_MD_CTX_free(c);
	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(maker);
	ERR_clear_error();
	return fine;
}

/* What no honest provider has: a key that can be factored, that costs too much to use, or
 * whose every signature is the message itself. */
static bool rsa_is_sound(const BIGNUM *n, const BIGNUM *e)
{
	int bits = BN_num_bits(n);
	return bits >= 2048 && bits <= 8192 && BN_is_odd(n) && BN_is_odd(e) &&
	       !BN_is_one(e) && BN_num_bits(e) <= 64;
}

bool secret_rsa_verify(const uint8_t *n, size_t n_len, const uint8_t *e, size_t e_len,
	const void *data, size_t len, const uint8_t *signature, size_t signature_len)
{
	/* With room for a zero in front, as some write it. */
	if (n_len > 8192 / 8 + 1 || e_len > 8192 / 8 + 1)
		return false;
	BIGNUM *modulus = BN_bin2bn(n, (int)n_len, NULL);
	BIGNUM *exponent = BN_bin2bn(e, (int)e_len, NULL);
	must(modulus && exponent);
	bool fine = false;
	if (rsa_is_sound(modulus, exponent)) {
		OSSL_PARAM_BLD *list = OSSL_PARAM_BLD_new();
		must(list && OSSL_PARAM_BLD_push_BN(
				     list, OSSL_PKEY_PARAM_RSA_N, modulus) == 1);
		must(OSSL_PARAM_BLD_push_BN(list, OSSL_PKEY_PARAM_RSA_E, exponent) == 1);
		OSSL_PARAM *numbers = OSSL_PARAM_BLD_to_param(list);
		must(numbers != NULL);
		fine = verify("RSA", numbers, data, len, signature, signature_len);
		OSSL_PARAM_free(numbers);
		OSSL_PARAM_BLD_free(list);
	}
	BN_free(exponent);
	BN_free(modulus);
	return fine;
}

bool secret_p256_verify(const uint8_t x[static 32], const uint8_t y[static 32],
	const void *data, size_t len, const uint8_t *signature, size_t signature_len)
{
	char group[] = "prime256v1";
	uint8_t point[1 + 2 * 32] = { 4 }; /* SEC 1, 2.3.3: both numbers follow */
	unsigned char *der = NULL;
	if (signature_len != 2 * 32)
		return false;
	memcpy(point + 1, x, 32);
	memcpy(point + 1 + 32, y, 32);
	OSSL_PARAM numbers[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(
			OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
		OSSL_PARAM_construct_end(),
	};
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature, 32, NULL),
	       *s = BN_bin2bn(signature + 32, 32, NULL);
	must(pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1);
	int der_len = i2d_ECDSA_SIG(pair, &der);
	must(der_len > 0);
	bool fine = verify("EC", numbers, data, len, der, (size_t)der_len);
	OPENSSL_free(der);
	ECDSA_SIG_free(pair);
	return fine;
}

struct secret_x25519 {
	EVP_PKEY *key;
};

struct secret_x25519 *secret_x25519_load(const uint8_t priv[static 32])
{
	struct secret_x25519 *k = mem_alloc(sizeof *k);
	k->key = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, priv, 32);
	must(k->key != NULL);
	return k;
}

void secret_x25519_free(struct secret_x25519 *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->key);
	free(k);
}

void secret_x25519_public(const struct secret_x25519 *k, uint8_t ret_pub[static 32])
{
	size_t n = 32;
	must(EVP_PKEY_get_raw_public_key(k->key, ret_pub, &n) == 1 && n == 32);
}

static enum err agree(
	EVP_PKEY *key, const uint8_t pub[static 32], uint8_t ret_shared[static 32])
{
	EVP_PKEY *peer = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, pub, 32);
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	must(peer && c && EVP_PKEY_derive_init(c) == 1);
	size_t n = 32;
	/* OpenSSL itself refuses a shared secret that is all zero (RFC 7748,
	 * section 6.1). */
	bool fine = EVP_PKEY_derive_set_peer_ex(c, peer, 0) == 1 &&
		    EVP_PKEY_derive(c, ret_shared, &n) == 1 && n == 32;
	EVP_PKEY_CTX_free(c);
	EVP_PKEY_free(peer);
	return fine ? OK : ERR_CRYPTO;
}

enum err secret_x25519_agree(const struct secret_x25519 *k, const uint8_t pub[static 32],
	uint8_t ret_shared[static 32])
{
	return agree(k->key, pub, ret_shared);
}

enum err secret_x25519_ephemeral(const uint8_t peer[static 32],
	uint8_t ret_pub[static 32], uint8_t ret_shared[static 32])
{
	EVP_PKEY *pair = NULL;
	must(EVP_PKEY_generate(own()->pairs, &pair) == 1);
	struct secret_x25519 key = { .key = pair };
	secret_x25519_public(&key, ret_pub);
	enum err e = agree(pair, peer, ret_shared);
	EVP_PKEY_free(pair);
	return e;
}

static enum err failed(struct why *why, const char *file, const char *what)
{
	return err_why(why, errno == ENOSPC ? ERR_FULL : ERR_IO, "%s: %s: %s", file, what,
		strerror(errno));
}

enum err secret_key_load(
	const char *file, uint8_t key[static SECRET_KEY], struct why *why)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ENOENT)
			return err_why(why, ERR_NOT_FOUND,
				"%s: there is no such key file: `init` makes it", file);
		return failed(why, file, "can't be read");
	}
	struct stat st;
	uint8_t read_key[SECRET_KEY + 1];
	enum err e = OK;
	ssize_t n = read(fd, read_key, sizeof read_key);
	if (fstat(fd, &st) != 0 || n < 0)
		e = failed(why, file, "can't be read");
	else if (n != SECRET_KEY)
		e = err_why(why, ERR_INPUT,
			"%s: a key file has %d bytes, this one has not", file,
			SECRET_KEY);
	else if (st.st_mode & 077)
		e = err_why(why, ERR_CONFLICT,
			"%s: others than its owner may use it: chmod 0600 it", file);
	else
		memcpy(key, read_key, SECRET_KEY);
	secret_wipe(read_key, sizeof read_key);
	close(fd);
	return e;
}

enum err secret_file_store(
	const char *file, const void *data, size_t len, struct why *why)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		if (errno == EEXIST)
			return err_why(why, ERR_CONFLICT,
				"%s: is there already and is never overwritten", file);
		return failed(why, file, "can't be made");
	}
	enum err e = OK;
	if (write(fd, data, len) != (ssize_t)len || fsync(fd) != 0)
		e = failed(why, file, "can't be written");
	close(fd);
	if (e)
		unlink(file);
	return e ? e : file_sync_folder(file, why);
}

enum err secret_key_store(
	const char *file, const uint8_t key[static SECRET_KEY], struct why *why)
{
	return secret_file_store(file, key, SECRET_KEY, why);
}

enum err secret_key_ensure(
	const char *file, uint8_t key[static SECRET_KEY], bool *ret_made, struct why *why)
{
	uint8_t fresh[SECRET_KEY];
	*ret_made = false;
	if (access(file, F_OK) == 0)
		return secret_key_load(file, key, why);
	secret_random(fresh, sizeof fresh);
	enum err e = secret_key_store(file, fresh, why);
	if (e == ERR_CONFLICT)
		e = secret_key_load(file, key, why);
	else if (e == OK) {
		memcpy(key, fresh, SECRET_KEY);
		*ret_made = true;
	}
	secret_wipe(fresh, sizeof fresh);
	return e;
}

enum err secret_key_erase(const char *file, struct why *why)
{
	uint8_t noise[SECRET_KEY];
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return file_sync_folder(file, why);
	if (fd < 0)
		return failed(why, file, "can't be opened");
	secret_random(noise, sizeof noise);
	bool fine = pwrite(fd, noise, sizeof noise, 0) == (ssize_t)sizeof noise &&
		    fsync(fd) == 0;
	if (!fine) {
		enum err e = failed(why, file, "can't be overwritten");
		close(fd);
		return e;
	}
	close(fd);
	if (unlink(file) != 0)
		return failed(why, file, "can't be removed");
	return file_sync_folder(file, why);
}

void secret_process(void)
{
	struct rlimit none = { 0, 0 };
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
