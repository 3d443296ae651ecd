/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ec_key.h"

#include <openssl/core_names.h>
#include <string.h>

#define TAG_INTEGER      0x02
#define TAG_BIT_STRING   0x03
#define TAG_OCTET_STRING 0x04
#define TAG_SEQUENCE     0x30
#define TAG_CONTEXT_1    0xa1

static const struct {
	const char *name; /* of the group in OpenSSL */
	int nid;
	size_t scalar_size;
} curves[] = {
	{ SN_X9_62_prime256v1, NID_X9_62_prime256v1, 32 },
	{ SN_secp384r1, NID_secp384r1, 48 },
	{ SN_secp224r1, NID_secp224r1, 28 },
	{ SN_secp521r1, NID_secp521r1, 66 },
};

static bool find_curve(const char *name, struct ec_key *parts)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (strcmp(curves[i].name, name) != 0)
			continue;
		parts->curve = curves[i].nid;
		parts->scalar_size = curves[i].scalar_size;
		return true;
	}
	return false;
}

bool ec_key_describe(EVP_PKEY *key, struct ec_key *parts)
{
	char name[32];
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
	       EVP_PKEY_get_utf8_string_param(
		       key, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof(name), NULL) == 1 &&
	       find_curve(name, parts) &&
	       EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, parts->point,
		       sizeof(parts->point), &parts->point_size) == 1 &&
	       parts->point_size == 1 + 2 * parts->scalar_size &&
	       parts->point[0] == POINT_CONVERSION_UNCOMPRESSED;
}

/* One element; every length here is below 65536. */
static void put_element(struct buf *out, uint8_t tag, const void *content, size_t size)
{
	buf_put_u8(out, tag);
	if (size > 0xff) {
		buf_put_u8(out, 0x82);
		buf_put_u8(out, (uint8_t)(size >> 8));
	} else if (size > 0x7f) {
		buf_put_u8(out, 0x81);
	}
	buf_put_u8(out, (uint8_t)size);
	buf_put(out, content, size);
}

static void put_object(struct buf *out, int nid)
{
	uint8_t der[32];
	uint8_t *next = der;
	int size = i2d_ASN1_OBJECT(OBJ_nid2obj(nid), NULL);
	if (size <= 0 || size > (int)sizeof(der))
		abort();
	i2d_ASN1_OBJECT(OBJ_nid2obj(nid), &next);
	buf_put(out, der, (size_t)size);
}

/* AlgorithmIdentifier of an EC key. */
static void put_algorithm(struct buf *out, const struct ec_key *parts)
{
	AUTO(buf_free) struct buf content = { 0 };
	put_object(&content, NID_X9_62_id_ecPublicKey);
	put_object(&content, parts->curve);
	put_element(out, TAG_SEQUENCE, content.data, content.size);
}

static void put_point(struct buf *out, const struct ec_key *parts)
{
	uint8_t bits[1 + EC_POINT_MAX] = { 0 }; /* the first byte counts unused bits */
	memcpy(bits + 1, parts->point, parts->point_size);
	put_element(out, TAG_BIT_STRING, bits, 1 + parts->point_size);
}

void ec_key_put_public(const struct ec_key *parts, struct buf *out)
{
	AUTO(buf_free) struct buf content = { 0 };
	put_algorithm(&content, parts);
	put_point(&content, parts);
	put_element(out, TAG_SEQUENCE, content.data, content.size);
}

/* ECPrivateKey of RFC 5915, without the curve, which stands outside. */
static bool put_ec_private_key(EVP_PKEY *key, const struct ec_key *parts, struct buf *out)
{
	AUTO(auto_bn) BIGNUM *scalar = NULL;
	uint8_t bytes[EC_POINT_MAX];
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &scalar) != 1 ||
		BN_bn2binpad(scalar, bytes, (int)parts->scalar_size) < 0)
		return false;
	AUTO(buf_free) struct buf content = { 0 };
	AUTO(buf_free) struct buf point = { 0 };
	put_element(&content, TAG_INTEGER, "\x01", 1);
	put_element(&content, TAG_OCTET_STRING, bytes, parts->scalar_size);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	put_point(&point, parts);
	put_element(&content, TAG_CONTEXT_1, point.data, point.size);
	put_element(out, TAG_SEQUENCE, content.data, content.size);
	return true;
}

bool ec_key_put_private(EVP_PKEY *key, const struct ec_key *parts, struct buf *out)
{
	AUTO(buf_free) struct buf inner = { 0 };
	AUTO(buf_free) struct buf content = { 0 };
	if (!put_ec_private_key(key, parts, &inner))
		return false;
	put_element(&content, TAG_INTEGER, "\x00", 1);
	put_algorithm(&content, parts);
	put_element(&content, TAG_OCTET_STRING, inner.data, inner.size);
	put_element(out, TAG_SEQUENCE, content.data, content.size);
	return true;
}

bool ec_key_set_in_certificate(const struct ec_key *parts, X509 *cert)
{
	uint8_t *point = OPENSSL_memdup(parts->point, parts->point_size);
	if (point && X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(cert),
			     OBJ_nid2obj(NID_X9_62_id_ecPublicKey), V_ASN1_OBJECT,
			     OBJ_nid2obj(parts->curve), point, (int)parts->point_size) == 1)
		return true;
	OPENSSL_free(point);
	return false;
}
