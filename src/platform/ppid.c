/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/ppid.h"

#include "crypto/key.h"
#include "platform/folder.h"

#include <fcntl.h>
#include <openssl/rsa.h>
#include <string.h>
#include <sys/file.h>

struct files {
	const char *encrypted;
	const char *key;
	unsigned bits;
};

static struct files files_of(enum sgx_cert_type type)
{
	return type == SGX_CERT_TYPE_PPID_RSA_2048
		       ? (struct files){ PLATFORM_PPID_2048, PLATFORM_PPID_KEY_2048, 2048 }
		       : (struct files){ PLATFORM_PPID_3072, PLATFORM_PPID_KEY_3072, 3072 };
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

static bool encrypt(EVP_PKEY *key, const uint8_t ppid[SGX_PPID_SIZE], struct buf *out)
{
	size_t size = (size_t)EVP_PKEY_get_size(key);
	EVP_PKEY_CTX *ctx = start(key, EVP_PKEY_encrypt_init);
	bool done = ctx &&
		    EVP_PKEY_encrypt(ctx, buf_extend(out, size), &size, ppid, SGX_PPID_SIZE) == 1;
	EVP_PKEY_CTX_free(ctx);
	return done;
}

/* Once, as a Quoting Enclave does, so that a platform has one name; with the folder's lock. */
static bool make_encrypted(const char *folder, const struct files *files,
	const uint8_t ppid[SGX_PPID_SIZE], struct buf *out, struct error *err)
{
	if (platform_load(folder, files->encrypted, out, NULL))
		return true; /* by another process, meanwhile */
	AUTO(auto_pkey) EVP_PKEY *key = key_generate_rsa(files->bits, err);
	if (!key || !platform_save_key(folder, files->key, key, err))
		return false;
	if (!encrypt(key, ppid, out))
		return error_set(err, ERROR_INTERNAL, "the PPID cannot be encrypted");
	return platform_save(folder, files->encrypted, buf_bytes(out), false, err);
}

bool platform_put_ppid(const char *folder, enum sgx_cert_type type,
	const uint8_t ppid[SGX_PPID_SIZE], struct buf *out, struct error *err)
{
	if (type == SGX_CERT_TYPE_PPID) {
		buf_put(out, ppid, SGX_PPID_SIZE);
		return true;
	}
	const struct files files = files_of(type);
	struct error reason = { 0 };
	if (platform_load(folder, files.encrypted, out, &reason))
		return true;
	if (reason.kind != ERROR_NOT_FOUND)
		return error_set(err, reason.kind, "%s", reason.message);
	AUTO(auto_close) int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX))
		return error_errno(err, "cannot lock %s", folder);
	return make_encrypted(folder, &files, ppid, out, err);
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
