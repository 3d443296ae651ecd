/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/digest.h"

#include "base/memory.h"
#include "crypto/openssl.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <pthread.h>

#define FILE_STEP (64U << 10) /* small enough to stay in the cache */

/* These operations fail only when memory ends; nothing sensible can follow. */
static void must(int ok)
{
	if (ok != 1)
		abort();
}

/*
 * Fetched once: to look it up by its name at each use takes as long as to hash a quote. NULL if
 * that failed, which each use then reports.
 */
static EVP_MD *fetched_sha256;

static void fetch_sha256(void)
{
	fetched_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static const EVP_MD *get_sha256(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, fetch_sha256);
	return fetched_sha256;
}

void sha256_start(struct sha256 *hash)
{
	hash->context = EVP_MD_CTX_new();
	must(hash->context != NULL);
	must(EVP_DigestInit_ex(hash->context, get_sha256(), NULL));
}

void sha256_add(struct sha256 *hash, const void *data, size_t size)
{
	must(EVP_DigestUpdate(hash->context, data, size));
}

void sha256_finish(struct sha256 *hash, uint8_t out[SHA256_SIZE])
{
	must(EVP_DigestFinal_ex(hash->context, out, NULL));
	sha256_drop(hash);
}

void sha256_drop(struct sha256 *hash)
{
	EVP_MD_CTX_free(hash->context);
	hash->context = NULL;
}

void sha256(const void *data, size_t size, uint8_t out[SHA256_SIZE])
{
	must(EVP_Digest(data, size, out, NULL, get_sha256(), NULL));
}

static bool hash_stream(int fd, struct sha256 *hash, uint64_t *hashed)
{
	AUTO(auto_free) char *step = xmalloc(FILE_STEP);
	for (;;) {
		ssize_t got = read(fd, step, FILE_STEP);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		sha256_add(hash, step, (size_t)got);
		*hashed += (uint64_t)got;
	}
}

bool sha256_file(const char *path, uint8_t out[SHA256_SIZE], uint64_t *hashed, struct error *err)
{
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		error_errno(err, "cannot read %s", path);
		if (err && errno == ENOENT)
			err->kind = ERROR_NOT_FOUND;
		return false;
	}
	AUTO(sha256_drop) struct sha256 hash;
	sha256_start(&hash);
	uint64_t size = 0;
	if (!hash_stream(fd, &hash, &size))
		return error_errno(err, "cannot read %s", path);
	sha256_finish(&hash, out);
	if (hashed)
		*hashed = size;
	return true;
}

bool hkdf_sha256(struct bytes secret, struct bytes salt, struct bytes info, uint8_t *out,
	size_t size, struct error *err)
{
	AUTO(auto_pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
	if (!ctx || EVP_PKEY_derive_init(ctx) != 1 ||
		EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256()) != 1 ||
		EVP_PKEY_CTX_set1_hkdf_salt(ctx, salt.data, (int)salt.size) != 1 ||
		EVP_PKEY_CTX_set1_hkdf_key(ctx, secret.data, (int)secret.size) != 1 ||
		EVP_PKEY_CTX_add1_hkdf_info(ctx, info.data, (int)info.size) != 1 ||
		EVP_PKEY_derive(ctx, out, &size) != 1)
		return crypto_error(err, ERROR_INVALID, "cannot derive a key by HKDF");
	return true;
}

void aes128_cmac(const uint8_t key[16], const void *data, size_t size, uint8_t out[16])
{
	size_t length = 16;
	must(EVP_Q_mac(NULL, "CMAC", NULL, "AES-128-CBC", NULL, key, 16, data, size, out, length,
		     &length) != NULL);
}

void random_bytes(void *out, size_t size)
{
	must(RAND_priv_bytes_ex(NULL, out, size, 0));
}
