/* SPDX-License-Identifier: Apache-2.0 */
/* The key that signs enclaves: RSA-3072 with exponent 3 in a PEM file (spec graphene-signing.md
 * clause 5). */
#ifndef GRAPHENE_SIGN_KEY_H
#define GRAPHENE_SIGN_KEY_H

#include "base/error.h"
#include "crypto/openssl.h"

/* Reads a private key. Encrypted and `passphrase` NULL: asks on the terminal. The caller frees. */
EVP_PKEY *sign_key_read(const char *path, const char *passphrase, struct error *err);

/* Makes a key in a new file that its owner alone can read. ERROR_STATE when the file exists. */
bool sign_key_generate(const char *path, struct error *err);

#endif
