/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, HKDF-SHA-256, AES-128-CMAC and random bytes. */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "base/buf.h"
#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32

/* A running SHA-256. Start with sha256_start, which allocates, end with sha256_finish or _drop. */
struct sha256 {
	void *context;
};

void sha256_start(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *data, size_t size);
void sha256_finish(struct sha256 *hash, uint8_t out[SHA256_SIZE]);
void sha256_drop(struct sha256 *hash);

void sha256(const void *data, size_t size, uint8_t out[SHA256_SIZE]);
/* Hashes a file of any size. `hashed`, unless NULL, gets the number of bytes. */
bool sha256_file(const char *path, uint8_t out[SHA256_SIZE], uint64_t *hashed, struct error *err);

/* RFC 5869 extract and expand. Fails only when size > 255 * 32. */
bool hkdf_sha256(struct bytes secret, struct bytes salt, struct bytes info, uint8_t *out,
	size_t size, struct error *err);

void aes128_cmac(const uint8_t key[16], const void *data, size_t size, uint8_t out[16]);

/* Ends the program when the system's generator fails. */
void random_bytes(void *out, size_t size);

#endif
