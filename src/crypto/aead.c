/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/aead.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "crypto/openssl.h"

#include <limits.h>

#define NONCE_SIZE 12
#define TAG_SIZE   16

static const EVP_CIPHER *cipher_for(size_t key_size)
{
	if (key_size == 16)
		return EVP_aes_128_gcm();
	return key_size == 32 ? EVP_aes_256_gcm() : NULL;
}

/* A context for one direction (1 encrypts, 0 decrypts) that has taken in the bound data. */
static EVP_CIPHER_CTX *start(
	struct bytes key, const uint8_t *nonce, struct bytes bound, int encrypt)
{
	const EVP_CIPHER *cipher = cipher_for(key.size);
	AUTO(auto_cipher_ctx) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int length;
	if (!ctx || !cipher || bound.size > INT_MAX ||
		EVP_CipherInit_ex(ctx, cipher, NULL, key.data, nonce, encrypt) != 1 ||
		(bound.size &&
			EVP_CipherUpdate(ctx, NULL, &length, bound.data, (int)bound.size) != 1))
		return NULL;
	return TAKE(ctx);
}

static bool transform(EVP_CIPHER_CTX *ctx, struct bytes in, uint8_t *out)
{
	int length;
	return in.size <= INT_MAX &&
	       (!in.size || EVP_CipherUpdate(ctx, out, &length, in.data, (int)in.size) == 1) &&
	       EVP_CipherFinal_ex(ctx, out + in.size, &length) == 1;
}

bool aead_seal(struct bytes key, struct bytes plain, struct bytes bound, struct buf *out,
	struct error *err)
{
	size_t before = out->size;
	uint8_t *nonce = buf_extend(out, plain.size + AEAD_OVERHEAD);
	uint8_t *tag = nonce + NONCE_SIZE + plain.size;
	random_bytes(nonce, NONCE_SIZE);
	AUTO(auto_cipher_ctx) EVP_CIPHER_CTX *ctx = start(key, nonce, bound, 1);
	if (ctx && transform(ctx, plain, nonce + NONCE_SIZE) &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, tag) == 1)
		return true;
	out->size = before;
	return crypto_error(err, ERROR_INTERNAL, "cannot encrypt with AES-GCM");
}

bool aead_open(struct bytes key, struct bytes sealed, struct bytes bound, struct buf *out,
	struct error *err)
{
	if (sealed.size < AEAD_OVERHEAD)
		return error_set(err, ERROR_DENIED, "sealed data is shorter than nonce and tag");
	const uint8_t *nonce = sealed.data;
	struct bytes text = { nonce + NONCE_SIZE, sealed.size - AEAD_OVERHEAD };
	const uint8_t *tag = nonce + NONCE_SIZE + text.size;
	size_t before = out->size;
	uint8_t *plain = buf_extend(out, text.size);
	AUTO(auto_cipher_ctx) EVP_CIPHER_CTX *ctx = start(key, nonce, bound, 0);
	if (ctx && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, (void *)tag) == 1 &&
		transform(ctx, text, plain))
		return true;
	memory_wipe(plain, text.size);
	out->size = before;
	return error_set(err, ERROR_DENIED,
		"sealed data does not open: another key, other bound data, or changed content");
}
