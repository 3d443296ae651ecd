/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/ppid.h"

#include "crypto/key.h"
#include "platform/folder.h"

#include <openssl/rsa.h>
#include <string.h>

/* Made by one process and used by another at once, the first key would be lost with no harm: a
 * PCCS knows the platform by its Quoting Enclave as well. */
static EVP_PKEY *have_key(const char *folder, enum sgx_cert_type type, struct error *err)
{
	bool is_small = type == SGX_CERT_TYPE_PPID_RSA_2048;
	const char *name = is_small ? PLATFORM_PPID_KEY_2048 : PLATFORM_PPID_KEY_3072;
	struct error reason = { 0 };
	AUTO(auto_pkey) EVP_PKEY *key = platform_load_key(folder, name, &reason);
	if (key)
		return TAKE(key);
	if (reason.kind != ERROR_NOT_FOUND) {
		error_set(err, reason.kind, "%s", reason.message);
		return NULL;
	}
	key = key_generate_rsa(is_small ? 2048 : 3072, err);
	return key && platform_save_key(folder, name, key, err) ? TAKE(key) : NULL;
}

static EVP_PKEY_CTX *start(EVP_PKEY *key, int (*init)(EVP_PKEY_CTX *ctx))
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	if (ctx && init(ctx) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
		EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

bool platform_put_ppid(const char *folder, enum sgx_cert_type type,
	const uint8_t ppid[SGX_PPID_SIZE], struct buf *out, struct error *err)
{
	if (type == SGX_CERT_TYPE_PPID) {
		buf_put(out, ppid, SGX_PPID_SIZE);
		return true;
	}
	AUTO(auto_pkey) EVP_PKEY *key = have_key(folder, type, err);
	if (!key)
		return false;
	size_t size = (size_t)EVP_PKEY_get_size(key);
	EVP_PKEY_CTX *ctx = start(key, EVP_PKEY_encrypt_init);
	bool done = ctx &&
		    EVP_PKEY_encrypt(ctx, buf_extend(out, size), &size, ppid, SGX_PPID_SIZE) == 1;
	EVP_PKEY_CTX_free(ctx);
	return done || error_set(err, ERROR_INTERNAL, "the PPID cannot be encrypted");
}

bool platform_ppid_is(const char *folder, struct bytes encrypted, const uint8_t ppid[SGX_PPID_SIZE])
{
	uint8_t plain[SGX_PPID_RSA_3072_SIZE];
	size_t size = sizeof(plain);
	AUTO(auto_pkey) EVP_PKEY *key = platform_load_key(folder, PLATFORM_PPID_KEY_3072, NULL);
	EVP_PKEY_CTX *ctx = key ? start(key, EVP_PKEY_decrypt_init) : NULL;
	bool is_same = ctx &&
		       EVP_PKEY_decrypt(ctx, plain, &size, encrypted.data, encrypted.size) == 1 &&
		       size == SGX_PPID_SIZE && !memcmp(plain, ppid, SGX_PPID_SIZE);
	EVP_PKEY_CTX_free(ctx);
	return is_same;
}
