/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys, mostly on elliptic curves: generating, storing, signing. Keys are EVP_PKEY (see
 * crypto/openssl.h); a function that returns one gives it to the caller, who frees it with
 * EVP_PKEY_free or auto_pkey.
 */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "crypto/openssl.h"

#define RSA_BITS_MIN 1024 /* as the Go library has it; less can be factored */
#define RSA_BITS_MAX 8192 /* more takes minutes */

/* bits: 224, 256, 384 or 521. NULL with ERROR_INVALID for another number. */
EVP_PKEY *key_generate_ec(unsigned bits, struct error *err);
/*
 * RSA with public exponent 65537. Takes a tenth of a second for 2048 bits, seconds for 4096. NULL
 * with ERROR_INVALID for less than RSA_BITS_MIN or more than RSA_BITS_MAX.
 */
EVP_PKEY *key_generate_rsa(uint64_t bits, struct error *err);
EVP_PKEY *key_generate_ed25519(struct error *err);

/*
 * DER: PKCS#8 for private keys, SubjectPublicKeyInfo (PKIX) for public ones. Append to out. The
 * public key may be what X509_get0_pubkey gives: NULL, refused here, for one that nobody knows.
 */
bool key_put_private(EVP_PKEY *key, struct buf *out, struct error *err);
bool key_put_public(EVP_PKEY *key, struct buf *out, struct error *err);
/* Read exactly one key that fills `der`. NULL with ERROR_INVALID otherwise. */
EVP_PKEY *key_read_private(struct bytes der, struct error *err);
EVP_PKEY *key_read_public(struct bytes der, struct error *err);

/* The digest that goes with an EC key's curve: SHA-384 for P-384, SHA-512 for P-521, else 256. */
const EVP_MD *key_digest(EVP_PKEY *key);

/* ECDSA, ASN.1 DER, over the digest of data. Appends to out. */
bool key_sign(
	EVP_PKEY *key, const EVP_MD *digest, struct bytes data, struct buf *out, struct error *err);
bool key_verify(EVP_PKEY *key, const EVP_MD *digest, struct bytes data, struct bytes signature);

#endif
