/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "crypto/cert.h"
#include "crypto/csr.h"

static void put_der(X509_REQ *request, struct buf *out)
{
	int size = i2d_X509_REQ(request, NULL);
	assert_true(size > 0);
	uint8_t *next = buf_extend(out, (size_t)size);
	i2d_X509_REQ(request, &next);
}

/* A request by OpenSSL, for the name "wish" and the DNS name "a.example" if it is to have one. */
static void make_request(EVP_PKEY *key, bool has_name, struct buf *out)
{
	AUTO(auto_x509_req) X509_REQ *request = X509_REQ_new();
	AUTO(auto_x509_name) X509_NAME *name = cert_name("wish");
	assert_int_equal(X509_REQ_set_version(request, X509_REQ_VERSION_1), 1);
	assert_int_equal(X509_REQ_set_subject_name(request, name), 1);
	assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
	if (has_name) {
		STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
		X509_EXTENSION *extension =
			X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:a.example");
		assert_true(sk_X509_EXTENSION_push(list, extension) > 0);
		assert_int_equal(X509_REQ_add_extensions(request, list), 1);
		sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	}
	bool is_edwards = EVP_PKEY_get_id(key) == EVP_PKEY_ED25519;
	assert_true(X509_REQ_sign(request, key, is_edwards ? NULL : EVP_sha256()) > 0);
	put_der(request, out);
}

static X509 *certificate_of(EVP_PKEY *key)
{
	struct error err = { 0 };
	AUTO(auto_x509_name) X509_NAME *name = cert_name("holder");
	const struct cert_fields fields = { .key = key, .subject = name, .issuer_key = key };
	return cert_issue(&fields, &err);
}

static void requests_of_any_key_are_read(void **state)
{
	(void)state;
	EVP_PKEY *const keys[] = { EVP_EC_gen("P-256"), EVP_EC_gen("P-384"), EVP_RSA_gen(2048),
		EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") };
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		AUTO(auto_pkey) EVP_PKEY *key = keys[i];
		AUTO(buf_free) struct buf der = { 0 };
		struct error err = { 0 };
		make_request(key, true, &der);
		AUTO(auto_csr) struct csr *csr = csr_read(buf_bytes(&der), NULL, &err);
		assert_success(csr != NULL, err);
		char subject[64];
		X509_NAME_oneline(csr_subject(csr), subject, sizeof(subject));
		assert_string_equal(subject, "/CN=wish");
		AUTO(auto_general_names) GENERAL_NAMES *names = csr_alt_names(csr);
		assert_int_equal(sk_GENERAL_NAME_num(names), 1);
		const GENERAL_NAME *first = sk_GENERAL_NAME_value(names, 0);
		assert_int_equal(first->type, GEN_DNS);
		assert_memory_equal(ASN1_STRING_get0_data(first->d.dNSName), "a.example", 9);
	}
}

static void a_request_without_names_asks_for_none(void **state)
{
	(void)state;
	AUTO(auto_pkey) EVP_PKEY *key = EVP_EC_gen("P-256");
	AUTO(buf_free) struct buf der = { 0 };
	struct error err = { 0 };
	make_request(key, false, &der);
	AUTO(auto_csr) struct csr *csr = csr_read(buf_bytes(&der), NULL, &err);
	assert_success(csr != NULL, err);
	assert_null(csr_alt_names(csr));
}

static void the_holder_may_be_anybody(void **state)
{
	(void)state;
	AUTO(auto_pkey) EVP_PKEY *key = EVP_EC_gen("P-256");
	AUTO(auto_pkey) EVP_PKEY *foreign_key = EVP_EC_gen("P-256");
	AUTO(auto_x509) X509 *holder = certificate_of(key);
	AUTO(auto_x509) X509 *stranger = certificate_of(foreign_key);
	AUTO(buf_free) struct buf der = { 0 };
	struct error err = { 0 };
	make_request(key, true, &der);
	AUTO(auto_csr) struct csr *with_holder = csr_read(buf_bytes(&der), holder, &err);
	assert_success(with_holder != NULL, err);
	AUTO(auto_csr) struct csr *with_stranger = csr_read(buf_bytes(&der), stranger, &err);
	assert_success(with_stranger != NULL, err);
}

static void every_changed_byte_is_noticed(void **state)
{
	(void)state;
	AUTO(auto_pkey) EVP_PKEY *key = EVP_EC_gen("P-256");
	AUTO(auto_x509) X509 *holder = certificate_of(key);
	AUTO(buf_free) struct buf der = { 0 };
	struct error err = { 0 };
	make_request(key, true, &der);
	for (size_t i = 0; i < der.size; i++) {
		der.data[i] ^= 1;
		AUTO(auto_csr) struct csr *csr = csr_read(buf_bytes(&der), holder, &err);
		assert_failure(csr, err, ERROR_INTERNAL, "CSR");
		der.data[i] ^= 1;
	}
}

static void other_bytes_are_no_request(void **state)
{
	(void)state;
	AUTO(auto_pkey) EVP_PKEY *key = EVP_EC_gen("P-256");
	AUTO(buf_free) struct buf der = { 0 };
	struct error err = { 0 };
	make_request(key, true, &der);
	for (size_t size = 0; size < der.size; size++)
		assert_failure(csr_read((struct bytes){ der.data, size }, NULL, &err), err,
			ERROR_INTERNAL, "parsing CSR: ");
	buf_put_u8(&der, 0);
	assert_failure(csr_read(buf_bytes(&der), NULL, &err), err, ERROR_INTERNAL, "parsing CSR: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_of_any_key_are_read),
		cmocka_unit_test(a_request_without_names_asks_for_none),
		cmocka_unit_test(the_holder_may_be_anybody),
		cmocka_unit_test(every_changed_byte_is_noticed),
		cmocka_unit_test(other_bytes_are_no_request),
	};
	crypto_setup();
	return cmocka_run_group_tests_name("csr", tests, NULL, NULL);
}
