/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/rsa.h"

#include "crypto/key.h"
#include "crypto/pem.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

EVP_PKEY *rsa_read_public_pem(struct bytes pem, struct error *err)
{
	struct pem_reader reader = pem_reader_of(pem.data, pem.size);
	AUTO(buf_free) struct buf der = { 0 };
	char label[PEM_LABEL_MAX];
	if (!pem_next(&reader, label, &der, NULL) || strcmp(label, "PUBLIC KEY") != 0) {
		error_set(err, ERROR_INVALID, "given PEM data is not a public key");
		return NULL;
	}
	AUTO(auto_pkey) EVP_PKEY *key = key_read_public(buf_bytes(&der), err);
	if (key && EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
		error_set(err, ERROR_INVALID, "unsupported type of public key");
		return NULL;
	}
	return TAKE(key);
}

static EVP_PKEY *read_pkcs1(struct bytes der)
{
	const uint8_t *next = der.data;
	EVP_PKEY *key = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &next, (long)der.size);
	ERR_clear_error();
	return key;
}

EVP_PKEY *rsa_read_private_pem(struct bytes pem, struct error *err)
{
	struct pem_reader reader = pem_reader_of(pem.data, pem.size);
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(auto_pkey) EVP_PKEY *key = NULL;
	char label[PEM_LABEL_MAX];
	if (!pem_next(&reader, label, &der, NULL)) {
		error_set(err, ERROR_INVALID, "did not contain a valid PEM block");
		return NULL;
	}
	if (!strcmp(label, "RSA PRIVATE KEY"))
		key = read_pkcs1(buf_bytes(&der));
	else if (!strcmp(label, "PRIVATE KEY"))
		key = key_read_private(buf_bytes(&der), NULL);
	if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
		error_set(err, ERROR_INVALID, "is no private RSA key without password: %s", label);
		return NULL;
	}
	return TAKE(key);
}

static bool use_oaep(EVP_PKEY_CTX *ctx)
{
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) == 1;
}

static void keep(struct buf *out, size_t size)
{
	out->size = size;
	out->data[size] = 0;
}

bool rsa_encrypt(EVP_PKEY *key, struct bytes plain, struct buf *out, struct error *err)
{
	AUTO(auto_pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	size_t before = out->size;
	size_t size = (size_t)EVP_PKEY_get_size(key);
	uint8_t *sealed = buf_extend(out, size);
	bool done = ctx && EVP_PKEY_encrypt_init(ctx) == 1 && use_oaep(ctx) &&
		    EVP_PKEY_encrypt(ctx, sealed, &size, plain.data, plain.size) == 1;
	keep(out, before + (done ? size : 0));
	return done || crypto_error(err, ERROR_INVALID, "cannot encrypt with this RSA key");
}

bool rsa_decrypt(EVP_PKEY *key, struct bytes sealed, struct buf *out, struct error *err)
{
	AUTO(auto_pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	size_t before = out->size;
	size_t size = (size_t)EVP_PKEY_get_size(key);
	uint8_t *plain = buf_extend(out, size);
	bool done = ctx && EVP_PKEY_decrypt_init(ctx) == 1 && use_oaep(ctx) &&
		    EVP_PKEY_decrypt(ctx, plain, &size, sealed.data, sealed.size) == 1;
	keep(out, before + (done ? size : 0));
	ERR_clear_error();
	return done ||
	       error_set(err, ERROR_DENIED, "decryption error: it was encrypted for another key");
}
