/* SPDX-License-Identifier: Apache-2.0 */
/* P-256 in the raw forms of quotes. */
#include "crypto/key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <pthread.h>
#include <string.h>

DEFINE_AUTO_FREE(auto_ecdsa_sig, ECDSA_SIG *, ECDSA_SIG_free)

#define HALF_SIZE       (P256_RAW_SIZE / 2)
#define SIGNATURE_MAX   72 /* bytes of DER */
#define TAG_INTEGER     0x02
#define TAG_SEQUENCE    0x30
#define DER_HEADER_SIZE 2

/*
 * The curve, as a key without a point. OpenSSL takes several times longer to set a curve up than to
 * copy it, and that half as long as a verification. Written once.
 */
static EVP_PKEY *curve;

static void make_curve(void)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0),
		OSSL_PARAM_END,
	};
	AUTO(auto_pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &curve, EVP_PKEY_KEY_PARAMETERS, params) != 1)
		curve = NULL; /* each use then says that it failed */
}

EVP_PKEY *p256_read_point(const uint8_t point[P256_RAW_SIZE], struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	uint8_t encoded[1 + P256_RAW_SIZE] = { POINT_CONVERSION_UNCOMPRESSED };
	memcpy(encoded + 1, point, P256_RAW_SIZE);
	pthread_once(&once, make_curve);
	AUTO(auto_pkey) EVP_PKEY *key = EVP_PKEY_new();
	/* decoding fails for a point that is not on the curve */
	if (!key || !curve || EVP_PKEY_copy_parameters(key, curve) != 1 ||
		EVP_PKEY_set1_encoded_public_key(key, encoded, sizeof(encoded)) != 1) {
		crypto_error(err, ERROR_INVALID, "not a point on P-256");
		return NULL;
	}
	return TAKE(key);
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

/* One half as INTEGER: without leading zeros, but with one where the top bit would be a sign. */
static uint8_t *put_integer(uint8_t *out, const uint8_t half[HALF_SIZE])
{
	size_t zeros = 0;
	while (zeros < HALF_SIZE - 1 && !half[zeros])
		zeros++;
	bool has_sign = half[zeros] & 0x80;
	*out++ = TAG_INTEGER;
	*out++ = (uint8_t)(HALF_SIZE - zeros + has_sign);
	if (has_sign)
		*out++ = 0;
	memcpy(out, half + zeros, HALF_SIZE - zeros);
	return out + HALF_SIZE - zeros;
}

bool p256_verify_raw(EVP_PKEY *key, struct bytes data, const uint8_t signature[P256_RAW_SIZE])
{
	uint8_t der[SIGNATURE_MAX] = { TAG_SEQUENCE };
	const uint8_t *end =
		put_integer(put_integer(der + DER_HEADER_SIZE, signature), signature + HALF_SIZE);
	der[1] = (uint8_t)(end - der - DER_HEADER_SIZE);
	/* OpenSSL refuses r and s outside [1, n-1] */
	return key_verify(key, EVP_sha256(), data, (struct bytes){ der, (size_t)(end - der) });
}
