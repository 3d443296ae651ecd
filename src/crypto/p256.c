/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL's EVP takes a third of a verification to make a key of a point and to get ready for it,
 * its EC interface a tenth of that. It is called deprecated, and is there in all of OpenSSL 3.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/p256.h"

#include "base/memory.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <pthread.h>
#include <string.h>

DEFINE_AUTO_FREE(auto_ecdsa_sig, ECDSA_SIG *, ECDSA_SIG_free)

#define HALF_SIZE (P256_RAW_SIZE / 2)

struct p256_key {
	EC_KEY *ec;
};

/* The curve, of which keys get copies: to set it up takes longer. Written once. */
static EC_GROUP *curve;

static void make_curve(void)
{
	/* if it fails, each use says so */
	curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
}

struct p256_key *p256_key_new(const uint8_t point[P256_RAW_SIZE], struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	uint8_t encoded[1 + P256_RAW_SIZE] = { POINT_CONVERSION_UNCOMPRESSED };
	memcpy(encoded + 1, point, P256_RAW_SIZE);
	pthread_once(&once, make_curve);
	AUTO(auto_p256_key) struct p256_key *key = xcalloc(1, sizeof(*key));
	key->ec = EC_KEY_new();
	/* decoding fails for a point that is not on the curve */
	if (!key->ec || !curve || EC_KEY_set_group(key->ec, curve) != 1 ||
		EC_KEY_oct2key(key->ec, encoded, sizeof(encoded), NULL) != 1) {
		crypto_error(err, ERROR_INVALID, "not a point on P-256");
		return NULL;
	}
	return TAKE(key);
}

void p256_key_free(struct p256_key *key)
{
	if (!key)
		return;
	EC_KEY_free(key->ec);
	free(key);
}

bool p256_verify(const struct p256_key *key, struct bytes data, struct bytes signature)
{
	uint8_t hash[SHA256_SIZE];
	sha256(data.data, data.size, hash);
	bool good = key && signature.size <= INT_MAX &&
		    ECDSA_verify(0, hash, sizeof(hash), signature.data, (int)signature.size,
			    key->ec) == 1;
	ERR_clear_error();
	return good;
}

bool p256_verify_raw(
	const struct p256_key *key, struct bytes data, const uint8_t signature[P256_RAW_SIZE])
{
	AUTO(auto_ecdsa_sig) ECDSA_SIG *pair = ECDSA_SIG_new();
	AUTO(auto_bn) BIGNUM *r = BN_bin2bn(signature, HALF_SIZE, NULL);
	AUTO(auto_bn) BIGNUM *s = BN_bin2bn(signature + HALF_SIZE, HALF_SIZE, NULL);
	uint8_t hash[SHA256_SIZE];
	if (!key || !pair || !r || !s || ECDSA_SIG_set0(pair, r, s) != 1)
		return false;
	r = s = NULL; /* they are the pair's now */
	sha256(data.data, data.size, hash);
	/* OpenSSL refuses r and s outside [1, n-1] */
	bool good = ECDSA_do_verify(hash, sizeof(hash), pair, key->ec) == 1;
	ERR_clear_error();
	return good;
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
	if (!pair || BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, HALF_SIZE) != HALF_SIZE ||
		BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + HALF_SIZE, HALF_SIZE) != HALF_SIZE)
		return crypto_error(err, ERROR_INTERNAL, "cannot split a signature");
	return true;
}
