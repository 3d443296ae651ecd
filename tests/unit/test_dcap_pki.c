/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel's test PKIs: chains and CRLs, each wrong in one way. They are checked by the functions that
 * the verifier is made of, because no quotes belong to them. Skipped where the data is not there.
 */
#include "unit.h"

#include "vectors.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/memory.h"
#include "dcap/chain.h"
#include "dcap/crl.h"

struct expectation {
	const char *name;
	const char *message; /* NULL: accepted */
};

static int64_t verification_date(void)
{
	int64_t date = 0;
	assert_true(clock_parse_utc("2023-11-14T00:00:00Z", &date));
	return date;
}

static bool open_anchor(const char *set, const char *name, struct anchor *out, struct error *err)
{
	AUTO(auto_free) char *path = vectors_path("dcap/%s/%s/trusted_root.pem", set, name);
	return anchor_open(path, out, err);
}

static bool check_crl(struct crl *crl, const struct buf *text, const struct certificate *issuer,
	int64_t now, struct error *err)
{
	return crl_read(buf_bytes(text), crl, err) && crl_check_issuer(crl, issuer, err) &&
	       validity_check(&crl->validity, now, "CRL", NULL, err);
}

static bool check_chain_case(const char *name, struct error *err)
{
	static const char set[] = "pki-chains-intel";
	AUTO(anchor_free) struct anchor anchor = { 0 };
	AUTO(chain_free) struct chain chain = { 0 };
	AUTO(crl_free) struct crl root_crl = { 0 };
	AUTO(crl_free) struct crl pck_crl = { 0 };
	AUTO(buf_free) struct buf pem = { 0 };
	AUTO(buf_free) struct buf root_text = { 0 };
	AUTO(buf_free) struct buf pck_text = { 0 };
	const struct certificate *pck;
	const struct certificate *ca;
	int64_t now = verification_date();
	vectors_read(&pem, "dcap/%s/%s/chain.pem", set, name);
	vectors_read(&root_text, "dcap/%s/%s/root_ca.crl.pem", set, name);
	vectors_read(&pck_text, "dcap/%s/%s/pck.crl.pem", set, name);
	return open_anchor(set, name, &anchor, err) && chain_read(buf_bytes(&pem), &chain, err) &&
	       chain_check_pck(&chain, &anchor, &pck, &ca, err) &&
	       certificate_check_date(pck, now, NULL, err) &&
	       certificate_check_date(ca, now, NULL, err) &&
	       certificate_check_date(&anchor.root, now, NULL, err) &&
	       check_crl(&root_crl, &root_text, &anchor.root, now, err) &&
	       check_crl(&pck_crl, &pck_text, ca, now, err) &&
	       crl_check_not_listed(&root_crl, ca, err) && crl_check_not_listed(&pck_crl, pck, err);
}

/* The issuer of a PCK CRL is a CA under the root; a root CRL comes with the root alone. */
static const struct certificate *find_crl_issuer(
	const struct chain *chain, const struct anchor *anchor, struct error *err)
{
	const struct certificate *root = chain_find(chain, CERTIFICATE_ROOT);
	const struct certificate *ca = chain_find(chain, CERTIFICATE_PLATFORM_CA);
	if (!ca)
		ca = chain_find(chain, CERTIFICATE_PROCESSOR_CA);
	if (!root || chain->count != (ca ? 2 : 1)) {
		error_set(err, ERROR_INVALID, "not a CRL issuer chain");
		return NULL;
	}
	if (!anchor_check_root(anchor, root, err) ||
		(ca && !certificate_check_issuer(ca, &anchor->root, err)))
		return NULL;
	return ca ? ca : &anchor->root;
}

static bool check_crl_case(const char *name, struct error *err)
{
	static const char set[] = "pki-crls-intel";
	AUTO(anchor_free) struct anchor anchor = { 0 };
	AUTO(chain_free) struct chain chain = { 0 };
	AUTO(crl_free) struct crl crl = { 0 };
	AUTO(buf_free) struct buf pem = { 0 };
	AUTO(buf_free) struct buf text = { 0 };
	int64_t now = verification_date();
	vectors_read(&pem, "dcap/%s/%s/chain.pem", set, name);
	vectors_read(&text, "dcap/%s/%s/crl.pem", set, name);
	if (!open_anchor(set, name, &anchor, err) || !chain_read(buf_bytes(&pem), &chain, err))
		return false;
	const struct certificate *issuer = find_crl_issuer(&chain, &anchor, err);
	return issuer && certificate_check_date(issuer, now, NULL, err) &&
	       certificate_check_date(&anchor.root, now, NULL, err) &&
	       check_crl(&crl, &text, issuer, now, err);
}

static void assert_cases(const char *set, bool (*check)(const char *name, struct error *err),
	const struct expectation *cases, size_t count)
{
	json_t *expected = vectors_json("dcap/%s/expected.json", set);
	const json_t *verdicts = json_object_get(expected, "cases");
	assert_int_equal(json_object_size(verdicts), count);
	for (size_t i = 0; i < count; i++) {
		const json_t *verdict = json_object_get(verdicts, cases[i].name);
		const char *result = json_string_value(json_object_get(verdict, "result"));
		assert_non_null(result);
		assert_int_equal(!cases[i].message, !strcmp(result, "accept"));
		struct error err = { 0 };
		bool good = check(cases[i].name, &err);
		if (good != !cases[i].message || (!good && !strstr(err.message, cases[i].message)))
			fail_msg("%s: %s", cases[i].name, good ? "accepted" : err.message);
	}
	json_decref(expected);
}

static void chains_of_intels_test_pki_are_judged_like_intel_does(void **state)
{
	(void)state;
	vectors_or_skip();
	static const struct expectation cases[] = {
		{ "InChainRoot_InvalidExtensions", "the root to trust in" },
		{ "InChainRoot_InvalidIssuerCantVerifySignature",
			"\"Intel SGX Root CA\" is not signed by the key of" },
		{ "InChainRoot_InvalidSubject", "subject that is not one of Intel" },
		{ "Intermediate_InvalidExtensions", "lacks the extension" },
		{ "Intermediate_InvalidIssuer",
			"does not name \"Intel SGX Root CA\" as its issuer" },
		{ "Intermediate_InvalidValidityPeriod",
			"Intel SGX PCK Platform CA is not valid before" },
		{ "Pck_InvalidIssuerCantVerifySignature",
			"\"Intel SGX PCK Certificate\" is not signed by the key" },
		{ "Pck_InvalidSubject", "subject that is not one of Intel" },
		{ "Pck_InvalidValidityPeriod", "Intel SGX PCK Certificate is not valid before" },
		{ "Positive_PlatformAsIntermediate", NULL },
		{ "Revoked_Intermediate", "\"Intel SGX PCK Platform CA\" is revoked" },
		{ "Revoked_IntermediateUnknownIssuer",
			"it was not issued by \"Intel SGX PCK Platform CA\"" },
		{ "Revoked_PCK", "\"Intel SGX PCK Certificate\" is revoked" },
		{ "Revoked_PckFewEntriesNoneMatch", NULL },
		{ "TrustedRoot_InvalidSubject", "the root to trust in" },
	};
	assert_cases("pki-chains-intel", check_chain_case, cases, sizeof(cases) / sizeof(cases[0]));
}

static void crls_of_intels_test_pki_are_judged_like_intel_does(void **state)
{
	(void)state;
	vectors_or_skip();
	static const struct expectation cases[] = {
		{ "PlatformCACRL_InvalidSignature", "it is not signed by the key of" },
		{ "PlatformCACRL_SigningCertMissingExtensions", "lacks the extension" },
		{ "PlatformCACRL_SigningCertWrongIssuer",
			"does not name \"Intel SGX Root CA\" as its issuer" },
		{ "ProcessorCACRL_CertChainInvalid", "PEM block \"CERTIFICATE\" without its end" },
		{ "ProcessorCACRL_SigningCertExpired", "Intel SGX PCK Processor CA expired at" },
		{ "ProcessorCACRL_SigningCertMissingExtensions", "lacks the extension" },
		{ "ProcessorCACRL_WrongChainLength", "not a CRL issuer chain" },
		{ "RootCACRL_ChainRootCertWrongIssuer", "its root was not issued by itself" },
		{ "RootCACRL_ChainRootCertWrongSignature",
			"\"Intel SGX Root CA\" is not signed by the key of" },
		{ "RootCACRL_ChainRootMissingExtensions", "lacks the extension" },
		{ "RootCACRL_InvalidFormat", "neither PEM, DER nor hex of a CRL" },
		{ "RootCACRL_InvalidSignature", "it is not signed by the key of" },
		{ "RootCACRL_RootCertInChainNotATrustedRoot", "its root is not the simulated one" },
		{ "TrustedRootCAExpired", "Intel SGX Root CA expired at" },
		{ "TrustedRootCAMissingExtensions", "the root to trust in" },
		{ "TrustedRootCAWrongSignature",
			"\"Intel SGX Root CA\" is not signed by the key of" },
		{ "ValidEmptyRootCACRL", NULL },
		{ "ValidPlatformCACRL", NULL },
		{ "ValidRootCACRL", NULL },
	};
	assert_cases("pki-crls-intel", check_crl_case, cases, sizeof(cases) / sizeof(cases[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains_of_intels_test_pki_are_judged_like_intel_does),
		cmocka_unit_test(crls_of_intels_test_pki_are_judged_like_intel_does),
	};
	return cmocka_run_group_tests_name("dcap pki", tests, NULL, NULL);
}
