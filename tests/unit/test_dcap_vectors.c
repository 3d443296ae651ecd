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
#include "dcap/verify.h"

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

/* Advisories of the platform level, then those of the QE level that are new. */
static void assert_advisories(const struct dcap_result *result, const json_t *expected)
{
	json_t *all = json_copy(json_object_get(expected, "tcb_advisory_ids"));
	size_t i;
	json_t *id;
	json_array_foreach(json_object_get(expected, "qe_advisory_ids"), i, id)
	{
		bool is_new = true;
		for (size_t j = 0; j < json_array_size(all); j++)
			is_new &= !json_equal(json_array_get(all, j), id);
		if (is_new)
			json_array_append(all, id);
	}
	assert_int_equal(result->advisory_count, json_array_size(all));
	json_array_foreach(all, i, id)
		assert_string_equal(result->advisories[i], json_string_value(id));
	json_decref(all);
}

static void assert_result(const struct dcap_result *result, const json_t *expected)
{
	const json_t *statuses = json_object_get(expected, "expected");
	const json_t *report = json_object_get(expected, "report");
	const json_t *pck = json_object_get(expected, "pck");
	assert_string_equal(tcb_status_name(result->status), text_at(statuses, "tcb_status"));
	assert_string_equal(
		tcb_status_name(result->platform_status), text_at(statuses, "tcb_level_status"));
	assert_string_equal(tcb_status_name(result->qe_status), text_at(statuses, "qe_tcb_status"));
	assert_advisories(result, statuses);
	assert_int_equal(result->valid_until, date_at(expected, "valid_to"));
	assert_false(result->is_simulated);
	char digits[2 * SGX_REPORT_DATA_SIZE + 1];
	hex_format(digits, result->fmspc, sizeof(result->fmspc));
	assert_string_equal(digits, text_at(pck, "fmspc"));
	hex_format(digits, result->report.mr_enclave, SGX_HASH_SIZE);
	assert_string_equal(digits, text_at(report, "mrenclave"));
	hex_format(digits, result->report.report_data, SGX_REPORT_DATA_SIZE);
	assert_string_equal(digits, text_at(report, "report_data"));
	assert_int_equal((result->report.attributes.flags & SGX_FLAG_DEBUG) != 0,
		json_is_true(json_object_get(report, "debug")));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(genuine_quotes_verify_on_every_day_of_their_collateral),
	};
	return cmocka_run_group_tests_name("dcap vectors", tests, NULL, NULL);
}
