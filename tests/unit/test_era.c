/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "attest/era.h"
#include "base/cleanup.h"

#define ID_E1   "e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1"
#define PPID_E1 "e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1"
#define PPID_51 "51515151515151515151515151515151"
#define ID_51   "5151515151515151515151515151515151515151515151515151515151515151"

static struct sgx_report_body example_report(void)
{
	struct sgx_report_body report = { .isv_prod_id = 3, .isv_svn = 5 };
	memset(report.mr_enclave, 0xe1, sizeof(report.mr_enclave));
	memset(report.mr_signer, 0x51, sizeof(report.mr_signer));
	return report;
}

static bool check(const char *config, const struct sgx_report_body *report, struct error *err)
{
	AUTO(era_free) struct era era = { 0 };
	struct error parse_error = { 0 };
	assert_success(era_parse(bytes_of_text(config), &era, &parse_error), parse_error);
	return era_check(&era, report, err);
}

static void all_members_are_read_in_any_case(void **state)
{
	(void)state;
	AUTO(era_free) struct era era = { 0 };
	struct error err = { 0 };
	assert_success(era_parse(bytes_of_text("{\"securityversion\": 7, \"PRODUCTID\": 9, "
					       "\"debug\": true, \"uniqueId\": \"" ID_E1
					       "\", \"SignerID\": \"\", \"Nonce\": \"\"}"),
			       &era, &err),
		err);
	assert_int_equal(era.security_version, 7);
	assert_int_equal(era.product_id, 9);
	assert_true(era.debug);
	assert_true(era.has_unique_id);
	assert_int_equal(era.unique_id[31], 0xe1);
	assert_false(era.has_signer_id);
	assert_false(era.has_nonce);
	assert_false(era.has_unknown);
}

static void a_nonce_and_what_means_nothing_are_noted(void **state)
{
	(void)state;
	AUTO(era_free) struct era era = { 0 };
	struct error err = { 0 };
	assert_success(era_parse(bytes_of_text("{\"nonce\": \"AA==\", \"AcceptedPlatform\": []}"),
			       &era, &err),
		err);
	assert_true(era.has_nonce);
	assert_true(era.has_unknown);
	assert_string_equal(era.unknown, "AcceptedPlatform");
	assert_success(era_parse(bytes_of_text("{\"\": 1, \"b\": 2}"), &era, &err), err);
	assert_true(era.has_unknown);
	assert_string_equal(era.unknown, "");
	assert_success(era_parse(bytes_of_text("{\"Nonce\": null}"), &era, &err), err);
	assert_false(era.has_nonce);
	assert_success(era_parse(bytes_of_text("{\"Nonce\": 5}"), &era, &err), err);
	assert_true(era.has_nonce);
}

/* What the file says of the Coordinator's machine. */
static bool check_platform(const char *members, const struct dcap_result *result, struct error *err)
{
	AUTO(era_free) struct era era = { 0 };
	AUTO(buf_free) struct buf config = { 0 };
	struct error parse_error = { 0 };
	buf_printf(&config, "{%s}", members);
	assert_success(era_parse(buf_bytes(&config), &era, &parse_error), parse_error);
	return era_check_platform(&era, result, err);
}

static void the_tcb_of_the_machine_is_judged_as_that_of_marbles(void **state)
{
	(void)state;
#define REMEDY                                                                                     \
	": update the Coordinator's machine, or accept this with AcceptedTCBStatuses or "          \
	"AcceptedAdvisories in the era config"
	static const struct {
		const char *members;
		enum tcb_status status;
		const char *refusal; /* NULL: none */
	} cases[] = {
		{ "", TCB_UP_TO_DATE, NULL },
		{ "", TCB_SW_HARDENING_NEEDED, NULL },
		{ "", TCB_OUT_OF_DATE, "TCB level invalid: OutOfDate" REMEDY },
		{ "\"AcceptedTCBStatuses\": null", TCB_SW_HARDENING_NEEDED, NULL },
		{ "\"acceptedTcbStatuses\": [\"OutOfDate\"]", TCB_OUT_OF_DATE, NULL },
		{ "\"AcceptedTCBStatuses\": [\"OutOfDate\"]", TCB_UP_TO_DATE, NULL },
		{ "\"AcceptedTCBStatuses\": [\"OutOfDate\"]", TCB_SW_HARDENING_NEEDED,
			"TCB level invalid: SWHardeningNeeded" REMEDY },
		{ "\"AcceptedAdvisories\": null", TCB_SW_HARDENING_NEEDED, NULL },
		{ "\"AcceptedAdvisories\": [\"intel-sa-1\", \"INTEL-SA-2\"]",
			TCB_SW_HARDENING_NEEDED, NULL },
		{ "\"AcceptedAdvisories\": [\"INTEL-SA-2\"]", TCB_SW_HARDENING_NEEDED,
			"TCB status SWHardeningNeeded contains advisories not accepted by "
			"configuration: [INTEL-SA-1]" REMEDY },
		{ "\"AcceptedAdvisories\": [\"INTEL-SA-3\"]", TCB_UP_TO_DATE, NULL },
		{ "\"AcceptedAdvisories\": [\"INTEL-SA-3\"], "
		  "\"AcceptedTCBStatuses\": [\"OutOfDate\"]",
			TCB_OUT_OF_DATE, NULL },
	};
	char first[] = "INTEL-SA-1";
	char second[] = "INTEL-SA-2";
	char *advisories[] = { first, second };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct dcap_result result = {
			.status = cases[i].status, .advisories = advisories, .advisory_count = 2
		};
		struct error err = { 0 };
		bool good = check_platform(cases[i].members, &result, &err);
		assert_string_equal(err.message, cases[i].refusal ? cases[i].refusal : "");
		assert_int_equal(good, !cases[i].refusal);
	}
}

static void the_machine_and_its_collateral_may_be_demanded(void **state)
{
	(void)state;
	struct dcap_result result = { .status = TCB_UP_TO_DATE, .tcb_evaluation_number = 17 };
	struct error err = { 0 };
	memset(result.ppid, 0xe1, sizeof(result.ppid));
	assert_success(check_platform("\"minimumTCBEvaluationDataNumber\": 17, "
				      "\"acceptedPlatforms\": [\"" PPID_51 "\", \"" PPID_E1 "\"]",
			       &result, &err),
		err);
	assert_failure(check_platform("\"MinimumTCBEvaluationDataNumber\": 18", &result, &err), err,
		ERROR_DENIED, "evaluation data number 17, at least 18 is demanded");
	assert_failure(check_platform("\"AcceptedPlatforms\": [\"" PPID_51 "\"]", &result, &err),
		err, ERROR_DENIED, "the platform with PPID " PPID_E1 " is none of those accepted");
	assert_success(check_platform("\"AcceptedPlatforms\": null", &result, &err), err);
}

static void malformed_members_are_named(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "", "line" },
		{ "[]", "it is no JSON object" },
		{ "{\"SecurityVersion\": -1}", "SecurityVersion is no number from 0" },
		{ "{\"SecurityVersion\": 1.5}", "SecurityVersion is no number" },
		{ "{\"SecurityVersion\": \"1\"}", "SecurityVersion is no number" },
		{ "{\"ProductID\": 65536}", "ProductID is no number from 0 to 65535" },
		{ "{\"Debug\": 1}", "Debug is neither true nor false" },
		{ "{\"UniqueID\": \"e1\"}", "UniqueID is no text of 64 hex digits" },
		{ "{\"UniqueID\": \"" ID_E1 "00\"}", "UniqueID is no text of 64 hex digits" },
		{ "{\"SignerID\": 5}", "SignerID is no text of 64 hex digits" },
		{ "{\"SignerID\": \"g" ID_E1 "\"}", "SignerID is no text" },
		{ "{\"AcceptedTCBStatuses\": \"UpToDate\"}", "AcceptedTCBStatuses is no list" },
		{ "{\"AcceptedTCBStatuses\": [\"OutOfDate\", \"Revoked\"]}",
			"AcceptedTCBStatuses has \"Revoked\", which is no TCB status" },
		{ "{\"AcceptedTCBStatuses\": [\"uptodate\"]}",
			"has \"uptodate\", which is no TCB" },
		{ "{\"AcceptedAdvisories\": {}}", "AcceptedAdvisories is no list" },
		{ "{\"AcceptedAdvisories\": [\"A\", 1]}",
			"AcceptedAdvisories has \"\", which is no text" },
		{ "{\"AcceptedPlatforms\": [\"" PPID_E1 "\", \"" PPID_E1 "0\"]}",
			"AcceptedPlatforms has \"" PPID_E1 "0\", which is no PPID or platform" },
		{ "{\"AcceptedPlatforms\": []}",
			"AcceptedPlatforms accepts no platform: leave it out to accept any" },
		{ "{\"AcceptedTCBStatuses\": []}",
			"AcceptedTCBStatuses accepts no status: leave it out to accept "
			"SWHardeningNeeded beside UpToDate" },
		{ "{\"AcceptedAdvisories\": []}",
			"AcceptedAdvisories accepts no advisory: leave it out to accept all" },
		{ "{\"Debug\": true, \"Debug\": false}", "duplicate object key near '\"Debug\"'" },
		{ "{\"UniqueID\": \"" ID_E1 "\", \"uniqueid\": \"" ID_51 "\"}",
			"UniqueID is given twice, in spellings that differ in case" },
		{ "{\"trustroot\": \"\", \"x\": 1, \"TrustRoot\": null}",
			"TrustRoot is given twice" },
		{ "{\"AcceptedPlatforms\": \"" PPID_E1 "\"}", "AcceptedPlatforms is no list" },
		{ "{\"MinimumTCBEvaluationDataNumber\": \"17\"}",
			"MinimumTCBEvaluationDataNumber is no number from 0 to 4294967295" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO(era_free) struct era era = { 0 };
		struct error err = { 0 };
		assert_failure(era_parse(bytes_of_text(cases[i][0]), &era, &err), err,
			ERROR_INVALID, cases[i][1]);
	}
}

static void a_file_cannot_switch_verification_off(void **state)
{
	(void)state;
	struct era era;
	struct error err = { 0 };
	assert_failure(era_parse(bytes_of_text("{\"insecureSkipVerify\": true}"), &era, &err), err,
		ERROR_DENIED, "use the flag --insecure");
	assert_success(
		era_parse(bytes_of_text("{\"InsecureSkipVerify\": false}"), &era, &err), err);
}

static void the_enclave_must_be_the_configured_one(void **state)
{
	(void)state;
	static const char *const accepted[] = {
		"{\"UniqueID\": \"" ID_E1 "\"}",
		"{\"SignerID\": \"" ID_51 "\", \"ProductID\": 3, \"SecurityVersion\": 5}",
		"{\"SignerID\": \"" ID_51 "\", \"ProductID\": 3, \"SecurityVersion\": 4}",
		"{\"SignerID\": \"" ID_51 "\", \"UniqueID\": \"" ID_E1 "\", \"Debug\": true}",
	};
	static const char *const refused[][2] = {
		{ "{\"UniqueID\": \"" ID_51 "\"}",
			"invalid UniqueID: the era config expects MRENCLAVE "
			"5151" },
		{ "{\"UniqueID\": \"" ID_E1 "\", \"SignerID\": \"" ID_E1 "\"}",
			"invalid SignerID" },
		{ "{\"SignerID\": \"" ID_51 "\", \"ProductID\": 3}",
			"missing SecurityVersion in config" },
		{ "{\"SignerID\": \"" ID_51 "\", \"SecurityVersion\": 5}",
			"missing ProductID in config" },
		{ "{\"UniqueID\": \"" ID_E1 "\", \"SecurityVersion\": 6}",
			"invalid SecurityVersion: the era config expects at least 6, the Coordinator "
			"has 5" },
		{ "{\"UniqueID\": \"" ID_E1 "\", \"SecurityVersion\": 65541}",
			"invalid SecurityVersion" },
		{ "{\"UniqueID\": \"" ID_E1 "\", \"ProductID\": 4}", "invalid ProductID" },
	};
	struct sgx_report_body report = example_report();
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		struct error err = { 0 };
		assert_success(check(accepted[i], &report, &err), err);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct error err = { 0 };
		assert_failure(
			check(refused[i][0], &report, &err), err, ERROR_DENIED, refused[i][1]);
	}
}

static void debug_enclaves_are_refused_unless_allowed(void **state)
{
	(void)state;
	struct sgx_report_body report = example_report();
	struct error err = { 0 };
	report.attributes.flags = SGX_FLAG_DEBUG;
	assert_failure(check("{\"UniqueID\": \"" ID_E1 "\"}", &report, &err), err, ERROR_DENIED,
		"debug enclave not allowed");
	assert_success(check("{\"UniqueID\": \"" ID_E1 "\", \"Debug\": true}", &report, &err), err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_members_are_read_in_any_case),
		cmocka_unit_test(a_nonce_and_what_means_nothing_are_noted),
		cmocka_unit_test(the_tcb_of_the_machine_is_judged_as_that_of_marbles),
		cmocka_unit_test(the_machine_and_its_collateral_may_be_demanded),
		cmocka_unit_test(malformed_members_are_named),
		cmocka_unit_test(a_file_cannot_switch_verification_off),
		cmocka_unit_test(the_enclave_must_be_the_configured_one),
		cmocka_unit_test(debug_enclaves_are_refused_unless_allowed),
	};
	return cmocka_run_group_tests_name("cli_era", tests, NULL, NULL);
}
