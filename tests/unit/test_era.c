/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "attest/era.h"

#define ID_E1 "e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1"
#define ID_51 "5151515151515151515151515151515151515151515151515151515151515151"

static struct sgx_report_body example_report(void)
{
	struct sgx_report_body report = { .isv_prod_id = 3, .isv_svn = 5 };
	memset(report.mr_enclave, 0xe1, sizeof(report.mr_enclave));
	memset(report.mr_signer, 0x51, sizeof(report.mr_signer));
	return report;
}

static bool check(const char *config, const struct sgx_report_body *report, struct error *err)
{
	struct era era;
	struct error parse_error = { 0 };
	assert_success(era_parse(bytes_of_text(config), &era, &parse_error), parse_error);
	return era_check(&era, report, err);
}

static void all_members_are_read_in_any_case(void **state)
{
	(void)state;
	struct era era;
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
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct era era;
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
		cmocka_unit_test(malformed_members_are_named),
		cmocka_unit_test(a_file_cannot_switch_verification_off),
		cmocka_unit_test(the_enclave_must_be_the_configured_one),
		cmocka_unit_test(debug_enclaves_are_refused_unless_allowed),
	};
	return cmocka_run_group_tests_name("cli_era", tests, NULL, NULL);
}
