/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verifier must refuse in quotes and PCK chains (spec dcap.md clause 4.3), each tried with a
 * platform that is good but for that.
 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "crypto/cert.h"
#include "dcap_assert.h"

static void assert_quote_refused(
	const struct pki *pki, const struct buf *quote, enum error_kind kind, const char *message)
{
	AUTO(dcap_result_free) struct dcap_result result = { 0 };
	struct error err = { 0 };
	struct dcap_verifier *verifier = pki_verifier(pki);
	assert_failure(dcap_verify(verifier, buf_bytes(quote), PKI_NOW, &result, &err), err, kind,
		message);
	dcap_verifier_free(verifier);
}

static void a_good_platform_verifies_and_is_called_simulated(void **state)
{
	const struct pki *pki = *state;
	AUTO(dcap_result_free) struct dcap_result result = { 0 };
	struct error err = { 0 };
	assert_success(pki_verify(pki, &result, &err), err);
	assert_int_equal(result.status, TCB_UP_TO_DATE);
	assert_true(result.is_simulated);
	assert_int_equal(result.advisory_count, 0);
	assert_int_equal(result.valid_from, PKI_NOW - PKI_DAY);
	assert_int_equal(result.valid_until, PKI_NOW + PKI_DAY);
	assert_int_equal(result.tcb_evaluation_number, 17); /* the smaller of 17 and 18 */
	assert_memory_equal(result.ppid, "the-platform-id", 16);
	assert_true(result.has_instance_id);
	assert_memory_equal(result.instance_id, "instance-number!", 16);
	assert_memory_equal(result.fmspc, "\x00\xff\x00\x00\x00\x01", 6);
	assert_int_equal(result.report.cpu_svn[0], 0xff);
}

static void a_processor_platform_verifies(void **state)
{
	struct pki *pki = *state;
	struct certificate_fields fields = pki_ca_fields(pki);
	fields.common_name = "Intel SGX PCK Processor CA";
	X509_free(pki->ca);
	pki->ca = issue_certificate(&fields);
	pki->platform.is_multi_package = false;
	pki_issue_pck(pki);
	pki_write(pki);
	assert_pki_status(pki, TCB_UP_TO_DATE);
	pki->platform.is_multi_package = true;
	pki_issue_pck(pki);
	assert_pki_refused(pki, ERROR_INVALID, "under the Platform CA and only there");
}

static void the_root_must_be_the_trusted_one(void **state)
{
	struct pki *pki = *state;
	AUTO(buf_free) struct buf quote = { 0 };
	AUTO(dcap_result_free) struct dcap_result result = { 0 };
	struct error err = { 0 };
	pki_put_quote(pki, &quote);
	/* the same quote after it verified under its own root: nothing may have been remembered */
	assert_pki_status(pki, TCB_UP_TO_DATE);
	struct dcap_verifier_config config = { .collateral_folder = pki->folder };
	struct dcap_verifier *intel = dcap_verifier_new(&config, &err);
	assert_success(intel != NULL, err);
	assert_false(dcap_verifier_is_simulated(intel));
	assert_failure(dcap_verify(intel, buf_bytes(&quote), PKI_NOW, &result, &err), err,
		ERROR_DENIED, "its root is not Intel's");
	assert_non_null(strstr(err.message, "--trust-root"));
	dcap_verifier_free(intel);
	struct pki other;
	pki_make(&other);
	pki_write(&other);
	assert_quote_refused(&other, &quote, ERROR_DENIED, "its root is not the simulated one");
	pki_free(&other);
}

static void a_root_to_trust_must_be_a_root(void **state)
{
	struct pki *pki = *state;
	AUTO(auto_free) char *file = xasprintf("%s/root.pem", pki->folder);
	struct dcap_verifier_config config = { .collateral_folder = pki->folder,
		.trust_root_file = file };
	struct error err = { 0 };
	AUTO(buf_free) struct buf pem = { 0 };
	cert_put_pem(pki->ca, &pem);
	pki_write_file(pki, "root.pem", buf_bytes(&pem));
	assert_failure(dcap_verifier_new(&config, &err) != NULL, err, ERROR_INVALID, "root.pem");
	struct certificate_fields fields = pki_root_fields(pki);
	fields.issuer_key = pki->ca_key;
	AUTO(auto_x509) X509 *not_signed_by_itself = issue_certificate(&fields);
	buf_clear(&pem);
	cert_put_pem(not_signed_by_itself, &pem);
	pki_write_file(pki, "root.pem", buf_bytes(&pem));
	assert_failure(dcap_verifier_new(&config, &err) != NULL, err, ERROR_DENIED, "root.pem");
	config.trust_root_file = "/nonexistent/root.pem";
	assert_failure(dcap_verifier_new(&config, &err) != NULL, err, ERROR_NOT_FOUND,
		"/nonexistent/root.pem");
	config.trust_root_file = NULL;
	config.collateral_folder = file;
	assert_failure(dcap_verifier_new(&config, &err) != NULL, err, ERROR_NOT_FOUND, file);
}

static void the_attestation_key_is_bound_to_the_quoting_enclave(void **state)
{
	struct pki *pki = *state;
	AUTO(buf_free) struct buf quote = { 0 };
	AUTO(buf_free) struct buf forged = { 0 };
	pki_put_quote(pki, &quote);
	/* an own key signs what it likes; all the rest is genuine */
	AUTO(auto_pkey) EVP_PKEY *own_key = key_generate_ec(256, NULL);
	buf_put(&forged, quote.data, quote.size);
	uint8_t *signature = forged.data + SGX_QUOTE_SIGNED_SIZE + 4;
	assert_true(p256_put_point(own_key, signature + P256_RAW_SIZE, NULL));
	assert_true(p256_sign_raw(
		own_key, (struct bytes){ forged.data, SGX_QUOTE_SIGNED_SIZE }, signature, NULL));
	assert_quote_refused(pki, &forged, ERROR_DENIED, "the attestation key is not the one");
}

static void the_authentication_data_is_part_of_the_binding(void **state)
{
	struct pki *pki = *state;
	AUTO(buf_free) struct buf quote = { 0 };
	pki_put_quote(pki, &quote);
	size_t auth_data = SGX_QUOTE_SIGNED_SIZE + 4 + 576 + 2;
	quote.data[auth_data] ^= 1;
	assert_quote_refused(pki, &quote, ERROR_DENIED, "the attestation key is not the one");
	/* none at all is fine when the enclave reports it so */
	buf_clear(&pki->auth_data);
	assert_pki_status(pki, TCB_UP_TO_DATE);
}

static void keys_off_the_curve_and_impossible_signatures_are_refused(void **state)
{
	struct pki *pki = *state;
	AUTO(buf_free) struct buf quote = { 0 };
	pki_put_quote(pki, &quote);
	uint8_t *signature = quote.data + SGX_QUOTE_SIGNED_SIZE + 4;
	uint8_t saved[32];
	memcpy(saved, signature, 32);
	memset(signature, 0, 32);
	assert_quote_refused(pki, &quote, ERROR_DENIED, "not signed by its attestation key");
	memset(signature, 0xff, 32);
	assert_quote_refused(pki, &quote, ERROR_DENIED, "not signed by its attestation key");
	memcpy(signature, saved, 32);
	memset(signature + 32, 0, 32);
	assert_quote_refused(pki, &quote, ERROR_DENIED, "not signed by its attestation key");
	/* a Quoting Enclave that reports a key which is none */
	AUTO(buf_free) struct buf bound = { 0 };
	buf_put_zeros(&bound, P256_RAW_SIZE);
	buf_put(&bound, pki->auth_data.data, pki->auth_data.size);
	uint8_t *qe_report = signature + 2 * P256_RAW_SIZE;
	memset(signature + P256_RAW_SIZE, 0, P256_RAW_SIZE);
	sha256(bound.data, bound.size, qe_report + SGX_REPORT_BODY_SIZE - SGX_REPORT_DATA_SIZE);
	assert_true(p256_sign_raw(pki->pck_key, (struct bytes){ qe_report, SGX_REPORT_BODY_SIZE },
		qe_report + SGX_REPORT_BODY_SIZE, NULL));
	assert_quote_refused(pki, &quote, ERROR_INVALID, "not a point on P-256");
}

static void reserved_fields_must_be_zero(void **state)
{
	struct pki *pki = *state;
	AUTO(buf_free) struct buf quote = { 0 };
	pki_put_quote(pki, &quote);
	uint8_t *signature = quote.data + SGX_QUOTE_SIGNED_SIZE + 4;
	uint8_t *qe_report = signature + 2 * P256_RAW_SIZE;
	quote.data[48 + 96] = 1; /* between MRENCLAVE and MRSIGNER */
	assert_true(p256_sign_raw(pki->attestation_key,
		(struct bytes){ quote.data, SGX_QUOTE_SIGNED_SIZE }, signature, NULL));
	assert_quote_refused(pki, &quote, ERROR_INVALID, "report in the quote has reserved");
	qe_report[96] = 1;
	assert_true(p256_sign_raw(pki->pck_key, (struct bytes){ qe_report, SGX_REPORT_BODY_SIZE },
		qe_report + SGX_REPORT_BODY_SIZE, NULL));
	assert_quote_refused(pki, &quote, ERROR_INVALID, "Quoting Enclave has reserved");
}

static uint8_t *certification_type(const struct pki *pki, const struct buf *quote)
{
	return quote->data + SGX_QUOTE_SIGNED_SIZE + 4 + 578 + pki->auth_data.size;
}

static void certification_data_must_be_what_their_type_says(void **state)
{
	struct pki *pki = *state;
	AUTO(buf_free) struct buf quote = { 0 };
	pki_put_quote(pki, &quote);
	uint8_t *type = certification_type(pki, &quote);
	for (uint8_t i = 1; i <= 3; i++) {
		*type = i;
		assert_quote_refused(pki, &quote, ERROR_INVALID, "have a wrong length");
	}
	*type = SGX_CERT_TYPE_PCK_LEAF;
	assert_quote_refused(pki, &quote, ERROR_INVALID, "it is not one PCK certificate");
	static const uint8_t unsupported[] = { 0, 6, 7, 255 };
	for (size_t i = 0; i < sizeof(unsupported); i++) {
		*type = unsupported[i];
		assert_quote_refused(pki, &quote, ERROR_UNSUPPORTED, "types 1 to 5 are accepted");
	}
}

static void assert_leaf_status(struct pki *pki, const char *reason)
{
	AUTO(buf_free) struct buf quote = { 0 };
	AUTO(dcap_result_free) struct dcap_result result = { 0 };
	struct error err = { 0 };
	pki_put_quote(pki, &quote);
	*certification_type(pki, &quote) = SGX_CERT_TYPE_PCK_LEAF;
	struct dcap_verifier *verifier = pki_verifier(pki);
	bool is_good = dcap_verify(verifier, buf_bytes(&quote), PKI_NOW, &result, &err);
	dcap_verifier_free(verifier);
	if (reason)
		assert_failure(is_good, err, ERROR_INVALID, reason);
	else
		assert_success(is_good, err);
}

static void a_pck_certificate_alone_may_be_der_or_pem(void **state)
{
	struct pki *pki = *state;
	AUTO(buf_free) struct buf issuers = { 0 };
	cert_put_pem(pki->ca, &issuers);
	cert_put_pem(pki->root, &issuers);
	pki_write_file(pki, "pck_crl_issuer_chain.pem", buf_bytes(&issuers));
	buf_clear(&pki->chain);
	cert_put_pem(pki->pck, &pki->chain);
	assert_leaf_status(pki, NULL);
	buf_clear(&pki->chain);
	cert_put_der(pki->pck, &pki->chain);
	assert_leaf_status(pki, NULL);
	buf_put_u8(&pki->chain, 0);
	assert_leaf_status(pki, "PCK certificate in the quote");
	buf_clear(&pki->chain);
	cert_put_der(pki->ca, &pki->chain);
	assert_leaf_status(pki, "it is not one PCK certificate");
}

static void chains_of_other_certificates_are_refused(void **state)
{
	struct pki *pki = *state;
	static const char wrong_parts[] = "not made of one PCK certificate";
	pki_set_chain(pki, pki->root, pki->pck, pki->ca, (X509 *)NULL);
	assert_pki_status(pki, TCB_UP_TO_DATE); /* order does not matter, roles do */
	pki_set_chain(pki, pki->pck, pki->pck, pki->root, (X509 *)NULL);
	assert_pki_refused(pki, ERROR_INVALID, wrong_parts);
	pki_set_chain(pki, pki->pck, pki->ca, (X509 *)NULL);
	assert_pki_refused(pki, ERROR_INVALID, wrong_parts);
	pki_set_chain(pki, pki->pck, pki->ca, pki->ca, (X509 *)NULL);
	assert_pki_refused(pki, ERROR_INVALID, wrong_parts);
	pki_set_chain(pki, pki->pck, pki->signing, pki->root, (X509 *)NULL);
	assert_pki_refused(pki, ERROR_INVALID, wrong_parts);
	pki_set_chain(pki, pki->signing, pki->ca, pki->root, (X509 *)NULL);
	assert_pki_refused(pki, ERROR_INVALID, wrong_parts);
	pki_set_chain(pki, pki->pck, pki->ca, pki->root, pki->root, (X509 *)NULL);
	assert_pki_refused(pki, ERROR_INVALID, "more than 3 certificates");
	buf_clear(&pki->chain);
	assert_pki_refused(pki, ERROR_INVALID, "no certificate in it");
}

static void text_around_the_chain_is_refused(void **state)
{
	struct pki *pki = *state;
	buf_put_u8(&pki->chain, 0);
	assert_pki_refused(pki, ERROR_INVALID, "text outside of the PEM blocks"); /* two NULs */
	pki->chain.size -= 2;
	assert_pki_status(pki, TCB_UP_TO_DATE);
	buf_put_text(&pki->chain, "more");
	assert_pki_refused(pki, ERROR_INVALID, "text outside of the PEM blocks");
	pki_issue_pck(pki);
	buf_put_text(&pki->chain, "\n");
	assert_pki_refused(pki, ERROR_INVALID, "text outside of the PEM blocks"); /* a NUL inside */
}

/* Replaces certificates one at a time by a wrong one, everything below issued anew. */
static void assert_ca_refused(
	struct pki *pki, const struct certificate_fields *fields, const char *message)
{
	X509_free(pki->ca);
	pki->ca = issue_certificate(fields);
	pki_issue_pck(pki);
	pki_write(pki);
	assert_pki_refused(pki, ERROR_INVALID, message);
}

static void a_ca_must_have_the_form_of_one(void **state)
{
	struct pki *pki = *state;
	struct certificate_fields fields = pki_ca_fields(pki);
	fields.constraints = "critical,CA:FALSE";
	assert_ca_refused(pki, &fields, "wrong basic constraints: it must be a CA");
	fields = pki_ca_fields(pki);
	fields.constraints = "critical,CA:TRUE,pathlen:1";
	assert_ca_refused(pki, &fields, "without further CAs below it");
	fields = pki_ca_fields(pki);
	fields.key_usage = "critical,digitalSignature,cRLSign";
	assert_ca_refused(pki, &fields, "wrong key usage");
	fields = pki_ca_fields(pki);
	fields.distribution_point = NULL;
	assert_ca_refused(pki, &fields, "lacks the extension \"CRL distribution points\"");
	fields = pki_ca_fields(pki);
	fields.critical_oid = "1.2.3.4";
	assert_ca_refused(pki, &fields, "critical extension");
	fields = pki_ca_fields(pki);
	fields.is_signed_by_sha384 = true;
	assert_ca_refused(pki, &fields, "ecdsa-with-SHA256");
	fields = pki_ca_fields(pki);
	fields.common_name = "Intel SGX PCK Platform CA 2";
	assert_ca_refused(pki, &fields, "not one of Intel's");
	fields = pki_ca_fields(pki);
	EVP_PKEY_free(pki->ca_key);
	pki->ca_key = key_generate_ec(384, NULL);
	fields.key = pki->ca_key;
	assert_ca_refused(pki, &fields, "a key that is not on P-256");
}

static void a_leaf_does_not_act_as_a_ca(void **state)
{
	struct pki *pki = *state;
	AUTO(buf_free) struct buf extension = { 0 };
	AUTO(auto_pkey) EVP_PKEY *second_key = key_generate_ec(256, NULL);
	issue_sgx_extension(&extension, &pki->platform);
	struct certificate_fields fields = pki_pck_fields(pki, &extension);
	fields.key = second_key;
	fields.issuer = pki->pck;
	fields.issuer_key = pki->pck_key;
	AUTO(auto_x509) X509 *below_leaf = issue_certificate(&fields);
	pki_set_chain(pki, below_leaf, pki->pck, pki->root, (X509 *)NULL);
	assert_pki_refused(pki, ERROR_INVALID, "not made of one PCK certificate");
	pki_set_chain(pki, below_leaf, pki->ca, pki->root, (X509 *)NULL);
	assert_pki_refused(pki, ERROR_DENIED, "does not name \"Intel SGX PCK Platform CA\"");
	fields.issuer = pki->ca;
	AUTO(auto_x509) X509 *wrongly_signed = issue_certificate(&fields);
	pki_set_chain(pki, wrongly_signed, pki->ca, pki->root, (X509 *)NULL);
	assert_pki_refused(
		pki, ERROR_DENIED, "not signed by the key of \"Intel SGX PCK Platform CA\"");
	fields = pki_pck_fields(pki, &extension);
	fields.constraints = "critical,CA:TRUE";
	AUTO(auto_x509) X509 *leaf_as_ca = issue_certificate(&fields);
	pki_set_chain(pki, leaf_as_ca, pki->ca, pki->root, (X509 *)NULL);
	assert_pki_refused(pki, ERROR_INVALID, "it must not be a CA");
	fields = pki_pck_fields(pki, NULL);
	AUTO(auto_x509) X509 *without_extension = issue_certificate(&fields);
	pki_set_chain(pki, without_extension, pki->ca, pki->root, (X509 *)NULL);
	assert_pki_refused(pki, ERROR_INVALID, "SGX extension: missing");
}

static void every_certificate_of_the_chain_has_its_time(void **state)
{
	struct pki *pki = *state;
	AUTO(buf_free) struct buf extension = { 0 };
	issue_sgx_extension(&extension, &pki->platform);
	struct certificate_fields fields = pki_pck_fields(pki, &extension);
	fields.end = PKI_NOW - 1;
	AUTO(auto_x509) X509 *expired = issue_certificate(&fields);
	pki_set_chain(pki, expired, pki->ca, pki->root, (X509 *)NULL);
	assert_pki_refused(
		pki, ERROR_DENIED, "Intel SGX PCK Certificate expired at 2025-06-15T15:06:39Z");
	fields = pki_ca_fields(pki);
	fields.start = PKI_NOW + 1;
	AUTO(auto_x509) X509 *future = issue_certificate(&fields);
	pki_set_chain(pki, pki->pck, future, pki->root, (X509 *)NULL);
	assert_pki_refused(pki, ERROR_DENIED, "Intel SGX PCK Platform CA is not valid before");
	fields = pki_root_fields(pki);
	fields.end = PKI_NOW - 1;
	X509_free(pki->root);
	pki->root = issue_certificate(&fields);
	pki_issue_pck(pki);
	pki_write(pki);
	assert_pki_refused(pki, ERROR_DENIED, "Intel SGX Root CA expired at");
}

static void the_tcb_is_that_of_the_certificate_not_of_the_report(void **state)
{
	struct pki *pki = *state; /* its reports say CPUSVN ff…ff */
	static const struct {
		uint8_t component;
		uint16_t pce_svn;
		enum tcb_status expected;
	} cases[] = { { 14, 13, TCB_UP_TO_DATE }, { 255, 65535, TCB_UP_TO_DATE },
		{ 14, 12, TCB_CONFIGURATION_NEEDED }, { 13, 13, TCB_OUT_OF_DATE },
		{ 14, 11, TCB_OUT_OF_DATE } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pki->platform.components[0] = cases[i].component;
		pki->platform.pce_svn = cases[i].pce_svn;
		pki_issue_pck(pki);
		assert_pki_status(pki, cases[i].expected);
	}
	pki->platform.components[0] = 11;
	pki_issue_pck(pki);
	assert_pki_refused(pki, ERROR_DENIED, "Revoked (of the platform)");
	pki->platform.components[0] = 0;
	pki_issue_pck(pki);
	assert_pki_refused(pki, ERROR_DENIED, "TCB not supported: the platform");
}

static void the_quoting_enclave_lowers_the_status_and_adds_advisories(void **state)
{
	struct pki *pki = *state;
	AUTO(dcap_result_free) struct dcap_result result = { 0 };
	struct error err = { 0 };
	pki->qe_report.isv_svn = 7;
	pki->platform.components[0] = 13;
	pki_issue_pck(pki);
	assert_success(pki_verify(pki, &result, &err), err);
	assert_int_equal(result.status, TCB_OUT_OF_DATE);
	assert_int_equal(result.qe_status, TCB_OUT_OF_DATE);
	assert_int_equal(result.advisory_count, 3);
	assert_string_equal(result.advisories[0], "INTEL-SA-00001");
	assert_string_equal(result.advisories[1], "INTEL-SA-00002");
	assert_string_equal(result.advisories[2], "INTEL-SA-00003");
	pki->platform.components[0] = 14;
	pki_issue_pck(pki);
	assert_pki_status(pki, TCB_OUT_OF_DATE); /* although the platform itself is up to date */
	pki->platform.pce_svn = 12;
	pki_issue_pck(pki);
	assert_pki_status(pki, TCB_OUT_OF_DATE_CONFIGURATION_NEEDED);
	pki->qe_report.isv_svn = 5;
	assert_pki_refused(pki, ERROR_DENIED, "Revoked (of the Quoting Enclave)");
	pki->qe_report.isv_svn = 1;
	assert_pki_refused(pki, ERROR_DENIED, "TCB not supported: the Quoting Enclave's ISVSVN 1");
}

static void another_enclave_is_no_quoting_enclave(void **state)
{
	struct pki *pki = *state;
	const struct sgx_report_body good = pki->qe_report;
	pki->qe_report.mr_signer[31] ^= 1;
	assert_pki_refused(pki, ERROR_DENIED, "MRSIGNER differs from the QE identity");
	pki->qe_report = good;
	pki->qe_report.isv_prod_id = 2;
	assert_pki_refused(pki, ERROR_DENIED, "ISVPRODID differs");
	pki->qe_report = good;
	pki->qe_report.attributes.flags |= SGX_FLAG_DEBUG;
	assert_pki_refused(pki, ERROR_DENIED, "ATTRIBUTES differs");
	pki->qe_report = good;
	pki->qe_report.attributes.flags &= ~SGX_FLAG_PROVISION_KEY;
	assert_pki_refused(pki, ERROR_DENIED, "ATTRIBUTES differs");
	pki->qe_report = good;
	pki->qe_report.misc_select = 1;
	assert_pki_refused(pki, ERROR_DENIED, "MISCSELECT differs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test_with_pki(a_good_platform_verifies_and_is_called_simulated),
		test_with_pki(a_processor_platform_verifies),
		test_with_pki(the_root_must_be_the_trusted_one),
		test_with_pki(a_root_to_trust_must_be_a_root),
		test_with_pki(the_attestation_key_is_bound_to_the_quoting_enclave),
		test_with_pki(the_authentication_data_is_part_of_the_binding),
		test_with_pki(keys_off_the_curve_and_impossible_signatures_are_refused),
		test_with_pki(reserved_fields_must_be_zero),
		test_with_pki(certification_data_must_be_what_their_type_says),
		test_with_pki(a_pck_certificate_alone_may_be_der_or_pem),
		test_with_pki(chains_of_other_certificates_are_refused),
		test_with_pki(text_around_the_chain_is_refused),
		test_with_pki(a_ca_must_have_the_form_of_one),
		test_with_pki(a_leaf_does_not_act_as_a_ca),
		test_with_pki(every_certificate_of_the_chain_has_its_time),
		test_with_pki(the_tcb_is_that_of_the_certificate_not_of_the_report),
		test_with_pki(the_quoting_enclave_lowers_the_status_and_adds_advisories),
		test_with_pki(another_enclave_is_no_quoting_enclave),
	};
	return cmocka_run_group_tests_name("dcap verify", tests, NULL, NULL);
}
