/* SPDX-License-Identifier: Apache-2.0 */
#include "sgx/sigstruct.h"

#include "base/memory.h"
#include "base/reader.h"
#include "crypto/digest.h"
#include "crypto/key.h"

#include <openssl/core_names.h>
#include <string.h>

#define KEY_SIZE 384 /* bytes of a number of RSA-3072, little-endian in the file */
#define EXPONENT 3

/* The file signs its bytes 0 to 127 and 900 to 1027. */
#define HEADER_SIZE    128
#define MODULUS_OFFSET 128
#define SIGNATURE      516
#define BODY_OFFSET    900
#define BODY_SIZE      128
#define Q1_OFFSET      1040
#define Q2_OFFSET      1424

static const uint8_t header_1[16] = { 0x06, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 0x01, 0, 0, 0, 0, 0 };
static const uint8_t header_2[16] = { 0x01, 0x01, 0, 0, 0x60, 0, 0, 0, 0x60, 0, 0, 0, 0x01, 0, 0,
	0 };

/* What RSASSA-PKCS1-v1_5 puts in front of a SHA-256 digest. */
static const uint8_t digest_info[] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };

static uint32_t to_bcd(uint32_t number)
{
	return number / 1000 % 10 << 12 | number / 100 % 10 << 8 | number / 10 % 10 << 4 |
	       number % 10;
}

static uint32_t from_bcd(uint32_t digits)
{
	return (digits >> 12 & 15) * 1000 + (digits >> 8 & 15) * 100 + (digits >> 4 & 15) * 10 +
	       (digits & 15);
}

/*
 * The binary form is year (16 bits), month, day; the other 0xYYYYMMDD in decimal digits. What is
 * the day in one is the century in the other, 0x20 and more.
 */
static uint32_t read_date(uint32_t stored, bool *is_binary)
{
	uint32_t day = stored >> 24;
	uint32_t month = stored >> 16 & 0xff;
	*is_binary = day >= 1 && day <= 31 && month >= 1 && month <= 12;
	return *is_binary ? to_bcd(stored & 0xffff) << 16 | to_bcd(month) << 8 | to_bcd(day)
			  : stored;
}

static uint32_t date_as_stored(const struct sigstruct *fields)
{
	if (!fields->date_is_binary)
		return fields->date;
	return from_bcd(fields->date >> 16) | from_bcd(fields->date >> 8 & 0xff) << 16 |
	       from_bcd(fields->date & 0xff) << 24;
}

static struct sgx_attributes read_attributes(struct reader *r)
{
	struct sgx_attributes attributes;
	attributes.flags = reader_u64(r);
	attributes.xfrm = reader_u64(r);
	return attributes;
}

static void put_attributes(struct buf *out, const struct sgx_attributes *attributes)
{
	buf_put_u64(out, attributes->flags);
	buf_put_u64(out, attributes->xfrm);
}

bool sigstruct_parse(struct bytes data, struct sigstruct *out, struct error *err)
{
	uint8_t first[16];
	uint8_t second[16];
	*out = (struct sigstruct){ 0 };
	if (data.size != SIGSTRUCT_SIZE)
		return error_set(err, ERROR_INVALID, "SIGSTRUCT has %zu bytes instead of %d",
			data.size, SIGSTRUCT_SIZE);
	struct reader r = reader_of(data.data, data.size);
	reader_copy(&r, first, sizeof(first));
	reader_u32(&r); /* vendor */
	out->date = read_date(reader_u32(&r), &out->date_is_binary);
	reader_copy(&r, second, sizeof(second));
	reader_u32(&r); /* defined by software */
	bool zero = reader_zeros(&r, 84);
	if (memcmp(first, header_1, 16) != 0 || memcmp(second, header_2, 16) != 0)
		return error_set(err, ERROR_INVALID, "not a SIGSTRUCT: its header differs");
	sha256(reader_bytes(&r, KEY_SIZE), KEY_SIZE, out->mr_signer);
	uint32_t exponent = reader_u32(&r);
	if (exponent != EXPONENT)
		return error_set(
			err, ERROR_INVALID, "SIGSTRUCT has exponent %u instead of 3", exponent);
	reader_bytes(&r, KEY_SIZE); /* signature */
	out->misc_select = reader_u32(&r);
	out->misc_mask = reader_u32(&r);
	reader_bytes(&r, 4 + 16); /* reserved, family */
	out->attributes = read_attributes(&r);
	out->attribute_mask = read_attributes(&r);
	reader_copy(&r, out->mr_enclave, SGX_HASH_SIZE);
	zero &= reader_zeros(&r, 16);
	reader_bytes(&r, 16); /* extended product */
	out->isv_prod_id = reader_u16(&r);
	out->isv_svn = reader_u16(&r);
	zero &= reader_zeros(&r, 12);
	return zero ||
	       error_set(err, ERROR_INVALID, "SIGSTRUCT has reserved bytes that are not zero");
}

/* The numbers of a signature, as the CPU checks it. */
struct numbers {
	BN_CTX *ctx;
	BIGNUM *n;
	BIGNUM *s;
	BIGNUM *q1;     /* floor(s^2 / n) */
	BIGNUM *q2;     /* floor((s^2 mod n) * s / n) */
	BIGNUM *padded; /* s^3 mod n */
};

static void numbers_free(struct numbers *numbers)
{
	BN_CTX_free(numbers->ctx);
	BN_free(numbers->n);
	BN_free(numbers->s);
	BN_free(numbers->q1);
	BN_free(numbers->q2);
	BN_free(numbers->padded);
}

/* Fills everything from modulus and signature, both KEY_SIZE bytes, little-endian. */
static bool numbers_compute(
	const uint8_t *modulus, const uint8_t *signature, struct numbers *out, struct error *err)
{
	AUTO(auto_bn) BIGNUM *product = BN_new();
	AUTO(auto_bn) BIGNUM *rest = BN_new();
	out->ctx = BN_CTX_new();
	out->n = BN_lebin2bn(modulus, KEY_SIZE, NULL);
	out->s = BN_lebin2bn(signature, KEY_SIZE, NULL);
	out->q1 = BN_new();
	out->q2 = BN_new();
	out->padded = BN_new();
	if (!product || !rest || !out->ctx || !out->n || !out->s || !out->q1 || !out->q2 ||
		!out->padded)
		return crypto_error(err, ERROR_INTERNAL, "cannot compute a signature");
	if (BN_num_bits(out->n) != 8 * KEY_SIZE || BN_cmp(out->s, out->n) >= 0)
		return error_set(err, ERROR_DENIED,
			"SIGSTRUCT has a modulus or a signature that is out of range");
	if (!BN_sqr(product, out->s, out->ctx) ||
		!BN_div(out->q1, rest, product, out->n, out->ctx) ||
		!BN_mul(product, rest, out->s, out->ctx) ||
		!BN_div(out->q2, out->padded, product, out->n, out->ctx))
		return crypto_error(err, ERROR_INTERNAL, "cannot compute a signature");
	return true;
}

static void hash_signed_parts(const uint8_t *file, uint8_t digest[SHA256_SIZE])
{
	struct sha256 hash;
	sha256_start(&hash);
	sha256_add(&hash, file, HEADER_SIZE);
	sha256_add(&hash, file + BODY_OFFSET, BODY_SIZE);
	sha256_finish(&hash, digest);
}

/* 00 01 FF … FF 00 and the digest, as a number of KEY_SIZE bytes, big-endian. */
static void pad_digest(const uint8_t digest[SHA256_SIZE], uint8_t out[KEY_SIZE])
{
	memset(out, 0xff, KEY_SIZE);
	out[0] = 0;
	out[1] = 1;
	uint8_t *info = out + KEY_SIZE - SHA256_SIZE - sizeof(digest_info);
	info[-1] = 0;
	memcpy(info, digest_info, sizeof(digest_info));
	memcpy(info + sizeof(digest_info), digest, SHA256_SIZE);
}

static bool equals_stored(const BIGNUM *number, const uint8_t *stored)
{
	uint8_t bytes[KEY_SIZE];
	return BN_bn2lebinpad(number, bytes, KEY_SIZE) == KEY_SIZE &&
	       !memcmp(bytes, stored, KEY_SIZE);
}

bool sigstruct_verify(struct bytes data, struct error *err)
{
	struct sigstruct fields;
	if (!sigstruct_parse(data, &fields, err))
		return false;
	const uint8_t *file = data.data;
	uint8_t digest[SHA256_SIZE];
	uint8_t expected[KEY_SIZE];
	uint8_t found[KEY_SIZE];
	AUTO(numbers_free) struct numbers numbers = { 0 };
	if (!numbers_compute(file + MODULUS_OFFSET, file + SIGNATURE, &numbers, err))
		return false;
	hash_signed_parts(file, digest);
	pad_digest(digest, expected);
	if (BN_bn2binpad(numbers.padded, found, KEY_SIZE) != KEY_SIZE ||
		memcmp(found, expected, KEY_SIZE) != 0)
		return error_set(err, ERROR_DENIED,
			"SIGSTRUCT has an invalid signature: it was changed, or damaged");
	if (!equals_stored(numbers.q1, file + Q1_OFFSET) ||
		!equals_stored(numbers.q2, file + Q2_OFFSET))
		return error_set(err, ERROR_DENIED,
			"SIGSTRUCT has wrong values q1 and q2 beside its signature");
	return true;
}

/* Writes the modulus, little-endian. */
static bool read_modulus(EVP_PKEY *key, uint8_t modulus[KEY_SIZE], struct error *err)
{
	AUTO(auto_bn) BIGNUM *n = NULL;
	AUTO(auto_bn) BIGNUM *e = NULL;
	if (!EVP_PKEY_is_a(key, "RSA") || !EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) ||
		!EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e))
		return error_set(err, ERROR_INVALID,
			"the key is not an RSA key; enclaves are signed with RSA-3072, exponent 3");
	if (BN_num_bits(n) != 8 * KEY_SIZE || !BN_is_word(e, EXPONENT))
		return error_set(err, ERROR_INVALID,
			"the RSA key has %d bits and exponent %lu; enclaves are signed with 3072 "
			"bits and exponent 3",
			BN_num_bits(n), (unsigned long)BN_get_word(e));
	BN_bn2lebinpad(n, modulus, KEY_SIZE);
	return true;
}

static void put_header(struct buf *out, const struct sigstruct *fields)
{
	buf_put(out, header_1, sizeof(header_1));
	buf_put_u32(out, 0); /* vendor */
	buf_put_u32(out, date_as_stored(fields));
	buf_put(out, header_2, sizeof(header_2));
	buf_put_zeros(out, 4 + 84); /* defined by software, reserved */
}

static void put_body(struct buf *out, const struct sigstruct *fields)
{
	buf_put_u32(out, fields->misc_select);
	buf_put_u32(out, fields->misc_mask);
	buf_put_zeros(out, 4 + 16); /* reserved, family */
	put_attributes(out, &fields->attributes);
	put_attributes(out, &fields->attribute_mask);
	buf_put(out, fields->mr_enclave, SGX_HASH_SIZE);
	buf_put_zeros(out, 16 + 16); /* reserved, extended product */
	buf_put_u16(out, fields->isv_prod_id);
	buf_put_u16(out, fields->isv_svn);
}

/* Writes the signature, little-endian. */
static bool sign_parts(const struct buf *header, const struct buf *body, EVP_PKEY *key,
	uint8_t out[KEY_SIZE], struct error *err)
{
	AUTO(buf_free) struct buf message = { 0 };
	AUTO(buf_free) struct buf signature = { 0 };
	buf_put(&message, header->data, header->size);
	buf_put(&message, body->data, body->size);
	if (!key_sign(key, EVP_sha256(), buf_bytes(&message), &signature, err))
		return error_prefix(err, "the signing key");
	for (size_t i = 0; i < KEY_SIZE; i++)
		out[i] = signature.data[KEY_SIZE - 1 - i];
	return true;
}

bool sigstruct_sign(
	const struct sigstruct *fields, EVP_PKEY *key, struct buf *out, struct error *err)
{
	uint8_t modulus[KEY_SIZE];
	uint8_t signature[KEY_SIZE];
	uint8_t quotient[KEY_SIZE];
	AUTO(buf_free) struct buf header = { 0 };
	AUTO(buf_free) struct buf body = { 0 };
	AUTO(numbers_free) struct numbers numbers = { 0 };
	put_header(&header, fields);
	put_body(&body, fields);
	if (!read_modulus(key, modulus, err) || !sign_parts(&header, &body, key, signature, err) ||
		!numbers_compute(modulus, signature, &numbers, err))
		return false;
	buf_put(out, header.data, header.size);
	buf_put(out, modulus, KEY_SIZE);
	buf_put_u32(out, EXPONENT);
	buf_put(out, signature, KEY_SIZE);
	buf_put(out, body.data, body.size);
	buf_put_zeros(out, 12); /* reserved */
	BN_bn2lebinpad(numbers.q1, quotient, KEY_SIZE);
	buf_put(out, quotient, KEY_SIZE);
	BN_bn2lebinpad(numbers.q2, quotient, KEY_SIZE);
	buf_put(out, quotient, KEY_SIZE);
	return true;
}
