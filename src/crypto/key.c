/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key.h"

#include "crypto/ec_key.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <string.h>

DEFINE_AUTO_FREE(auto_pkcs8, PKCS8_PRIV_KEY_INFO *, PKCS8_PRIV_KEY_INFO_free)

static const char *curve_name(unsigned bits)
{
	switch (bits) {
	case 224:
		return "P-224";
	case 256:
		return "P-256";
	case 384:
		return "P-384";
	case 521:
		return "P-521";
	default:
		return NULL;
	}
}

EVP_PKEY *key_generate_ec(unsigned bits, struct error *err)
{
	const char *curve = curve_name(bits);
	if (!curve) {
		error_set(err, ERROR_INVALID,
			"unsupported size %u: does not map to a supported curve", bits);
		return NULL;
	}
	EVP_PKEY *key = EVP_EC_gen(curve);
	if (!key)
		crypto_error(err, ERROR_INTERNAL, "cannot generate an EC key");
	return key;
}

EVP_PKEY *key_generate_rsa(uint64_t bits, struct error *err)
{
	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX) {
		error_set(err, ERROR_INVALID, "unsupported size %llu: an RSA key has %d to %d bits",
			(unsigned long long)bits, RSA_BITS_MIN, RSA_BITS_MAX);
		return NULL;
	}
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
	if (!key)
		crypto_error(err, ERROR_INTERNAL, "cannot generate an RSA key");
	return key;
}

EVP_PKEY *key_generate_ed25519(struct error *err)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (!key)
		crypto_error(err, ERROR_INTERNAL, "cannot generate an Ed25519 key");
	return key;
}

bool key_put_private(EVP_PKEY *key, struct buf *out, struct error *err)
{
	struct ec_key parts;
	if (ec_key_describe(key, &parts) && ec_key_put_private(key, &parts, out))
		return true;
	AUTO(auto_pkcs8) PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : -1;
	if (size <= 0)
		return crypto_error(err, ERROR_INTERNAL, "cannot encode a private key");
	uint8_t *next = buf_extend(out, (size_t)size);
	i2d_PKCS8_PRIV_KEY_INFO(info, &next);
	return true;
}

bool key_put_public(EVP_PKEY *key, struct buf *out, struct error *err)
{
	struct ec_key parts;
	if (!key)
		return crypto_error(err, ERROR_INVALID, "a public key of an unknown kind");
	if (ec_key_describe(key, &parts)) {
		ec_key_put_public(&parts, out);
		return true;
	}
	int size = i2d_PUBKEY(key, NULL);
	if (size <= 0)
		return crypto_error(err, ERROR_INTERNAL, "cannot encode a public key");
	uint8_t *next = buf_extend(out, (size_t)size);
	i2d_PUBKEY(key, &next);
	return true;
}

EVP_PKEY *key_read_private(struct bytes der, struct error *err)
{
	const uint8_t *next = der.data;
	EVP_PKEY *key = NULL;
	if (der.size <= LONG_MAX) {
		AUTO(auto_pkcs8)
		PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &next, (long)der.size);
		if (info && next == (const uint8_t *)der.data + der.size)
			key = EVP_PKCS82PKEY(info);
	}
	if (!key)
		crypto_error(err, ERROR_INVALID, "not a private key in PKCS#8 form");
	return key;
}

EVP_PKEY *key_read_public(struct bytes der, struct error *err)
{
	const uint8_t *next = der.data;
	AUTO(auto_pkey) EVP_PKEY *key = NULL;
	if (der.size <= LONG_MAX)
		key = d2i_PUBKEY(NULL, &next, (long)der.size);
	if (!key || next != (const uint8_t *)der.data + der.size) {
		crypto_error(err, ERROR_INVALID, "not a public key in PKIX form");
		return NULL;
	}
	return TAKE(key);
}

const EVP_MD *key_digest(EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);
	if (bits == 384)
		return EVP_sha384();
	return bits == 521 ? EVP_sha512() : EVP_sha256();
}

bool key_sign(
	EVP_PKEY *key, const EVP_MD *digest, struct bytes data, struct buf *out, struct error *err)
{
	AUTO(auto_md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t size = (size_t)EVP_PKEY_get_size(key);
	size_t before = out->size;
	uint8_t *signature = buf_extend(out, size);
	if (!ctx || EVP_DigestSignInit(ctx, NULL, digest, NULL, key) != 1 ||
		EVP_DigestSign(ctx, signature, &size, data.data, data.size) != 1) {
		out->size = before;
		return crypto_error(err, ERROR_INTERNAL, "cannot sign");
	}
	out->size = before + size;
	out->data[out->size] = 0;
	return true;
}

/*
 * The digest is made apart from the verification: OpenSSL 3.0 takes longer to set up both in one
 * (EVP_DigestVerify) than to hash what is signed here.
 */
bool key_verify(EVP_PKEY *key, const EVP_MD *digest, struct bytes data, struct bytes signature)
{
	AUTO(auto_pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	bool good = ctx && EVP_Digest(data.data, data.size, hash, &size, digest, NULL) == 1 &&
		    EVP_PKEY_verify_init(ctx) == 1 &&
		    EVP_PKEY_CTX_set_signature_md(ctx, digest) == 1 &&
		    EVP_PKEY_verify(ctx, signature.data, signature.size, hash, size) == 1;
	ERR_clear_error();
	return good;
}
