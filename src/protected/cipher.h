/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-128-GCM as protected files use it (spec graphene-protected-files.md): with an IV of zeros,
 * which is safe only because no key encrypts twice. A cipher serves one thread at a time.
 */
#ifndef PROTECTED_CIPHER_H
#define PROTECTED_CIPHER_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CIPHER_KEY_SIZE 16
#define CIPHER_TAG_SIZE 16

struct cipher;

struct cipher *cipher_new(void);
void cipher_free(struct cipher *cipher);
DEFINE_AUTO_FREE(auto_cipher, struct cipher *, cipher_free)

void cipher_encrypt(struct cipher *cipher, const uint8_t key[CIPHER_KEY_SIZE], const void *plain,
	size_t size, void *out, uint8_t tag[CIPHER_TAG_SIZE]);

/* False, and zeros in out, if the tag does not fit. */
bool cipher_decrypt(struct cipher *cipher, const uint8_t key[CIPHER_KEY_SIZE], const void *in,
	size_t size, void *out, const uint8_t tag[CIPHER_TAG_SIZE]);

/* The tag over data that is not encrypted. */
void cipher_authenticate(struct cipher *cipher, const uint8_t key[CIPHER_KEY_SIZE],
	const void *data, size_t size, uint8_t tag[CIPHER_TAG_SIZE]);

#endif
