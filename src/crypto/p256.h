/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECDSA on P-256 with SHA-256, in the forms of quotes and certificates (spec dcap.md). "Raw" is
 * big-endian, both halves padded: X || Y for a point, r || s for a signature. Keys that only verify
 * have a type of their own, which is made and used in a fraction of the time that an EVP_PKEY
 * takes.
 */
#ifndef CRYPTO_P256_H
#define CRYPTO_P256_H

#include "crypto/key.h"

#define P256_RAW_SIZE 64 /* of a raw public key and of a raw signature */

/* A public key. Any number of threads may verify with it at once. */
struct p256_key;

/* NULL with ERROR_INVALID for a point that is not on the curve. */
struct p256_key *p256_key_new(const uint8_t point[P256_RAW_SIZE], struct error *err);
void p256_key_free(struct p256_key *key);
DEFINE_AUTO_FREE(auto_p256_key, struct p256_key *, p256_key_free)

/* False also for halves outside [1, n-1], and without a key. */
bool p256_verify_raw(
	const struct p256_key *key, struct bytes data, const uint8_t signature[P256_RAW_SIZE]);
/* The same for a signature in DER, which has to be its only encoding. */
bool p256_verify(const struct p256_key *key, struct bytes data, struct bytes signature);

/* ERROR_INVALID if the key is on another curve. */
bool p256_put_point(EVP_PKEY *key, uint8_t point[P256_RAW_SIZE], struct error *err);
bool p256_sign_raw(
	EVP_PKEY *key, struct bytes data, uint8_t signature[P256_RAW_SIZE], struct error *err);

#endif
