/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key.h"

#include "crypto/ec_key.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <string.h>

DEFINE_AUTO_FREE(auto_ecdsa_sig, ECDSA_SIG *, ECDSA_SIG_free)
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

bool key_verify(EVP_PKEY *key, const EVP_MD *digest, struct bytes data, struct bytes signature)
{
	AUTO(auto_md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good =
		ctx && EVP_DigestVerifyInit(ctx, NULL, digest, NULL, key) == 1 &&
		EVP_DigestVerify(ctx, signature.data, signature.size, data.data, data.size) == 1;
	ERR_clear_error();
	return good;
}

EVP_PKEY *p256_read_point(const uint8_t point[P256_RAW_SIZE], struct error *err)
{
	uint8_t encoded[1 + P256_RAW_SIZE] = { POINT_CONVERSION_UNCOMPRESSED };
	memcpy(encoded + 1, point, P256_RAW_SIZE);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0),
		OSSL_PARAM_construct_octet_string(
			OSSL_PKEY_PARAM_PUB_KEY, encoded, sizeof(encoded)),
		OSSL_PARAM_END,
	};
	AUTO(auto_pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;
	/* fromdata decodes the point, which fails for one that is not on the curve */
	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		crypto_error(err, ERROR_INVALID, "not a point on P-256");
	return key;
}

bool p256_put_point(EVP_PKEY *key, uint8_t point[P256_RAW_SIZE], struct error *err)
{
	uint8_t encoded[1 + P256_RAW_SIZE];
	size_t size = 0;
	if (EVP_PKEY_get_octet_string_param(
		    key, OSSL_PKEY_PARAM_PUB_KEY, encoded, sizeof(encoded), &size) != 1 ||
		size != sizeof(encoded) || encoded[0] != POINT_CONVERSION_UNCOMPRESSED)
		return crypto_error(err, ERROR_INVALID, "not a P-256 key");
	memcpy(point, encoded + 1, P256_RAW_SIZE);
	return true;
}

bool p256_sign_raw(
	EVP_PKEY *key, struct bytes data, uint8_t signature[P256_RAW_SIZE], struct error *err)
{
	AUTO(buf_free) struct buf der = { 0 };
	if (!key_sign(key, EVP_sha256(), data, &der, err))
		return false;
	const uint8_t *next = der.data;
	AUTO(auto_ecdsa_sig) ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &next, (long)der.size);
	if (!pair || BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32) != 32 ||
		BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 32, 32) != 32)
		return crypto_error(err, ERROR_INTERNAL, "cannot split a signature");
	return true;
}

bool p256_verify_raw(EVP_PKEY *key, struct bytes data, const uint8_t signature[P256_RAW_SIZE])
{
	AUTO(auto_ecdsa_sig) ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature, 32, NULL);
	BIGNUM *s = BN_bin2bn(signature + 32, 32, NULL);
	if (!pair || !r || !s || ECDSA_SIG_set0(pair, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return false;
	}
	uint8_t der[80]; /* a P-256 signature takes 72 bytes at most */
	uint8_t *next = der;
	int size = i2d_ECDSA_SIG(pair, NULL);
	if (size <= 0 || size > (int)sizeof(der))
		return false;
	i2d_ECDSA_SIG(pair, &next);
	/* OpenSSL refuses r and s outside [1, n-1] */
	return key_verify(key, EVP_sha256(), data, (struct bytes){ der, (size_t)size });
}
