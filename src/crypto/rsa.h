/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA as the recovery of a Coordinator uses it (spec client-api.md clauses 7.1 and 7.2): OAEP with
 * SHA-256 and MGF1-SHA-256 and no label; signatures of PKCS#1 v1.5 over SHA-256 are key_sign and
 * key_verify with EVP_sha256().
 */
#ifndef CRYPTO_RSA_H
#define CRYPTO_RSA_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/openssl.h"

/* NULL with ERROR_INVALID unless the text begins with one PEM block PUBLIC KEY with an RSA key. */
EVP_PKEY *rsa_read_public_pem(struct bytes pem, struct error *err);

/*
 * The same for a private key: PRIVATE KEY (PKCS#8) or RSA PRIVATE KEY (PKCS#1). What err says goes
 * on behind the name of the file.
 */
EVP_PKEY *rsa_read_private_pem(struct bytes pem, struct error *err);

/* Appends the ciphertext. ERROR_INVALID when the key is too short for so many bytes. */
bool rsa_encrypt(EVP_PKEY *key, struct bytes plain, struct buf *out, struct error *err);
/* Appends the plain bytes. ERROR_DENIED, which says no more, when the ciphertext does not open. */
bool rsa_decrypt(EVP_PKEY *key, struct bytes sealed, struct buf *out, struct error *err);

#endif
