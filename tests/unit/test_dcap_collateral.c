/* SPDX-License-Identifier: Apache-2.0 */
/* What a verifier must refuse in collateral (spec dcap.md clause 4.3). */
#include "unit.h"

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/memory.h"
#include "crypto/cert.h"
#include "crypto/pem.h"
#include "dcap_assert.h"

/* A properly signed document in which one text was replaced. */
struct change {
	const char *old;
	const char *new;
	enum error_kind kind;
	const char *message;
};

static void assert_change_refused(struct pki *pki, bool in_tcb_info, const struct change *change)
{
	struct buf *body = in_tcb_info ? &pki->tcb_info : &pki->qe_identity;
	AUTO(buf_free) struct buf saved = { 0 };
	buf_put(&saved, body->data, body->size);
	replace_once(body, change->old, change->new);
	pki_write(pki);
	assert_pki_refused(pki, change->kind, change->message);
	buf_free(body);
	*body = buf_take(&saved);
}

#define LEVEL_12 "{\"svn\":12},{\"svn\":0}"

static void malformed_tcb_info_is_refused(void **state)
{
	static const struct change changes[] = {
		{ "\"version\":3", "\"version\":4", ERROR_UNSUPPORTED, "\"version\" is 4" },
		{ "\"version\":3", "\"version\":2", ERROR_INVALID, "\"id\" does not exist" },
		{ "\"version\":3,", "", ERROR_INVALID, "\"version\"" },
		{ "\"id\":\"SGX\"", "\"id\":\"TDX\"", ERROR_INVALID,
			"\"tdxModule\" is not an object" },
		{ "\"id\":\"SGX\"", "\"id\":\"TDY\"", ERROR_UNSUPPORTED,
			"\"SGX\" and \"TDX\" are accepted" },
		{ "\"tcbType\"", "\"tdxModule\":{},\"tcbType\"", ERROR_INVALID,
			"it is for SGX, but has a TDX module" },
		{ "\"tcbType\":0", "\"tcbType\":1", ERROR_INVALID, "\"tcbType\"" },
		{ "00FF00000001", "00FF00000002", ERROR_DENIED, "FMSPC 00ff00000002" },
		{ "00FF00000001", "00FF0000001", ERROR_INVALID, "\"fmspc\"" },
		{ "\"pceId\":\"0000\"", "\"pceId\":\"0001\"", ERROR_DENIED, "another PCEID" },
		{ ":17", ":-1", ERROR_INVALID, "\"tcbEvaluationDataNumber\"" },
		{ "\"nextUpdate\":\"2025-06-16T", "\"nextUpdate\":\"2025-06-31T", ERROR_INVALID,
			"\"nextUpdate\"" },
		{ "\"issueDate\"", "\"other\"", ERROR_INVALID, "\"issueDate\"" },
		/* numbers that are no plain integers from 0 to 255 */
		{ LEVEL_12, "{\"svn\":256},{\"svn\":0}", ERROR_INVALID, "0 to 255" },
		{ LEVEL_12, "{\"svn\":-1},{\"svn\":0}", ERROR_INVALID, "\"svn\"" },
		{ LEVEL_12, "{\"svn\":1.0},{\"svn\":0}", ERROR_INVALID, "\"svn\"" },
		{ LEVEL_12, "{\"svn\":1e1},{\"svn\":0}", ERROR_INVALID, "\"svn\"" },
		{ LEVEL_12, "{\"svn\":\"1\"},{\"svn\":0}", ERROR_INVALID, "\"svn\"" },
		{ LEVEL_12, "{\"svn\":012},{\"svn\":0}", ERROR_INVALID, "JSON" },
		{ LEVEL_12, "{\"svn\":99999999999999999999},{\"svn\":0}", ERROR_INVALID,
			"\"svn\"" },
		{ LEVEL_12, "{},{\"svn\":0}", ERROR_INVALID, "\"svn\"" },
		/* 15 and 17 components */
		{ LEVEL_12, "{\"svn\":12}", ERROR_INVALID, "15 elements instead of 16" },
		{ LEVEL_12, LEVEL_12 ",{\"svn\":0}", ERROR_INVALID, "17 elements instead of 16" },
		{ "\"pcesvn\":12", "\"pcesvn\":65536", ERROR_INVALID, "\"pcesvn\"" },
		{ "\"Revoked\"", "\"revoked\"", ERROR_INVALID, "unknown value \"revoked\"" },
		{ "[\"INTEL-SA-00002\"]}", "\"INTEL-SA-00002\"}", ERROR_INVALID, "advisoryIDs" },
		{ "[\"INTEL-SA-00002\"]}", "[1]}", ERROR_INVALID, "advisoryIDs" },
		/* the same level twice, doubled names, a name with an escape */
		{ "\"pcesvn\":12", "\"pcesvn\":13", ERROR_INVALID, "same level twice" },
		{ "\"tcbType\":0", "\"tcbType\":0,\"tcbType\":0", ERROR_INVALID,
			"duplicate of the member \"tcbType\"" },
		{ "\"tcbType\":0", "\"tcbType\":0,\"tcbTyp\\u0065\":0", ERROR_INVALID,
			"a name that is not plain" },
		{ LEVEL_12, "{\"svn\":12,\"svn\":12},{\"svn\":0}", ERROR_INVALID, "duplicate" },
		{ "\"tcbType\":0", "\"tcbType\":0,\"x\":[[[[[[[[]]]]]]]]", ERROR_INVALID,
			"\"tcbInfo\"" },
		{ "\"tcbType\":0", "\"tcbType\":0,\"x\":[}", ERROR_INVALID, "\"tcbInfo\"" },
	};
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		assert_change_refused(*state, true, &changes[i]);
}

static void malformed_qe_identity_is_refused(void **state)
{
	static const struct change changes[] = {
		{ "\"version\":2", "\"version\":1", ERROR_UNSUPPORTED, "\"version\" is 1" },
		{ "\"id\":\"QE\"", "\"id\":\"QVE\"", ERROR_UNSUPPORTED,
			"\"QE\" and \"TD_QE\" are accepted" },
		{ "\"id\":\"QE\"", "\"id\":\"TD_QE\"", ERROR_DENIED,
			"QE identity in /tmp/dcap-pki" },
		{ "\"mrsigner\":\"51", "\"mrsigner\":\"52", ERROR_DENIED, "MRSIGNER differs" },
		{ "\"mrsigner\":\"51", "\"mrsigner\":\"5", ERROR_INVALID, "\"mrsigner\"" },
		{ "\"isvprodid\":1", "\"isvprodid\":2", ERROR_DENIED, "ISVPRODID differs" },
		{ "\"isvprodid\":1", "\"isvprodid\":65537", ERROR_INVALID, "\"isvprodid\"" },
		{ "\"FBFFFFFFFFFFFFFF00", "\"FBFFFFFFFFFFFFFFFF", ERROR_DENIED,
			"ATTRIBUTES differs" }, /* XFRM counts as well when it is masked in */
		{ "\"FBFFFF", "\"00FFFF", ERROR_INVALID, "bits outside of its mask" },
		{ "\"00000000\"", "\"00000001\"", ERROR_DENIED, "MISCSELECT differs" },
		{ "\"UpToDate\"", "\"SWHardeningNeeded\"", ERROR_INVALID, "for an enclave" },
		{ "\"isvsvn\":6", "\"isvsvn\":8", ERROR_INVALID, "same level twice" },
		{ "\"isvsvn\":6", "\"isvsvn\":-6", ERROR_INVALID, "\"isvsvn\"" },
	};
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		assert_change_refused(*state, false, &changes[i]);
}

static void the_order_of_levels_does_not_matter(void **state)
{
	struct pki *pki = *state;
	/* in both documents a lower level that fits as well now stands before the highest */
	replace_once(&pki->tcb_info, "\"pcesvn\":13", "\"pcesvn\":1");
	replace_once(&pki->tcb_info, "\"pcesvn\":12", "\"pcesvn\":13");
	replace_once(&pki->qe_identity, "\"isvsvn\":8", "\"isvsvn\":3");
	replace_once(&pki->qe_identity, "\"isvsvn\":6", "\"isvsvn\":8");
	pki_write(pki);
	AUTO(dcap_result_free) struct dcap_result result = { 0 };
	struct error err = { 0 };
	assert_success(pki_verify(pki, &result, &err), err);
	assert_int_equal(result.platform_status, TCB_CONFIGURATION_NEEDED);
	assert_int_equal(result.qe_status, TCB_OUT_OF_DATE);
}

static void documents_need_the_signature_of_the_tcb_signer(void **state)
{
	struct pki *pki = *state;
	AUTO(buf_free) struct buf out = { 0 };
	issue_document(&out, "enclaveIdentity", buf_bytes(&pki->qe_identity), pki->pck_key);
	pki_write_file(pki, "qe_identity.json", buf_bytes(&out));
	assert_pki_refused(pki, ERROR_DENIED, "QE identity: its signature is not by the key");
	buf_clear(&out);
	buf_printf(&out, "{\"enclaveIdentity\":%s}", buf_text(&pki->qe_identity));
	pki_write_file(pki, "qe_identity.json", buf_bytes(&out));
	assert_pki_refused(pki, ERROR_INVALID, "QE identity: it is not {\"enclaveIdentity\":{...}");
	pki_write(pki);
	buf_clear(&out);
	issue_document(&out, "tcbInfo", buf_bytes(&pki->tcb_info), pki->ca_key);
	pki_write_file(pki, "tcb_info.json", buf_bytes(&out));
	assert_pki_refused(pki, ERROR_DENIED, "TCB info: its signature is not by the key");
	/* a signature over the same values in another order or with white space is another's */
	buf_clear(&out);
	issue_document(&out, "tcbInfo", buf_bytes(&pki->tcb_info), pki->signing_key);
	replace_once(&out, "\"tcbType\":0", "\"tcbType\": 0");
	pki_write_file(pki, "tcb_info.json", buf_bytes(&out));
	assert_pki_refused(pki, ERROR_DENIED, "TCB info: its signature is not by the key");
}

static void write_chain(struct pki *pki, const char *name, X509 *first, X509 *second)
{
	AUTO(buf_free) struct buf out = { 0 };
	cert_put_pem(first, &out);
	if (second)
		cert_put_pem(second, &out);
	pki_write_file(pki, name, buf_bytes(&out));
}

static void other_certificates_do_not_sign_documents(void **state)
{
	struct pki *pki = *state;
	static const char *const chains[] = { "tcb_info_issuer_chain.pem",
		"qe_identity_issuer_chain.pem" };
	static const char wrong_parts[] = "issuer chain: it is not made of one TCB signing";
	struct pki other;
	pki_make(&other);
	struct certificate_fields fields = pki_signing_fields(pki);
	fields.issuer_key = pki->ca_key;
	AUTO(auto_x509) X509 *not_by_root = issue_certificate(&fields);
	for (size_t i = 0; i < 2; i++) {
		write_chain(pki, chains[i], pki->ca, pki->root);
		assert_pki_refused(pki, ERROR_INVALID, wrong_parts);
		write_chain(pki, chains[i], pki->pck, pki->root);
		assert_pki_refused(pki, ERROR_INVALID, wrong_parts);
		write_chain(pki, chains[i], pki->signing, NULL);
		assert_pki_refused(pki, ERROR_INVALID, wrong_parts);
		AUTO(buf_free) struct buf three = { 0 };
		cert_put_pem(pki->signing, &three);
		cert_put_pem(pki->root, &three);
		cert_put_pem(pki->ca, &three);
		pki_write_file(pki, chains[i], buf_bytes(&three));
		assert_pki_refused(pki, ERROR_INVALID, wrong_parts);
		write_chain(pki, chains[i], not_by_root, pki->root);
		assert_pki_refused(
			pki, ERROR_DENIED, "not signed by the key of \"Intel SGX Root CA\"");
		write_chain(pki, chains[i], other.signing, pki->root);
		assert_pki_refused(
			pki, ERROR_DENIED, "not signed by the key of \"Intel SGX Root CA\"");
		write_chain(pki, chains[i], pki->signing, other.root);
		assert_pki_refused(pki, ERROR_DENIED, "its root is not the simulated one");
		write_chain(pki, chains[i], pki->signing, pki->root);
	}
	assert_pki_status(pki, TCB_UP_TO_DATE);
	pki_free(&other);
}

static void doubled_or_further_members_are_refused(void **state)
{
	struct pki *pki = *state;
	static const char *const heads[] = { "{\"tcbInfo\":{},\"tcbInfo\":",
		"{\"signature\":\"00\",\"tcbInfo\":", "{\"more\":1,\"tcbInfo\":",
		"{\"tcb\\u0049nfo\":", "{\"tcbinfo\":", "[\"tcbInfo\":" };
	static const char *const tails[] = { "\"}x", "\"},{}", "\"", "0\"}", "\"]", "\"}\0" };
	AUTO(buf_free) struct buf good = { 0 };
	issue_document(&good, "tcbInfo", buf_bytes(&pki->tcb_info), pki->signing_key);
	for (size_t i = 0; i < 6; i++) {
		AUTO(buf_free) struct buf out = { 0 };
		buf_put(&out, good.data, good.size);
		replace_once(&out, "{\"tcbInfo\":", heads[i]);
		pki_write_file(pki, "tcb_info.json", buf_bytes(&out));
		assert_pki_refused(pki, ERROR_INVALID, "TCB info: it is not {\"tcbInfo\":{...}");
	}
	for (size_t i = 0; i < 6; i++) {
		AUTO(buf_free) struct buf out = { 0 };
		buf_put(&out, good.data, good.size - 2);
		buf_put(&out, tails[i], strlen(tails[i]) + (i == 5 ? 2 : 0)); /* two NULs */
		pki_write_file(pki, "tcb_info.json", buf_bytes(&out));
		assert_pki_refused(pki, ERROR_INVALID, "TCB info: it is not {\"tcbInfo\":{...}");
	}
	buf_put_text(&good, " \n");
	buf_put_u8(&good, 0);
	pki_write_file(pki, "tcb_info.json", buf_bytes(&good));
	assert_pki_status(pki, TCB_UP_TO_DATE);
}

static void expired_documents_say_what_to_refresh(void **state)
{
	struct pki *pki = *state;
	AUTO(auto_free)
	char *remedy = xasprintf(
		"expired at 2025-06-15T15:06:39Z: refresh the collateral in %s", pki->folder);
	AUTO(auto_free) char *tcb_info = xasprintf("TCB info %s", remedy);
	AUTO(auto_free) char *identity = xasprintf("QE identity %s", remedy);
	AUTO(auto_free) char *signer = xasprintf("Intel SGX TCB Signing %s", remedy);
	const struct change changes[] = {
		{ "2025-06-16T15:06:40Z", "2025-06-15T15:06:39Z", ERROR_DENIED, tcb_info },
		{ "2025-06-16T15:06:40Z", "2025-06-15T15:06:39Z", ERROR_DENIED, identity },
		{ "2025-06-14T15:06:40Z", "2025-06-15T15:06:41Z", ERROR_DENIED,
			"is not valid before 2025-06-15T15:06:41Z" },
	};
	assert_change_refused(pki, true, &changes[0]);
	assert_change_refused(pki, false, &changes[1]);
	assert_change_refused(pki, true, &changes[2]);
	assert_change_refused(pki, false, &changes[2]);
	struct certificate_fields fields = pki_signing_fields(pki);
	fields.end = PKI_NOW - 1;
	X509_free(pki->signing);
	pki->signing = issue_certificate(&fields);
	pki_write(pki);
	assert_pki_refused(pki, ERROR_DENIED, signer);
}

static void write_crl(struct pki *pki, const char *name, const struct crl_fields *fields)
{
	AUTO(buf_free) struct buf out = { 0 };
	issue_crl(&out, fields);
	pki_write_file(pki, name, buf_bytes(&out));
}

static void revoked_certificates_are_refused(void **state)
{
	struct pki *pki = *state;
	/* numbers that DER pads, or shortens, when they start with a high or a low byte */
	static const char *const serials[] = { "ab7cb8af05707387f6b8d6c0ea18d8fe688d216d",
		"0a7cb8af05707387f6b8d6c0ea18d8fe688d216d", "007cb8af05707387f6b8d6c0ea18d8fe688d",
		"01" };
	struct crl_fields fields = { .issuer = pki->ca, .key = pki->ca_key };
	AUTO(buf_free) struct buf extension = { 0 };
	issue_sgx_extension(&extension, &pki->platform);
	for (size_t i = 0; i < 4; i++) {
		struct certificate_fields leaf = pki_pck_fields(pki, &extension);
		leaf.serial = serials[i];
		AUTO(auto_x509) X509 *pck = issue_certificate(&leaf);
		pki_set_chain(pki, pck, pki->ca, pki->root, (X509 *)NULL);
		fields.revoked = pki->pck; /* another one */
		write_crl(pki, "pck.crl", &fields);
		assert_pki_status(pki, TCB_UP_TO_DATE);
		fields.revoked = pck;
		write_crl(pki, "pck.crl", &fields);
		assert_pki_refused(pki, ERROR_DENIED, "\"Intel SGX PCK Certificate\" is revoked");
	}
	pki_write(pki);
	fields = (struct crl_fields){ .issuer = pki->root, .key = pki->root_key };
	fields.revoked = pki->ca;
	write_crl(pki, "root_ca.crl", &fields);
	assert_pki_refused(pki, ERROR_DENIED, "\"Intel SGX PCK Platform CA\" is revoked");
	fields.revoked = pki->signing;
	write_crl(pki, "root_ca.crl", &fields);
	assert_pki_refused(pki, ERROR_DENIED, "\"Intel SGX TCB Signing\" is revoked");
}

/* Both documents are signed by one key, of which two certificates exist. */
static void each_document_needs_a_good_signer_of_its_own(void **state)
{
	struct pki *pki = *state;
	struct certificate_fields fields = pki_signing_fields(pki);
	AUTO(auto_x509) X509 *second = issue_certificate(&fields);
	fields.end = PKI_NOW - 1;
	AUTO(auto_x509) X509 *expired = issue_certificate(&fields);
	struct crl_fields crl = { .issuer = pki->root, .key = pki->root_key, .revoked = second };
	static const char *const chains[] = { "tcb_info_issuer_chain.pem",
		"qe_identity_issuer_chain.pem" };
	for (size_t i = 0; i < 2; i++) {
		pki_write(pki);
		write_chain(pki, chains[i], second, pki->root);
		assert_pki_status(pki, TCB_UP_TO_DATE);
		write_crl(pki, "root_ca.crl", &crl);
		assert_pki_refused(pki, ERROR_DENIED, "\"Intel SGX TCB Signing\" is revoked");
		write_chain(pki, chains[i], expired, pki->root);
		assert_pki_refused(pki, ERROR_DENIED, "Intel SGX TCB Signing expired at");
	}
}

static void only_the_right_crl_of_this_time_counts(void **state)
{
	struct pki *pki = *state;
	struct certificate_fields other = pki_ca_fields(pki);
	other.common_name = "Intel SGX PCK Processor CA";
	AUTO(auto_x509) X509 *processor_ca = issue_certificate(&other);
	const struct {
		const char *file;
		struct crl_fields fields;
		enum error_kind kind;
		const char *message;
	} cases[] = {
		{ "pck.crl", { .issuer = processor_ca, .key = pki->ca_key }, ERROR_DENIED,
			"PCK CRL: it was not issued by \"Intel SGX PCK Platform CA\"" },
		{ "pck.crl", { .issuer = pki->ca, .key = pki->root_key }, ERROR_DENIED,
			"PCK CRL: it is not signed by the key of" },
		{ "pck.crl", { .issuer = pki->root, .key = pki->root_key }, ERROR_DENIED,
			"PCK CRL: it was not issued by" },
		{ "root_ca.crl", { .issuer = pki->ca, .key = pki->ca_key }, ERROR_DENIED,
			"root CRL: it was not issued by \"Intel SGX Root CA\"" },
		{ "root_ca.crl", { .issuer = pki->root, .key = pki->ca_key }, ERROR_DENIED,
			"root CRL: it is not signed by the key of" },
		{ "pck.crl", { .issuer = pki->ca, .key = pki->ca_key, .end = PKI_NOW - 1 },
			ERROR_DENIED, "PCK CRL expired at 2025-06-15T15:06:39Z: refresh" },
		{ "pck.crl", { .issuer = pki->ca, .key = pki->ca_key, .start = PKI_NOW + 1 },
			ERROR_DENIED, "PCK CRL is not valid before" },
		{ "root_ca.crl", { .issuer = pki->root, .key = pki->root_key, .end = PKI_NOW - 1 },
			ERROR_DENIED, "root CRL expired at" },
		{ "pck.crl",
			{ .issuer = pki->ca,
				.key = pki->ca_key,
				.further_oid = "2.5.29.27",
				.is_further_critical = true },
			ERROR_INVALID, "a delta CRL" },
		{ "pck.crl", { .issuer = pki->ca, .key = pki->ca_key, .further_oid = "2.5.29.27" },
			ERROR_INVALID, "a delta CRL" },
		{ "pck.crl", { .issuer = pki->ca, .key = pki->ca_key, .further_oid = "2.5.29.28" },
			ERROR_INVALID, "an indirect CRL" },
		{ "root_ca.crl",
			{ .issuer = pki->root,
				.key = pki->root_key,
				.further_oid = "1.2.3.4",
				.is_further_critical = true },
			ERROR_INVALID, "unknown critical" },
		{ "pck.crl", { .issuer = pki->ca, .key = pki->ca_key, .has_no_number = true },
			ERROR_INVALID, "CRL number" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pki_write(pki);
		write_crl(pki, cases[i].file, &cases[i].fields);
		assert_pki_refused(pki, cases[i].kind, cases[i].message);
	}
}

static void crls_may_be_pem_der_or_hex(void **state)
{
	struct pki *pki = *state;
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(buf_free) struct buf out = { 0 };
	issue_crl(&der, &(struct crl_fields){ .issuer = pki->ca, .key = pki->ca_key });
	pem_encode(&out, "X509 CRL", buf_bytes(&der));
	buf_put_u8(&out, 0);
	pki_write_file(pki, "pck.crl", buf_bytes(&out));
	assert_pki_status(pki, TCB_UP_TO_DATE);
	buf_clear(&out);
	hex_encode(&out, der.data, der.size);
	pki_write_file(pki, "pck.crl", buf_bytes(&out));
	assert_pki_status(pki, TCB_UP_TO_DATE);
	buf_put_u8(&out, 0);
	pki_write_file(pki, "pck.crl", buf_bytes(&out));
	assert_pki_status(pki, TCB_UP_TO_DATE);
	buf_put_text(&out, "00");
	pki_write_file(pki, "pck.crl", buf_bytes(&out));
	assert_pki_refused(pki, ERROR_INVALID, "PCK CRL: neither PEM, DER nor hex");
	buf_put_u8(&der, 0);
	pki_write_file(pki, "pck.crl", buf_bytes(&der));
	assert_pki_refused(pki, ERROR_INVALID, "PCK CRL: neither PEM, DER nor hex");
	buf_clear(&out);
	cert_put_pem(pki->ca, &out);
	pki_write_file(pki, "pck.crl", buf_bytes(&out));
	assert_pki_refused(pki, ERROR_INVALID, "not one block \"X509 CRL\" alone");
	pki_write_file(pki, "pck.crl", bytes_of_text("-----BEGIN"));
	assert_pki_refused(pki, ERROR_INVALID, "not one block \"X509 CRL\" alone");
	pki_write_file(pki, "pck.crl", (struct bytes){ "", 0 });
	assert_pki_refused(pki, ERROR_INVALID, "PCK CRL: neither PEM, DER nor hex");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test_with_pki(malformed_tcb_info_is_refused),
		test_with_pki(malformed_qe_identity_is_refused),
		test_with_pki(the_order_of_levels_does_not_matter),
		test_with_pki(documents_need_the_signature_of_the_tcb_signer),
		test_with_pki(other_certificates_do_not_sign_documents),
		test_with_pki(doubled_or_further_members_are_refused),
		test_with_pki(expired_documents_say_what_to_refresh),
		test_with_pki(revoked_certificates_are_refused),
		test_with_pki(each_document_needs_a_good_signer_of_its_own),
		test_with_pki(only_the_right_crl_of_this_time_counts),
		test_with_pki(crls_may_be_pem_der_or_hex),
	};
	return cmocka_run_group_tests_name("dcap collateral", tests, NULL, NULL);
}
