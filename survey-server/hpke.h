/* Single-shot HPKE (RFC 9180) in base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
 * AES-128-GCM. Whoever has only the public key can seal and can't open. */
#ifndef SURVEY_HPKE_H
#define SURVEY_HPKE_H

#include "common/secret.h"

enum { HPKE_ENC = 32, HPKE_ADDS = HPKE_ENC + SECRET_TAG };

/* Seals len bytes to len + HPKE_ADDS: the encapsulated key, then the ciphertext with its
 * tag. Each call uses a key pair of its own. ERR_CRYPTO when the public key is no key. */
enum err hpke_seal(const uint8_t public_key[static 32], const void *info, size_t info_len,
	const void *aad, size_t aad_len, const uint8_t *in, size_t len, uint8_t *out);
/* The reverse: len + HPKE_ADDS bytes in, len out. ERR_CRYPTO when anything was changed or
 * the key is another. */
enum err hpke_open(const struct secret_x25519 *private_key, const void *info,
	size_t info_len, const void *aad, size_t aad_len, const uint8_t *in, size_t len,
	uint8_t *out);

#endif
