/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recovery_key.h"

#include "base/file.h"
#include "cli/token.h"
#include "crypto/key.h"
#include "crypto/rsa.h"

#define KEY_MAX    (1U << 20)
#define SECRET_MAX 4096

static bool is_plain(size_t size)
{
	return size == 16 || size == 32;
}

static bool is_given(const char *text)
{
	return text && *text;
}

bool recovery_key_is_given(const struct options *options)
{
	return is_given(options->key) || is_given(options->pkcs11_config);
}

static bool read_file(const char *path, struct recovery_key *key, struct error *err)
{
	AUTO(buf_free) struct buf pem = { 0 };
	if (!file_read(path, KEY_MAX, &pem, err))
		return false;
	struct error reason = { 0 };
	key->key = rsa_read_private_pem(buf_bytes(&pem), &reason);
	return key->key || error_set(err, reason.kind, "\"%s\" %s", path, reason.message);
}

static bool open_token(const struct options *options, struct recovery_key *key, struct error *err)
{
	AUTO(buf_free) struct buf config = { 0 };
	struct marblerun_pkcs11 place;
	if (!token_read_place(options, &config, &place, err))
		return false;
	key->token = pkcs11_open_key(&place, err);
	if (!key->token)
		return error_prefix(err, "PKCS#11");
	key->key = pkcs11_key(key->token);
	EVP_PKEY_up_ref(key->key);
	return EVP_PKEY_get_base_id(key->key) == EVP_PKEY_RSA ||
	       error_set(err, ERROR_INVALID, "PKCS#11: the key is no RSA key");
}

bool recovery_key_read(const struct options *options, struct recovery_key *key, struct error *err)
{
	*key = (struct recovery_key){ 0 };
	if (is_given(options->key) && is_given(options->pkcs11_config))
		return error_set(err, ERROR_INVALID,
			"if any flags in the group [key pkcs11-config] are set none of the others "
			"can be: your recovery key is either in a file or on a token");
	if (is_given(options->key))
		return read_file(options->key, key, err);
	if (is_given(options->pkcs11_config))
		return open_token(options, key, err);
	return error_set(err, ERROR_INVALID,
		"at least one of the flags in the group [key pkcs11-config] is required: where "
		"your private recovery key is");
}

void recovery_key_free(struct recovery_key *key)
{
	EVP_PKEY_free(key->key);
	pkcs11_free(key->token);
	*key = (struct recovery_key){ 0 };
}

bool recovery_secret_read(
	const char *path, const struct recovery_key *key, struct buf *secret, struct error *err)
{
	AUTO(buf_free) struct buf content = { 0 };
	if (!file_read(path, SECRET_MAX, &content, err))
		return false;
	if (is_plain(content.size)) {
		buf_put(secret, content.data, content.size);
		return true;
	}
	if (!key->key)
		return error_set(err, ERROR_INVALID,
			"recovery key appears to be encrypted, but no \"--key\" or "
			"\"--pkcs11-config\" flag was set to load a private key for decryption");
	return rsa_decrypt(key->key, buf_bytes(&content), secret, err) ||
	       error_prefix(err,
		       "%s is to be the recovery secret in bytes (decode the base64 that manifest "
		       "set printed)",
		       path);
}

bool recovery_secret_sign(const struct recovery_key *key, const struct buf *secret,
	struct buf *signature, struct error *err)
{
	return key_sign(key->key, EVP_sha256(), buf_bytes(secret), signature, err);
}
