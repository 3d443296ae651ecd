/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recovery_key.h"

#include "base/file.h"
#include "crypto/key.h"
#include "crypto/rsa.h"

#define KEY_MAX    (1U << 20)
#define SECRET_MAX 4096

static bool is_plain(size_t size)
{
	return size == 16 || size == 32;
}

EVP_PKEY *recovery_key_read(const struct options *options, struct error *err)
{
	AUTO(buf_free) struct buf pem = { 0 };
	if (!options->key || !*options->key) {
		error_set(err, ERROR_INVALID,
			"the flag \"--key\" is required: the private recovery key, in PEM");
		return NULL;
	}
	if (!file_read(options->key, KEY_MAX, &pem, err))
		return NULL;
	EVP_PKEY *key = rsa_read_private_pem(buf_bytes(&pem), err);
	if (!key)
		error_prefix(err, "\"%s\"", options->key);
	return key;
}

bool recovery_secret_read(const char *path, EVP_PKEY *key, struct buf *secret, struct error *err)
{
	AUTO(buf_free) struct buf content = { 0 };
	if (!file_read(path, SECRET_MAX, &content, err))
		return false;
	if (is_plain(content.size)) {
		buf_put(secret, content.data, content.size);
		return true;
	}
	if (!key)
		return error_set(err, ERROR_INVALID,
			"recovery key appears to be encrypted, but no \"--key\" or "
			"\"--pkcs11-config\" flag was set to load a private key for decryption");
	return rsa_decrypt(key, buf_bytes(&content), secret, err) ||
	       error_prefix(err,
		       "%s is to be the recovery secret in bytes (decode the base64 that manifest "
		       "set printed)",
		       path);
}

bool recovery_secret_sign(
	EVP_PKEY *key, const struct buf *secret, struct buf *signature, struct error *err)
{
	return key_sign(key, EVP_sha256(), buf_bytes(secret), signature, err);
}
