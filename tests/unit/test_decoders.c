/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "crypto/cert.h"
#include "crypto/decoders.h"

static EVP_PKEY *generate(const char *type)
{
	if (!strcmp(type, "EC"))
		return EVP_EC_gen("P-384");
	AUTO(auto_pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;
	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_keygen(ctx, &key), 1);
	return key;
}

static void keys_that_certificates_have_are_read(void **state)
{
	(void)state;
	static const char *const types[] = { "EC", "RSA", "RSA-PSS", "ED25519", "ED448" };
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		AUTO(auto_pkey) EVP_PKEY *key = generate(types[i]);
		AUTO(buf_free) struct buf private_der = { 0 };
		AUTO(buf_free) struct buf public_der = { 0 };
		struct error err = { 0 };
		assert_success(key_put_private(key, &private_der, &err), err);
		assert_success(key_put_public(key, &public_der, &err), err);
		AUTO(auto_pkey) EVP_PKEY *private = key_read_private(buf_bytes(&private_der), &err);
		AUTO(auto_pkey) EVP_PKEY *public = key_read_public(buf_bytes(&public_der), &err);
		assert_int_equal(EVP_PKEY_eq(private, key), 1);
		assert_int_equal(EVP_PKEY_eq(public, key), 1);
	}
}

static void certificates_are_issued_read_and_verified(void **state)
{
	(void)state;
	struct error err = { 0 };
	AUTO(auto_pkey) EVP_PKEY *key = key_generate_ec(256, &err);
	AUTO(auto_x509_name) X509_NAME *name = cert_name("name");
	const struct cert_fields fields = { .key = key, .subject = name, .issuer_key = key };
	AUTO(auto_x509) X509 *cert = cert_issue(&fields, &err);
	assert_success(cert != NULL, err);
	assert_int_equal(X509_verify(cert, X509_get0_pubkey(cert)), 1);
}

static void keys_of_other_kinds_are_refused(void **state)
{
	(void)state;
	struct error err = { 0 };
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(auto_pkey) EVP_PKEY *key = generate("X25519");
	assert_success(key_put_public(key, &der, &err), err);
	assert_failure(key_read_public(buf_bytes(&der), &err), err, ERROR_INVALID,
		"not a public key in PKIX form");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_that_certificates_have_are_read),
		cmocka_unit_test(certificates_are_issued_read_and_verified),
		cmocka_unit_test(keys_of_other_kinds_are_refused),
	};
	struct error err = { 0 };
	crypto_setup();
	if (!decoders_narrow(&err)) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	return cmocka_run_group_tests_name("decoders", tests, NULL, NULL);
}
