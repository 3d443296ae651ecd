/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of an EC key and its encodings made of them. OpenSSL 3.0 takes longer to encode such a
 * key than to sign with it, and an activation encodes several.
 */
#ifndef CRYPTO_EC_KEY_H
#define CRYPTO_EC_KEY_H

#include "base/buf.h"
#include "crypto/openssl.h"

#define EC_POINT_MAX 133 /* bytes of an uncompressed point on P-521 */

struct ec_key {
	int curve; /* NID */
	size_t scalar_size;
	uint8_t point[EC_POINT_MAX]; /* uncompressed */
	size_t point_size;
};

/* False if it is no key on one of the curves P-224, P-256, P-384 and P-521. */
bool ec_key_describe(EVP_PKEY *key, struct ec_key *parts);

/* DER as OpenSSL makes it: SubjectPublicKeyInfo; PKCS#8, false if there is no private half. */
void ec_key_put_public(const struct ec_key *parts, struct buf *out);
bool ec_key_put_private(EVP_PKEY *key, const struct ec_key *parts, struct buf *out);

/* Makes it the public key of a certificate that is only going to be encoded. */
bool ec_key_set_in_certificate(const struct ec_key *parts, X509 *cert);

#endif
