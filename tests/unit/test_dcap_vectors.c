/* SPDX-License-Identifier: Apache-2.0 */
/* Genuine quotes and collateral: what Intel and real machines signed. Skipped where they are not.
 */
#include "unit.h"

#include "vectors.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/memory.h"
#include "dcap/chain.h"
#include "dcap/signed_document.h"
#include "dcap/tcb_info.h"
#include "dcap/verify.h"
#include "sgx/quote.h"

/* The quote of a vector and a verifier over its collateral. */
struct vector {
	json_t *expected;
	struct buf quote;
	struct dcap_verifier *verifier;
};

static void vector_close(struct vector *vector)
{
	json_decref(vector->expected);
	buf_free(&vector->quote);
	if (vector->verifier)
		dcap_verifier_free(vector->verifier);
}

static void vector_open(struct vector *vector, const char *name)
{
	AUTO(auto_free) char *folder = vectors_path("dcap/%s", name);
	struct dcap_verifier_config config = { .collateral_folder = folder };
	struct error err = { 0 };
	*vector = (struct vector){ .expected = vectors_json("dcap/%s/expected.json", name) };
	vectors_read(&vector->quote, "dcap/%s/quote.bin", name);
	vector->verifier = dcap_verifier_new(&config, &err);
	assert_success(vector->verifier != NULL, err);
}

static const char *text_at(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	assert_non_null(text);
	return text;
}

static int64_t date_at(const json_t *object, const char *name)
{
	int64_t date = 0;
	assert_true(clock_parse_utc(text_at(object, name), &date));
	return date;
}

static void add_new(json_t *all, const json_t *more)
{
	for (size_t i = 0; i < json_array_size(more); i++) {
		bool is_new = true;
		for (size_t j = 0; j < json_array_size(all); j++)
			is_new &= !json_equal(json_array_get(all, j), json_array_get(more, i));
		if (is_new)
			json_array_append(all, json_array_get(more, i));
	}
}

/* Advisories of the platform level, then those of TDX module and QE level that are new. */
static void assert_advisories(const struct dcap_result *result, const json_t *expected)
{
	json_t *all = json_copy(json_object_get(expected, "tcb_advisory_ids"));
	add_new(all, json_object_get(expected, "tdx_module_advisory_ids"));
	add_new(all, json_object_get(expected, "qe_advisory_ids"));
	assert_int_equal(result->advisory_count, json_array_size(all));
	for (size_t i = 0; i < json_array_size(all); i++)
		assert_string_equal(
			result->advisories[i], json_string_value(json_array_get(all, i)));
	json_decref(all);
}

static void assert_hex(const void *data, size_t size, const char *expected)
{
	AUTO(buf_free) struct buf digits = { 0 };
	hex_encode(&digits, data, size);
	assert_string_equal(buf_text(&digits), expected);
}

static void assert_td(const struct td_report *td, const json_t *expected)
{
	const json_t *rtmr = json_object_get(expected, "rtmr");
	assert_hex(td->tee_tcb_svn, TD_SVN_SIZE, text_at(expected, "tee_tcb_svn"));
	assert_hex(td->mr_seam, TD_HASH_SIZE, text_at(expected, "mrseam"));
	assert_hex(td->mr_td, TD_HASH_SIZE, text_at(expected, "mrtd"));
	assert_hex(td->mr_config_id, TD_HASH_SIZE, text_at(expected, "mrconfigid"));
	assert_hex(td->mr_owner_config, TD_HASH_SIZE, text_at(expected, "mrownerconfig"));
	for (size_t i = 0; i < TD_RTMRS; i++)
		assert_hex(td->rtmr[i], TD_HASH_SIZE, json_string_value(json_array_get(rtmr, i)));
	if (td->is_1_5)
		assert_hex(td->tee_tcb_svn_2, TD_SVN_SIZE, text_at(expected, "tee_tcb_svn2"));
	assert_int_equal((td->attributes & TD_ATTRIBUTE_DEBUG) != 0,
		json_is_true(json_object_get(expected, "debug")));
}

static void assert_enclave(const struct sgx_report_body *report, const json_t *expected)
{
	assert_hex(report->mr_enclave, SGX_HASH_SIZE, text_at(expected, "mrenclave"));
	assert_int_equal((report->attributes.flags & SGX_FLAG_DEBUG) != 0,
		json_is_true(json_object_get(expected, "debug")));
}

/* The smaller one counts. */
static void assert_evaluation_number(const struct dcap_result *result, const json_t *expected)
{
	static const char name[] = "tcb_evaluation_data_number";
	json_int_t info =
		json_integer_value(json_object_get(json_object_get(expected, "tcb_info"), name));
	json_int_t identity =
		json_integer_value(json_object_get(json_object_get(expected, "qe_identity"), name));
	assert_int_equal(result->tcb_evaluation_number, info < identity ? info : identity);
}

static void assert_platform(const struct dcap_result *result, const json_t *expected)
{
	static const uint8_t nothing[PCK_PLATFORM_ID_SIZE];
	assert_hex(result->fmspc, sizeof(result->fmspc), text_at(expected, "fmspc"));
	assert_memory_not_equal(result->ppid, nothing, sizeof(nothing));
	assert_int_equal(result->has_instance_id,
		!strcmp(text_at(expected, "ca"), "Intel SGX PCK Platform CA"));
	if (result->has_instance_id)
		assert_memory_not_equal(result->instance_id, nothing, sizeof(nothing));
}

static void assert_result(const struct dcap_result *result, const json_t *expected)
{
	const json_t *statuses = json_object_get(expected, "expected");
	const json_t *report = json_object_get(expected, "report");
	assert_int_equal(result->step, DCAP_STEPS);
	assert_string_equal(tcb_status_name(result->status), text_at(statuses, "tcb_status"));
	assert_string_equal(
		tcb_status_name(result->platform_status), text_at(statuses, "tcb_level_status"));
	assert_string_equal(tcb_status_name(result->qe_status), text_at(statuses, "qe_tcb_status"));
	assert_advisories(result, statuses);
	assert_int_equal(result->valid_from, date_at(expected, "valid_from"));
	assert_int_equal(result->valid_until, date_at(expected, "valid_to"));
	assert_false(result->is_simulated);
	assert_evaluation_number(result, json_object_get(expected, "collateral"));
	assert_platform(result, json_object_get(expected, "pck"));
	assert_hex(dcap_result_report_data(result), SGX_REPORT_DATA_SIZE,
		text_at(report, "report_data"));
	if (result->is_tdx)
		assert_td(&result->td, report);
	else
		assert_enclave(&result->report, report);
	if (result->is_tdx)
		assert_string_equal(tcb_status_name(result->tdx_module_status),
			text_at(statuses, "tdx_module_status"));
}

static void assert_verifies(struct vector *vector, int64_t now)
{
	AUTO(dcap_result_free) struct dcap_result result = { 0 };
	struct error err = { 0 };
	assert_success(
		dcap_verify(vector->verifier, buf_bytes(&vector->quote), now, &result, &err), err);
	assert_result(&result, vector->expected);
}

static void assert_refused(
	struct vector *vector, int64_t now, enum error_kind kind, const char *message)
{
	AUTO(dcap_result_free) struct dcap_result result = { 0 };
	struct error err = { 0 };
	assert_failure(dcap_verify(vector->verifier, buf_bytes(&vector->quote), now, &result, &err),
		err, kind, message);
	assert_int_equal(result.status, TCB_REVOKED);
}

static const char *const genuine[] = {
	"sgx-v3-00606a000000-automata-2024",
	"sgx-v3-00606a000000-automata-2025-outofdate",
	"sgx-v3-00606a000000-oasis-2022-uptodate",
	"sgx-v3-00606a000000-oasis-2025-qe-outofdate",
	"sgx-v3-00606a000000-teepot-2025",
	"sgx-v3-00706e470000-teepot-2023-outofdate",
	"sgx-v3-00906ea10000-blindai-2022",
	"sgx-v3-00906ea10000-fortanix-2022-chainorder",
	"sgx-v3-00906ea10000-oe-pemnosep-2022-outofdate",
	"sgx-v3-00906ea10000-oe-report-2022-outofdate",
	"sgx-v3-00906ed50000-oe-2022",
	"sgx-v3-00a067110000-phala-2025",
	"sgx-v3-30606a000000-taiko-2025-outofdate-config",
	"tdx-v4-00806f050000-automata-2024-outofdate",
	"tdx-v4-00806f050000-teepot-2025",
	"tdx-v4-b0c06f000000-phala-2025",
	"tdx-v5-90c06f000000-alibaba-2025",
	"tdx-v5-90c06f000000-oe-2025-relaunch",
};

static void genuine_quotes_verify_on_every_day_of_their_collateral(void **state)
{
	(void)state;
	vectors_or_skip();
	for (size_t i = 0; i < sizeof(genuine) / sizeof(genuine[0]); i++) {
		AUTO(vector_close) struct vector vector;
		vector_open(&vector, genuine[i]);
		int64_t start = date_at(vector.expected, "valid_from");
		int64_t end = date_at(vector.expected, "valid_to");
		assert_verifies(&vector, date_at(vector.expected, "verification_date"));
		assert_verifies(&vector, start);
		assert_verifies(&vector, end);
		assert_refused(&vector, start - 1, ERROR_DENIED, "is not valid before");
		assert_refused(&vector, end + 1, ERROR_DENIED, "expired at");
	}
}

static void known_bad_quotes_are_refused_for_their_reason(void **state)
{
	(void)state;
	vectors_or_skip();
	static const struct {
		const char *name;
		enum error_kind kind;
		const char *message;
	} cases[] = {
		{ "bad-sgx-v3-fortanix-isv-signature", ERROR_DENIED,
			"the quote is not signed by its attestation key" },
		{ "bad-sgx-v3-oe-malformed-pck-name", ERROR_DENIED,
			"does not name \"Intel SGX PCK Processor CA\" as its issuer" },
		{ "bad-sgx-v3-oe-pck-chain", ERROR_INVALID,
			"PCK certificate chain: a certificate has a subject that is not one of" },
		{ "nopck-sgx-v3-cd3-oasis", ERROR_NOT_FOUND,
			"the quote has no PCK certificate chain (certification data type 3): put "
			"the platform's certificate into" },
		{ "testroot-sgx-v3-intel-qvl-sample", ERROR_DENIED, "its root is not Intel's" },
		{ "bad-tdx-v5-test-root", ERROR_DENIED, "its root is not Intel's" },
		{ "policy-tdx-v4-trailing-zeros", ERROR_INVALID,
			"lengths do not add up to its 5006 bytes; zeros follow it" },
	};
	int64_t now = 0;
	assert_true(clock_parse_utc("2022-11-02T21:00:00Z", &now)); /* of those with collateral */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO(vector_close) struct vector vector;
		vector_open(&vector, cases[i].name);
		assert_refused(&vector, now, cases[i].kind, cases[i].message);
	}
}

static void a_platform_below_every_level_is_refused(void **state)
{
	(void)state;
	vectors_or_skip();
	AUTO(vector_close) struct vector vector;
	vector_open(&vector, "tdx-v4-50806f000000-google-2023-notsupported");
	assert_refused(&vector, date_at(vector.expected, "verification_date"), ERROR_DENIED,
		"TCB not supported: the platform");
}

/* The verifier of one vector and the quote of another. */
static void collateral_of_other_platforms_does_not_serve(void **state)
{
	(void)state;
	vectors_or_skip();
	static const struct {
		const char *quote;
		const char *collateral;
		const char *message;
	} cases[] = {
		{ "sgx-v3-00906ea10000-blindai-2022", "sgx-v3-00906ed50000-oe-2022",
			"is for FMSPC 00906ed50000, the platform has 00906ea10000" },
		{ "sgx-v3-00906ed50000-oe-2022", "sgx-v3-00606a000000-automata-2024",
			"PCK CRL: it was not issued by \"Intel SGX PCK Processor CA\"" },
		{ "sgx-v3-00606a000000-teepot-2025", "tdx-v4-00806f050000-teepot-2025",
			"is for TDX, the quote is of an SGX enclave" },
		{ "tdx-v4-00806f050000-teepot-2025", "sgx-v3-00606a000000-teepot-2025",
			"is for SGX, the quote is of a confidential VM (TDX)" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO(vector_close) struct vector quote;
		AUTO(vector_close) struct vector collateral;
		vector_open(&quote, cases[i].quote);
		vector_open(&collateral, cases[i].collateral);
		AUTO(dcap_result_free) struct dcap_result result = { 0 };
		struct error err = { 0 };
		int64_t now = date_at(collateral.expected, "verification_date");
		assert_false(dcap_verify(
			collateral.verifier, buf_bytes(&quote.quote), now, &result, &err));
		if (!strstr(err.message, cases[i].message))
			fail_msg("%s: %s", cases[i].quote, err.message);
	}
}

/*
 * Intel's sample names its platform, without the PCEID, and has a certificate in its folder. It
 * must verify under its test root alone, and as well with the PCK chain put in, which no signature
 * covers.
 */
static void the_sample_of_intels_library_verifies_under_its_root(void **state)
{
	(void)state;
	vectors_or_skip();
	static const char name[] = "testroot-sgx-v3-intel-qvl-sample";
	AUTO(buf_free) struct buf chain = { 0 };
	AUTO(buf_free) struct buf out = { 0 };
	AUTO(vector_close) struct vector vector;
	vector_open(&vector, name);
	vectors_read(&chain, "dcap/%s/pck_cert.pem", name);
	vectors_read(&chain, "dcap/%s/pck_crl_issuer_chain.pem", name);
	struct sgx_quote quote;
	struct error err = { 0 };
	assert_success(sgx_quote_parse(buf_bytes(&vector.quote), &quote, &err), err);
	quote.cert_type = SGX_CERT_TYPE_PCK_CHAIN;
	quote.cert_data = buf_bytes(&chain);
	buf_put(&out, quote.signed_part.data, quote.signed_part.size);
	sgx_quote_put_signature_data(&out, &quote);
	int64_t now = date_at(vector.expected, "verification_date");
	AUTO(dcap_result_free) struct dcap_result result = { 0 };
	assert_failure(dcap_verify(vector.verifier, buf_bytes(&out), now, &result, &err), err,
		ERROR_DENIED, "its root is not Intel's");
	AUTO(auto_free) char *folder = vectors_path("dcap/%s", name);
	AUTO(auto_free) char *root = vectors_path("dcap/%s/test_root_ca.pem", name);
	struct dcap_verifier_config config = { .collateral_folder = folder,
		.trust_root_file = root };
	struct dcap_verifier *verifier = dcap_verifier_new(&config, &err);
	assert_success(verifier != NULL, err);
	const struct bytes quotes[] = { buf_bytes(&out), buf_bytes(&vector.quote) };
	for (size_t i = 0; i < 2; i++) {
		dcap_result_free(&result);
		assert_success(dcap_verify(verifier, quotes[i], now, &result, &err), err);
		assert_int_equal(result.status, TCB_UP_TO_DATE);
		assert_true(result.is_simulated);
	}
	dcap_verifier_free(verifier);
}

static bool check_issuer_chain(const char *file, int64_t now, struct error *err)
{
	AUTO(buf_free) struct buf pem = { 0 };
	AUTO(buf_free) struct buf text = { 0 };
	AUTO(chain_free) struct chain chain = { 0 };
	AUTO(anchor_free) struct anchor anchor = { 0 };
	const struct certificate *signer;
	struct signed_document document;
	vectors_read(&pem, "dcap/bad-tcbinfo-signing-chain-oasis/%s", file);
	vectors_read(&text, "dcap/bad-tcbinfo-signing-chain-oasis/tcb_info.json");
	return anchor_open(NULL, &anchor, err) && chain_read(buf_bytes(&pem), &chain, err) &&
	       chain_check_signing(&chain, &anchor, &signer, err) &&
	       certificate_check_date(signer, now, NULL, err) &&
	       signed_document_find(buf_bytes(&text), "tcbInfo", &document, err) &&
	       signed_document_verify(&document, signer->key, err);
}

static void a_genuine_ca_is_no_tcb_signer(void **state)
{
	(void)state;
	vectors_or_skip();
	struct error err = { 0 };
	int64_t now = 0;
	assert_true(clock_parse_utc("2023-01-03T00:00:00Z", &now));
	assert_success(check_issuer_chain("tcb_info_issuer_chain_good.pem", now, &err), err);
	assert_failure(check_issuer_chain("tcb_info_issuer_chain_bad.pem", now, &err), err,
		ERROR_INVALID, "one TCB signing certificate");
}

/* In place, the first time it occurs. */
static void replace_first(struct buf *text, const char *old, const char *new)
{
	const char *start = buf_text(text);
	const char *found = strstr(start, old);
	if (!found)
		return;
	AUTO(buf_free) struct buf changed = { 0 };
	buf_put(&changed, start, (size_t)(found - start));
	buf_put_text(&changed, new);
	buf_put_text(&changed, found + strlen(old));
	buf_free(text);
	*text = buf_take(&changed);
}

/*
 * The files have the first schema. Brought to the second, the good ones are accepted, so that the
 * others are refused for what is wrong in them.
 */
static bool parse_first_schema(const char *file, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	vectors_read(&text, "dcap/bad-tcbinfo-json-oe/%s", file);
	replace_first(&text, "\"version\": 1,", "\"version\": 2,");
	if (!strstr(buf_text(&text), "\"pceId\""))
		replace_first(&text, "\"fmspc\"", "\"pceId\":\"0000\", \"fmspc\"");
	replace_first(
		&text, "\"fmspc\"", "\"tcbType\":0, \"tcbEvaluationDataNumber\":0, \"fmspc\"");
	while (strstr(buf_text(&text), "\"status\""))
		replace_first(
			&text, "\"status\"", "\"tcbDate\":\"2018-06-06T00:00:00Z\", \"tcbStatus\"");
	struct signed_document document;
	struct tcb_info info = { 0 };
	bool good = signed_document_find(buf_bytes(&text), "tcbInfo", &document, err) &&
		    tcb_info_parse(document.body, &info, err);
	tcb_info_free(&info);
	return good;
}

static void malformed_tcb_info_files_are_refused(void **state)
{
	(void)state;
	vectors_or_skip();
	json_t *expected = vectors_json("dcap/bad-tcbinfo-json-oe/expected.json");
	json_t *files = json_object_get(expected, "files");
	for (void *i = json_object_iter(files); i; i = json_object_iter_next(files, i)) {
		const char *file = json_object_iter_key(i);
		const char *verdict = json_string_value(json_object_iter_value(i));
		struct error err = { 0 };
		bool good = parse_first_schema(file, &err);
		if (good != !strcmp(verdict, "well-formed"))
			fail_msg("%s: %s", file, good ? "accepted" : err.message);
	}
	json_decref(expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(genuine_quotes_verify_on_every_day_of_their_collateral),
		cmocka_unit_test(known_bad_quotes_are_refused_for_their_reason),
		cmocka_unit_test(a_platform_below_every_level_is_refused),
		cmocka_unit_test(collateral_of_other_platforms_does_not_serve),
		cmocka_unit_test(the_sample_of_intels_library_verifies_under_its_root),
		cmocka_unit_test(a_genuine_ca_is_no_tcb_signer),
		cmocka_unit_test(malformed_tcb_info_files_are_refused),
	};
	return cmocka_run_group_tests_name("dcap vectors", tests, NULL, NULL);
}
