/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/hex.h"
#include "crypto/aead.h"
#include "crypto/cert.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "crypto/p256.h"
#include "crypto/pem.h"

static void hkdf_matches_rfc_5869_case_1(void **state)
{
	(void)state;
	uint8_t secret[22];
	memset(secret, 0x0b, sizeof(secret));
	uint8_t salt[13];
	uint8_t info[10];
	for (uint8_t i = 0; i < 13; i++)
		salt[i] = i;
	for (uint8_t i = 0; i < 10; i++)
		info[i] = (uint8_t)(0xf0 + i);
	uint8_t out[42];
	struct error err = { 0 };
	assert_success(hkdf_sha256((struct bytes){ secret, 22 }, (struct bytes){ salt, 13 },
			       (struct bytes){ info, 10 }, out, 42, &err),
		err);
	char text[85];
	hex_format(text, out, 42);
	assert_string_equal(text, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
				  "34007208d5b887185865");
}

static void hkdf_works_without_salt_and_info(void **state)
{
	(void)state;
	uint8_t secret[22];
	memset(secret, 0x0b, sizeof(secret));
	uint8_t out[42];
	struct error err = { 0 };
	struct bytes nothing = { "", 0 };
	assert_success(
		hkdf_sha256((struct bytes){ secret, 22 }, nothing, nothing, out, 42, &err), err);
	char text[85];
	hex_format(text, out, 42);
	assert_string_equal(text, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
				  "9d201395faa4b61a96c8");
	assert_failure(hkdf_sha256((struct bytes){ secret, 22 }, nothing, nothing,
			       (uint8_t[9000]){ 0 }, 255 * 32 + 1, &err),
		err, ERROR_INVALID, "HKDF");
}

static void cmac_matches_rfc_4493(void **state)
{
	(void)state;
	uint8_t key[16];
	uint8_t message[16];
	assert_true(hex_decode_exact(key, 16, "2b7e151628aed2a6abf7158809cf4f3c"));
	assert_true(hex_decode_exact(message, 16, "6bc1bee22e409f96e93d7e117393172a"));
	uint8_t mac[16];
	aes128_cmac(key, message, 16, mac);
	char text[33];
	hex_format(text, mac, 16);
	assert_string_equal(text, "070a16b46b4d4144f79bdd9dd04a287c");
}

static void sealed_bytes_open_only_unchanged(void **state)
{
	(void)state;
	struct bytes key = { "0123456789abcdef0123456789abcdef", 32 };
	struct bytes bound = { "bound", 5 };
	AUTO(buf_free) struct buf sealed = { 0 };
	AUTO(buf_free) struct buf plain = { 0 };
	struct error err = { 0 };
	assert_success(aead_seal(key, (struct bytes){ "secret", 6 }, bound, &sealed, &err), err);
	assert_int_equal(sealed.size, 6 + AEAD_OVERHEAD);
	assert_success(aead_open(key, buf_bytes(&sealed), bound, &plain, &err), err);
	assert_string_equal(buf_text(&plain), "secret");
	buf_clear(&plain);
	for (size_t i = 0; i < sealed.size; i++) {
		sealed.data[i] ^= 1;
		assert_failure(aead_open(key, buf_bytes(&sealed), bound, &plain, &err), err,
			ERROR_DENIED, "does not open");
		assert_int_equal(plain.size, 0);
		sealed.data[i] ^= 1;
	}
	assert_false(
		aead_open(key, buf_bytes(&sealed), (struct bytes){ "other", 5 }, &plain, &err));
	assert_false(
		aead_open((struct bytes){ key.data, 16 }, buf_bytes(&sealed), bound, &plain, &err));
	assert_false(aead_open(key, (struct bytes){ sealed.data, 27 }, bound, &plain, &err));
	struct bytes bad_key = { key.data, 15 };
	assert_false(aead_seal(bad_key, bound, bound, &plain, &err));
	assert_int_equal(plain.size, 0);
}

static void raw_keys_and_signatures_go_both_ways(void **state)
{
	(void)state;
	struct error err = { 0 };
	AUTO(auto_pkey) EVP_PKEY *key = key_generate_ec(256, &err);
	assert_non_null(key);
	uint8_t point[P256_RAW_SIZE];
	assert_success(p256_put_point(key, point, &err), err);
	AUTO(auto_p256_key) struct p256_key *public = p256_key_new(point, &err);
	assert_non_null(public);
	struct bytes data = { "data", 4 };
	uint8_t signature[P256_RAW_SIZE];
	for (int i = 0; i < 300; i++) { /* often enough for halves with leading zeros */
		assert_success(p256_sign_raw(key, data, signature, &err), err);
		assert_true(p256_verify_raw(public, data, signature));
	}
	signature[63] ^= 1;
	assert_false(p256_verify_raw(public, data, signature));
	memset(signature, 0, 32);
	assert_false(p256_verify_raw(public, data, signature));
	memset(signature, 0xff, 64);
	assert_false(p256_verify_raw(public, data, signature));
	point[63] ^= 1;
	assert_null(p256_key_new(point, &err));
	assert_int_equal(err.kind, ERROR_INVALID);
	memset(point, 0, sizeof(point));
	assert_null(p256_key_new(point, &err));
}

static void keys_are_stored_and_read_back(void **state)
{
	(void)state;
	static const unsigned sizes[] = { 224, 256, 384, 521 };
	struct error err = { 0 };
	for (size_t i = 0; i < 4; i++) {
		AUTO(auto_pkey) EVP_PKEY *key = key_generate_ec(sizes[i], &err);
		assert_non_null(key);
		AUTO(buf_free) struct buf der = { 0 };
		AUTO(buf_free) struct buf public_der = { 0 };
		assert_success(key_put_private(key, &der, &err), err);
		assert_success(key_put_public(key, &public_der, &err), err);
		AUTO(auto_pkey) EVP_PKEY *again = key_read_private(buf_bytes(&der), &err);
		AUTO(auto_pkey) EVP_PKEY *public = key_read_public(buf_bytes(&public_der), &err);
		assert_int_equal(EVP_PKEY_eq(key, again), 1);
		assert_int_equal(EVP_PKEY_eq(key, public), 1);
		buf_put_u8(&der, 0);
		buf_put_u8(&public_der, 0);
		assert_null(key_read_private(buf_bytes(&der), &err));
		assert_null(key_read_public(buf_bytes(&public_der), &err));
	}
	assert_null(key_generate_ec(255, &err));
	assert_int_equal(err.kind, ERROR_INVALID);
}

static X509 *issue_with(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key,
	const STACK_OF(X509_EXTENSION) * extensions)
{
	AUTO(auto_x509_name) X509_NAME *subject = cert_name(name);
	AUTO(auto_general_names) GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	AUTO(auto_usages) EXTENDED_KEY_USAGE *usages = cert_tls_usages();
	struct error err = { 0 };
	assert_success(cert_add_alt_names(names, "localhost,127.0.0.1,::1", &err), err);
	struct cert_fields fields = { .key = key,
		.subject = subject,
		.issuer = issuer,
		.issuer_key = issuer_key,
		.not_before = 1700000000,
		.not_after = 1700000000 + CERT_FOREVER,
		.key_usage = KU_DIGITAL_SIGNATURE | (issuer ? 0 : KU_KEY_CERT_SIGN),
		.extended_usages = usages,
		.is_ca = !issuer,
		.alt_names = names,
		.extensions = extensions };
	X509 *cert = cert_issue(&fields, &err);
	assert_success(cert != NULL, err);
	return cert;
}

/* What OpenSSL's own encoders make of it. */
static void assert_encoded_like_openssl(EVP_PKEY *key)
{
	struct error err = { 0 };
	AUTO(buf_free) struct buf private_der = { 0 };
	AUTO(buf_free) struct buf public_der = { 0 };
	assert_success(key_put_private(key, &private_der, &err), err);
	assert_success(key_put_public(key, &public_der, &err), err);
	uint8_t expected[1000];
	uint8_t *next = expected;
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	assert_int_equal(i2d_PKCS8_PRIV_KEY_INFO(info, &next), private_der.size);
	assert_memory_equal(private_der.data, expected, private_der.size);
	PKCS8_PRIV_KEY_INFO_free(info);
	next = expected;
	assert_int_equal(i2d_PUBKEY(key, &next), public_der.size);
	assert_memory_equal(public_der.data, expected, public_der.size);
}

static void ec_keys_are_encoded_like_openssl_does_it(void **state)
{
	(void)state;
	static const unsigned sizes[] = { 224, 256, 384, 521 };
	for (size_t i = 0; i < 4; i++) {
		for (int round = 0; round < 300; round++) { /* scalars with leading zeros too */
			AUTO(auto_pkey) EVP_PKEY *key = key_generate_ec(sizes[i], NULL);
			assert_encoded_like_openssl(key);
		}
	}
}

static void other_keys_are_encoded_too(void **state)
{
	(void)state;
	struct error err = { 0 };
	AUTO(auto_pkey) EVP_PKEY *key = key_generate_ed25519(&err);
	assert_encoded_like_openssl(key);
	AUTO(auto_pkey) EVP_PKEY *rsa = key_generate_rsa(1024, &err);
	assert_int_equal(EVP_PKEY_get_bits(rsa), 1024);
	assert_encoded_like_openssl(rsa);
	AUTO(auto_pkey) EVP_PKEY *public = EVP_EC_gen("secp256k1");
	assert_encoded_like_openssl(public);
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(auto_pkey) EVP_PKEY *ec = key_generate_ec(256, &err);
	assert_success(key_put_public(ec, &der, &err), err);
	AUTO(auto_pkey) EVP_PKEY *half = key_read_public(buf_bytes(&der), &err);
	buf_clear(&der);
	assert_false(key_put_private(half, &der, &err));
	assert_int_equal(der.size, 0);
}

static void rsa_keys_are_neither_breakable_nor_endless(void **state)
{
	(void)state;
	static const uint64_t sizes[] = { 0, 1023, 8193, (UINT64_C(1) << 32) + 2048 };
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct error err = { 0 };
		assert_failure(key_generate_rsa(sizes[i], &err) != NULL, err, ERROR_INVALID,
			"an RSA key has 1024 to 8192 bits");
	}
}

static X509 *issue(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key)
{
	return issue_with(key, name, issuer, issuer_key, NULL);
}

static void certificates_have_the_form_of_go(void **state)
{
	(void)state;
	struct error err = { 0 };
	AUTO(auto_pkey) EVP_PKEY *root_key = key_generate_ec(384, &err);
	AUTO(auto_pkey) EVP_PKEY *key = key_generate_ec(256, &err);
	AUTO(auto_x509) X509 *root = issue(root_key, "Root", NULL, root_key);
	AUTO(auto_x509) X509 *leaf = issue(key, "Leaf", root, root_key);
	assert_int_equal(X509_verify(leaf, root_key), 1);
	assert_int_equal(X509_check_issued(root, leaf), X509_V_OK);
	assert_int_equal(X509_get_signature_nid(leaf), NID_ecdsa_with_SHA384);
	assert_int_equal(X509_check_host(leaf, "localhost", 0, 0, NULL), 1);
	assert_int_equal(X509_check_ip_asc(leaf, "::1", 0), 1);
	assert_int_equal(X509_check_ca(root), 1);
	assert_int_equal(X509_check_ca(leaf), 0);
	assert_non_null(X509_get0_subject_key_id(root));
	assert_null(X509_get0_subject_key_id(leaf));
	assert_int_equal(X509_get_key_usage(leaf), KU_DIGITAL_SIGNATURE);
	AUTO(buf_free) struct buf pem = { 0 };
	cert_put_pem(leaf, &pem);
	AUTO(auto_x509) X509 *again = cert_read_pem(buf_bytes(&pem), &err);
	assert_int_equal(X509_cmp(leaf, again), 0);
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	assert_failure(cert_add_alt_name(names, "no name", &err), err, ERROR_INVALID, "no name");
	GENERAL_NAMES_free(names);
}

static void a_given_extension_takes_the_place_of_the_usual_one(void **state)
{
	(void)state;
	struct error err = { 0 };
	AUTO(auto_pkey) EVP_PKEY *key = key_generate_ec(256, &err);
	STACK_OF(X509_EXTENSION) *given = sk_X509_EXTENSION_new_null();
	sk_X509_EXTENSION_push(given, cert_extension("2.5.29.14", false, "\x04\x01\xab", 3));
	sk_X509_EXTENSION_push(given, cert_extension("2.5.29.15", true, "\x03\x02\x01\x06", 4));
	AUTO(auto_x509) X509 *root = issue_with(key, "Root", NULL, key, given);
	sk_X509_EXTENSION_pop_free(given, X509_EXTENSION_free);
	assert_int_equal(X509_get_key_usage(root), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	assert_int_equal(ASN1_STRING_length(X509_get0_subject_key_id(root)), 1);
	assert_int_equal(X509_get_ext_count(root), 5);
}

static void names_keep_the_type_they_are_given(void **state)
{
	(void)state;
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	cert_add_general_name(names, GEN_DNS, "127.0.0.1", 9);
	cert_add_general_name(names, GEN_URI, "spiffe://a/b", 12);
	assert_int_equal(sk_GENERAL_NAME_value(names, 0)->type, GEN_DNS);
	assert_int_equal(sk_GENERAL_NAME_value(names, 1)->type, GEN_URI);
	const ASN1_STRING *uri = sk_GENERAL_NAME_value(names, 1)->d.uniformResourceIdentifier;
	assert_memory_equal(ASN1_STRING_get0_data(uri), "spiffe://a/b", 12);
	GENERAL_NAMES_free(names);
}

static void pem_is_split_by_its_markers(void **state)
{
	(void)state;
	static const char text[] = "-----BEGIN A-----\nZm9v\n-----END A----------BEGIN B-----\r\n"
				   "Zm9v\r\nYmFy\r\n-----END B-----";
	struct pem_reader reader = pem_reader_of(text, sizeof(text) - 1);
	AUTO(buf_free) struct buf der = { 0 };
	char label[PEM_LABEL_MAX];
	struct error err = { 0 };
	assert_success(pem_next(&reader, label, &der, &err), err);
	assert_string_equal(label, "A");
	assert_success(pem_next(&reader, label, &der, &err), err);
	assert_string_equal(label, "B");
	assert_string_equal(buf_text(&der), "foobar");
	assert_false(pem_next(&reader, label, &der, &err));
	assert_int_equal(err.kind, ERROR_NONE);
	assert_false(reader.foreign_text);
	static const char *const wrong[] = { "-----BEGIN A-----\nZm9v", "-----BEGIN A",
		"-----BEGIN A-----\nZm9v\n-----END B-----",
		"-----BEGIN A-----\n?\n-----END A-----" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		reader = pem_reader_of(wrong[i], strlen(wrong[i]));
		assert_failure(
			pem_next(&reader, label, &der, &err), err, ERROR_INVALID, "PEM block");
	}
	reader = pem_reader_of("x", 1);
	assert_false(pem_next(&reader, label, &der, &err));
	assert_true(reader.foreign_text);
	reader = pem_reader_of(NULL, 0);
	assert_false(pem_next(&reader, label, &der, &err));
	assert_int_equal(err.kind, ERROR_NONE);
	assert_false(reader.foreign_text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hkdf_matches_rfc_5869_case_1),
		cmocka_unit_test(hkdf_works_without_salt_and_info),
		cmocka_unit_test(cmac_matches_rfc_4493),
		cmocka_unit_test(sealed_bytes_open_only_unchanged),
		cmocka_unit_test(raw_keys_and_signatures_go_both_ways),
		cmocka_unit_test(keys_are_stored_and_read_back),
		cmocka_unit_test(ec_keys_are_encoded_like_openssl_does_it),
		cmocka_unit_test(other_keys_are_encoded_too),
		cmocka_unit_test(rsa_keys_are_neither_breakable_nor_endless),
		cmocka_unit_test(certificates_have_the_form_of_go),
		cmocka_unit_test(a_given_extension_takes_the_place_of_the_usual_one),
		cmocka_unit_test(names_keep_the_type_they_are_given),
		cmocka_unit_test(pem_is_split_by_its_markers),
	};
	crypto_setup();
	return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
