/* SPDX-License-Identifier: Apache-2.0 */
#include "protected/cipher.h"

#include "base/memory.h"
#include "crypto/openssl.h"

enum direction { DECRYPT, ENCRYPT };

/* Nothing here fails but for want of memory; nothing sensible can follow. */
static void must(int ok)
{
	if (ok != 1)
		abort();
}

static EVP_CIPHER_CTX *context_of(struct cipher *cipher)
{
	return (EVP_CIPHER_CTX *)cipher;
}

struct cipher *cipher_new(void)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	must(context != NULL);
	must(EVP_CipherInit_ex(context, EVP_aes_128_gcm(), NULL, NULL, NULL, ENCRYPT));
	return (struct cipher *)context;
}

void cipher_free(struct cipher *cipher)
{
	EVP_CIPHER_CTX_free(context_of(cipher));
}

static EVP_CIPHER_CTX *start(struct cipher *cipher, const uint8_t *key, enum direction direction)
{
	static const uint8_t zero_iv[12] = { 0 };
	must(EVP_CipherInit_ex(context_of(cipher), NULL, NULL, key, zero_iv, direction));
	return context_of(cipher);
}

static void finish_tag(EVP_CIPHER_CTX *context, uint8_t tag[CIPHER_TAG_SIZE])
{
	uint8_t rest[16];
	int length;
	must(EVP_CipherFinal_ex(context, rest, &length));
	must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, CIPHER_TAG_SIZE, tag));
}

void cipher_encrypt(struct cipher *cipher, const uint8_t key[CIPHER_KEY_SIZE], const void *plain,
	size_t size, void *out, uint8_t tag[CIPHER_TAG_SIZE])
{
	int length;
	EVP_CIPHER_CTX *context = start(cipher, key, ENCRYPT);
	must(EVP_CipherUpdate(context, out, &length, plain, (int)size));
	finish_tag(context, tag);
}

bool cipher_decrypt(struct cipher *cipher, const uint8_t key[CIPHER_KEY_SIZE], const void *in,
	size_t size, void *out, const uint8_t tag[CIPHER_TAG_SIZE])
{
	uint8_t rest[16];
	int length;
	EVP_CIPHER_CTX *context = start(cipher, key, DECRYPT);
	must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, CIPHER_TAG_SIZE, (void *)tag));
	must(EVP_CipherUpdate(context, out, &length, in, (int)size));
	if (EVP_CipherFinal_ex(context, rest, &length) == 1)
		return true;
	memory_wipe(out, size);
	return false;
}

void cipher_authenticate(struct cipher *cipher, const uint8_t key[CIPHER_KEY_SIZE],
	const void *data, size_t size, uint8_t tag[CIPHER_TAG_SIZE])
{
	int length;
	EVP_CIPHER_CTX *context = start(cipher, key, ENCRYPT);
	must(EVP_CipherUpdate(context, NULL, &length, data, (int)size));
	finish_tag(context, tag);
}
