/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sign_key.h"

#include "base/file.h"
#include "crypto/key.h"
#include "crypto/pem.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#define KEY_FILE_MAX 65536
#define KEY_BITS     3072
#define KEY_EXPONENT 3

DEFINE_AUTO_FREE(auto_bio, BIO *, BIO_free_all)

EVP_PKEY *sign_key_read(const char *path, const char *passphrase, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	if (!file_read(path, KEY_FILE_MAX, &text, err))
		return NULL;
	AUTO(auto_bio) BIO *bio = BIO_new_mem_buf(buf_text(&text), (int)text.size);
	/* without a callback, OpenSSL takes the last argument as the passphrase */
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)passphrase) : NULL;
	if (!key) {
		crypto_error(err, ERROR_INVALID, "not a private key in PEM, or a wrong passphrase");
		error_prefix(err, "%s", path);
	}
	return key;
}

static EVP_PKEY *generate(struct error *err)
{
	AUTO(auto_pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
	AUTO(auto_bn) BIGNUM *exponent = BN_new();
	EVP_PKEY *key = NULL;
	if (!ctx || !exponent || !BN_set_word(exponent, KEY_EXPONENT) ||
		EVP_PKEY_keygen_init(ctx) != 1 ||
		EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, KEY_BITS) != 1 ||
		EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, exponent) != 1 ||
		EVP_PKEY_generate(ctx, &key) != 1)
		crypto_error(err, ERROR_INTERNAL, "cannot generate an RSA key");
	return key;
}

bool sign_key_generate(const char *path, struct error *err)
{
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(buf_free) struct buf pem = { 0 };
	AUTO(auto_close)
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0 && errno == EEXIST)
		return error_set(err, ERROR_STATE,
			"%s exists; a key that is lost cannot be made again, so remove it yourself",
			path);
	if (fd < 0)
		return error_errno(err, "cannot create %s", path);
	AUTO(auto_pkey) EVP_PKEY *key = generate(err);
	if (!key || !key_put_private(key, &der, err)) {
		unlink(path);
		return false;
	}
	pem_encode(&pem, "PRIVATE KEY", buf_bytes(&der));
	if (!file_write_all(fd, pem.data, pem.size) || fsync(fd)) {
		error_errno(err, "cannot write %s", path);
		unlink(path);
		return false;
	}
	return true;
}
