/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "attest/policy.h"
#include "attest/report_header.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"
#include "dcap_assert.h"

#define MR_ENCLAVE "e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1"
#define MR_SIGNER  "5151515151515151515151515151515151515151515151515151515151515151"

static struct dcap_result example_report(void)
{
	struct dcap_result result = { .report = { .isv_prod_id = 3, .isv_svn = 2 } };
	memset(result.report.mr_enclave, 0xe1, SGX_HASH_SIZE);
	memset(result.report.mr_signer, 0x51, SGX_HASH_SIZE);
	return result;
}

#define HASH_OF(digits)                                                                            \
	digits digits digits digits digits digits digits digits digits digits digits digits digits \
		digits digits digits digits digits digits digits digits digits digits digits       \
			digits digits digits digits digits digits digits digits digits digits      \
				digits digits digits digits digits digits digits digits digits     \
					digits digits digits digits digits

static struct dcap_result example_vm(void)
{
	struct dcap_result result = { .is_tdx = true };
	memset(result.td.mr_td, 0xd0, TD_HASH_SIZE);
	for (int i = 0; i < TD_RTMRS; i++)
		memset(result.td.rtmr[i], 0xa0 + i, TD_HASH_SIZE);
	return result;
}

static void a_vm_with_any_bit_of_the_untrusted_ones_is_for_debugging(void **state)
{
	(void)state;
	char mr_td[] = HASH_OF("d0");
	for (unsigned bit = 0; bit < 64; bit++) {
		struct package_properties required = { .mr_td = mr_td };
		struct dcap_result report = example_vm();
		struct error err = { 0 };
		report.td.attributes = UINT64_C(1) << bit;
		assert_int_equal(policy_check_properties(&required, &report, &err), bit >= 8);
		required.debug = true;
		assert_int_equal(policy_check_properties(&required, &report, &err), bit < 8);
	}
}

static void nothing_is_demanded_but_a_production_enclave(void **state)
{
	(void)state;
	struct package_properties required = { 0 };
	struct dcap_result report = example_report();
	struct error err = { 0 };
	assert_success(policy_check_properties(&required, &report, &err), err);
	report.report.attributes.flags |= SGX_FLAG_DEBUG;
	assert_false(policy_check_properties(&required, &report, &err));
	assert_string_equal(err.message,
		"PackageProperties not compliant:\n"
		"expected: {Debug: false}\n"
		"got: {Debug: true, UniqueID: \"" MR_ENCLAVE "\", SignerID: \"" MR_SIGNER
		"\", ProductID: 3, SecurityVersion: 2}");
	required.debug = true;
	assert_success(policy_check_properties(&required, &report, &err), err);
	report.report.attributes.flags = 0;
	assert_failure(policy_check_properties(&required, &report, &err), err, ERROR_DENIED,
		"expected: {Debug: true}\ngot: {Debug: false");
}

static void every_property_is_compared(void **state)
{
	(void)state;
	char upper[] = "E1E1E1E1E1E1E1E1E1E1E1E1E1E1E1E1E1E1E1E1E1E1E1E1E1E1E1E1E1E1E1E1";
	char signer[] = MR_SIGNER;
	char shorter[] = "e1e1";
	char empty[] = "";
	struct dcap_result report = example_report();
	const struct {
		struct package_properties required;
		bool is_compliant;
	} cases[] = {
		{ { .unique_id = upper, .signer_id = signer }, true },
		{ { .unique_id = empty, .signer_id = empty }, true },
		{ { .unique_id = signer }, false },
		{ { .unique_id = shorter }, false },
		{ { .signer_id = upper }, false },
		{ { .has_product_id = true, .product_id = 3 }, true },
		{ { .has_product_id = true, .product_id = 0 }, false },
		{ { .has_product_id = true, .product_id = 3 + 0x10000 }, false },
		{ { .has_security_version = true, .security_version = 0 }, true },
		{ { .has_security_version = true, .security_version = 2 }, true },
		{ { .has_security_version = true, .security_version = 3 }, false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };
		bool good = policy_check_properties(&cases[i].required, &report, &err);
		if (good != cases[i].is_compliant)
			fail_msg("case %zu: %s", i, good ? "compliant" : err.message);
	}
}

static void a_confidential_vm_is_named_by_its_measurements(void **state)
{
	(void)state;
	char mr_td[] = HASH_OF("d0");
	char rtmr_0[] = HASH_OF("a0");
	char upper[] = HASH_OF("A3");
	char empty[] = "";
	const struct dcap_result vm = example_vm();
	const struct dcap_result enclave = example_report();
	const struct {
		struct package_properties required;
		bool takes_vm;
	} cases[] = {
		{ { .mr_td = mr_td }, true },
		{ { .mr_td = mr_td, .rtmr = { rtmr_0, NULL, empty, upper } }, true },
		{ { .mr_td = mr_td, .rtmr = { upper } }, false },
		{ { .mr_td = mr_td, .rtmr = { NULL, rtmr_0 } }, false },
		{ { .mr_td = mr_td, .rtmr = { NULL, NULL, rtmr_0 } }, false },
		{ { .mr_td = mr_td, .rtmr = { NULL, NULL, NULL, rtmr_0 } }, false },
		{ { .mr_td = rtmr_0 }, false },
		{ { .mr_td = mr_td, .debug = true }, false },
		{ { .mr_td = mr_td, .has_security_version = true }, false },
		{ { .mr_td = mr_td, .has_product_id = true }, false },
		{ { .mr_td = mr_td, .signer_id = mr_td }, false },
		/* whoever did not think of VMs does not get one */
		{ { .debug = false }, false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };
		bool good = policy_check_properties(&cases[i].required, &vm, &err);
		if (good != cases[i].takes_vm)
			fail_msg("case %zu: %s", i, good ? "compliant" : err.message);
		if (cases[i].required.mr_td &&
			policy_check_properties(&cases[i].required, &enclave, &err))
			fail_msg("case %zu takes an enclave", i);
	}
	struct error err = { 0 };
	assert_failure(policy_check_properties(&cases[4].required, &vm, &err), err, ERROR_DENIED,
		"got: {Debug: false, MRTD: \"" HASH_OF("d0") "\", RTMR0: \"" HASH_OF("a0") "\"");
}

/* A text of its own, as properties own theirs. */
static char **list_of(const char *first, const char *second)
{
	char **list = xcalloc(2, sizeof(*list));
	list[0] = xstrdup(first);
	list[1] = second ? xstrdup(second) : NULL;
	return list;
}

#define PPID        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define INSTANCE_ID "1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d"
#define ZEROS       "00000000000000000000000000000000"

static void properties_are_printed_with_what_is_set(void **state)
{
	(void)state;
	AUTO(package_properties_free)
	struct package_properties properties = { .signer_id = xstrdup(MR_SIGNER),
		.has_product_id = true,
		.has_security_version = true,
		.security_version = 7,
		.platform.accepted_tcb_statuses = list_of("OutOfDate", "SWHardeningNeeded"),
		.platform.accepted_tcb_status_count = 2,
		.platform.accepted_advisories = list_of("INTEL-SA-00001", NULL),
		.platform.accepted_advisory_count = 1,
		.platform.minimum_tcb_evaluation_number = 17,
		.platform.accepted_platforms = list_of(PPID, INSTANCE_ID),
		.platform.accepted_platform_count = 2 };
	AUTO(buf_free) struct buf out = { 0 };
	package_properties_put_text(&properties, &out);
	assert_string_equal(buf_text(&out),
		"{Debug: false, SignerID: \"" MR_SIGNER "\", ProductID: 0, SecurityVersion: 7, "
		"AcceptedTCBStatuses: [OutOfDate SWHardeningNeeded], "
		"AcceptedAdvisories: [INTEL-SA-00001], MinimumTCBEvaluationDataNumber: 17, "
		"AcceptedPlatforms: [" PPID " " INSTANCE_ID "]}");
}

static void a_list_of_statuses_replaces_the_default(void **state)
{
	(void)state;
	struct platform_policy none = { 0 };
	AUTO(platform_policy_free)
	struct platform_policy listed = { .accepted_tcb_statuses = list_of("OutOfDate", "UpToDate"),
		.accepted_tcb_status_count = 2 };
	static const bool by_default[] = {
		[TCB_UP_TO_DATE] = true, [TCB_SW_HARDENING_NEEDED] = true, [TCB_REVOKED] = false
	};
	static const bool by_list[] = {
		[TCB_UP_TO_DATE] = true, [TCB_OUT_OF_DATE] = true, [TCB_REVOKED] = false
	};
	for (enum tcb_status s = TCB_UP_TO_DATE; s <= TCB_REVOKED; s++) {
		struct dcap_result result = { .status = s };
		struct error err = { 0 };
		assert_int_equal(platform_policy_check_tcb(&none, &result, &err), by_default[s]);
		assert_int_equal(platform_policy_check_tcb(&listed, &result, &err), by_list[s]);
	}
	struct dcap_result result = { .status = TCB_SW_HARDENING_NEEDED };
	struct error err = { 0 };
	assert_failure(platform_policy_check_tcb(&listed, &result, &err), err, ERROR_DENIED,
		"TCB level invalid: SWHardeningNeeded");
}

static void advisories_count_for_software_hardening(void **state)
{
	(void)state;
	char first[] = "INTEL-SA-00615";
	char second[] = "INTEL-SA-00657";
	char third[] = "INTEL-SA-00767";
	char *advisories[] = { first, second, third };
	AUTO(platform_policy_free)
	struct platform_policy required = { .accepted_tcb_statuses =
						    list_of("SWHardeningNeeded", "OutOfDate"),
		.accepted_tcb_status_count = 2,
		.accepted_advisories = list_of("intel-sa-00615", "INTEL-SA-99999"),
		.accepted_advisory_count = 2 };
	struct dcap_result result = {
		.status = TCB_SW_HARDENING_NEEDED, .advisories = advisories, .advisory_count = 1
	};
	struct error err = { 0 };
	assert_success(platform_policy_check_tcb(&required, &result, &err), err);
	result.advisory_count = 3;
	assert_false(platform_policy_check_tcb(&required, &result, &err));
	assert_string_equal(err.message,
		"TCB status SWHardeningNeeded contains advisories not accepted by configuration: "
		"[INTEL-SA-00657 INTEL-SA-00767]");
	result.status = TCB_OUT_OF_DATE;
	assert_success(platform_policy_check_tcb(&required, &result, &err), err);
	struct platform_policy any = { 0 };
	result.status = TCB_SW_HARDENING_NEEDED;
	assert_success(platform_policy_check_tcb(&any, &result, &err), err);
}

static void collateral_must_be_new_enough(void **state)
{
	(void)state;
	struct platform_policy none = { 0 };
	struct platform_policy policy = { .minimum_tcb_evaluation_number = 17 };
	struct dcap_result result = { .tcb_evaluation_number = 17 };
	struct error err = { 0 };
	assert_success(platform_policy_check_machine(&policy, &result, &err), err);
	result.tcb_evaluation_number = 16;
	assert_false(platform_policy_check_machine(&policy, &result, &err));
	assert_string_equal(err.message,
		"the collateral has TCB evaluation data number 16, at least 17 is demanded: get "
		"newer collateral, as with 'marblerun collateral fetch'");
	assert_success(platform_policy_check_machine(&none, &result, &err), err);
	policy.minimum_tcb_evaluation_number = (UINT64_C(1) << 32) + 1;
	assert_failure(platform_policy_check_machine(&policy, &result, &err), err, ERROR_DENIED,
		"at least 4294967297 is demanded");
}

static void a_platform_is_listed_by_either_of_its_ids(void **state)
{
	(void)state;
	struct dcap_result processor = { 0 };
	memset(processor.ppid, 0xaa, sizeof(processor.ppid));
	struct dcap_result multi_package = processor;
	multi_package.has_instance_id = true;
	memset(multi_package.instance_id, 0x1d, sizeof(multi_package.instance_id));
	char ppid[] = PPID;
	char upper[] = "1D1D1D1D1D1D1D1D1D1D1D1D1D1D1D1D";
	char zeros[] = ZEROS;
	const struct {
		char *list[2];
		bool takes_processor;
		bool takes_multi_package;
	} cases[] = {
		{ { ppid, zeros }, true, true },
		{ { zeros, ppid }, true, true },
		{ { zeros, upper }, false, true },
		/* an instance ID that is not there equals nothing */
		{ { zeros, zeros }, false, false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };
		const struct platform_policy policy = {
			.accepted_platforms = (char **)cases[i].list, .accepted_platform_count = 2
		};
		assert_int_equal(platform_policy_check_machine(&policy, &processor, &err),
			cases[i].takes_processor);
		assert_int_equal(platform_policy_check_machine(&policy, &multi_package, &err),
			cases[i].takes_multi_package);
	}
}

static void a_platform_that_is_not_listed_is_named(void **state)
{
	(void)state;
	char other[] = ZEROS;
	char *list[] = { other };
	const struct platform_policy policy = { .accepted_platforms = list,
		.accepted_platform_count = 1 };
	struct dcap_result result = { 0 };
	struct error err = { 0 };
	memset(result.ppid, 0xaa, sizeof(result.ppid));
	memset(result.instance_id, 0x1d, sizeof(result.instance_id));
	assert_false(platform_policy_check_machine(&policy, &result, &err));
	assert_string_equal(err.message,
		"the platform with PPID " PPID " is none of those accepted: add it to them if you "
		"know this machine");
	result.has_instance_id = true;
	assert_false(platform_policy_check_machine(&policy, &result, &err));
	assert_string_equal(err.message,
		"the platform with PPID " PPID " and platform instance ID " INSTANCE_ID
		" is none of those accepted: add it to them if you know this machine");
}

static void a_quote_is_bound_to_the_certificate_of_its_connection(void **state)
{
	(void)state;
	struct dcap_result report = example_report();
	struct bytes certificate = bytes_of_text("certificate");
	struct error err = { 0 };
	sha256("certificate", 11, report.report.report_data);
	assert_success(policy_check_binding(certificate, &report, &err), err);
	report.report.report_data[63] = 1; /* the second half is not the Coordinator's */
	assert_success(policy_check_binding(certificate, &report, &err), err);
	report.report.report_data[31] ^= 1;
	assert_failure(policy_check_binding(certificate, &report, &err), err, ERROR_DENIED,
		"hash(cert) != report.Data: 03d66dd08835c1ca3f128cceacd1f31a");
}

/* A good platform whose enclave is the one of example_report, bound to "certificate". */
static int make(void **state)
{
	pki_setup(state);
	struct pki *pki = *state;
	pki->report = example_report().report;
	sha256("certificate", 11, pki->report.report_data);
	return 0;
}

static bool verify(const struct pki *pki, const struct package_properties *required,
	const char *certificate, struct error *err)
{
	AUTO(buf_free) struct buf quote = { 0 };
	AUTO(buf_free) struct buf report = { 0 };
	struct dcap_verifier *verifier = pki_verifier(pki);
	pki_put_quote(pki, &quote);
	report_header_put(&report, buf_bytes(&quote));
	bool good = policy_verify_quote(
		verifier, buf_bytes(&report), bytes_of_text(certificate), required, PKI_NOW, err);
	dcap_verifier_free(verifier);
	return good;
}

static void checks_come_in_the_order_of_the_spec(void **state)
{
	struct pki *pki = *state;
	char wrong_signer[] = MR_ENCLAVE;
	struct package_properties required = { .signer_id = wrong_signer };
	struct error err = { 0 };
	/* everything is wrong; then one thing after the other is put right */
	replace_once(
		&pki->tcb_info, "\"UpToDate\"", "\"SWHardeningNeeded\",\"advisoryIDs\":[\"A\"]");
	pki_write_file(pki, "tcb_info.json", bytes_of_text("{}"));
	required.platform.accepted_tcb_statuses = list_of("OutOfDate", NULL);
	required.platform.accepted_tcb_status_count = 1;
	assert_failure(verify(pki, &required, "other", &err), err, ERROR_INVALID, "TCB info");
	pki_write(pki);
	assert_failure(verify(pki, &required, "other", &err), err, ERROR_DENIED,
		"TCB level invalid: SWHardeningNeeded");
	free(required.platform.accepted_tcb_statuses[0]);
	required.platform.accepted_tcb_statuses[0] = xstrdup("SWHardeningNeeded");
	required.platform.accepted_advisories = list_of("B", NULL);
	required.platform.accepted_advisory_count = 1;
	assert_failure(
		verify(pki, &required, "other", &err), err, ERROR_DENIED, "configuration: [A]");
	required.platform.accepted_advisories[0][0] = 'a';
	required.platform.minimum_tcb_evaluation_number = 18;
	required.platform.accepted_platforms = list_of(PPID, NULL);
	required.platform.accepted_platform_count = 1;
	assert_failure(verify(pki, &required, "other", &err), err, ERROR_DENIED,
		"TCB evaluation data number 17, at least 18");
	required.platform.minimum_tcb_evaluation_number = 17;
	assert_failure(verify(pki, &required, "other", &err), err, ERROR_DENIED,
		"the platform with PPID 7468652d706c6174666f726d2d696400 and platform instance ID "
		"696e7374616e63652d6e756d62657221 is none");
	free(required.platform.accepted_platforms[0]);
	required.platform.accepted_platforms[0] = xstrdup("696e7374616e63652d6e756d62657221");
	assert_failure(verify(pki, &required, "other", &err), err, ERROR_DENIED, "hash(cert)");
	assert_failure(verify(pki, &required, "certificate", &err), err, ERROR_DENIED,
		"PackageProperties not compliant");
	required.signer_id = NULL;
	assert_success(verify(pki, &required, "certificate", &err), err);
	package_properties_free(&required);
}

static void an_outdated_platform_is_accepted_when_listed(void **state)
{
	struct pki *pki = *state;
	AUTO(package_properties_free)
	struct package_properties required = { .platform.accepted_tcb_statuses =
						       list_of("OutOfDate", NULL),
		.platform.accepted_tcb_status_count = 1 };
	struct error err = { 0 };
	pki->qe_report.isv_svn = 6;
	assert_success(verify(pki, &required, "certificate", &err), err);
	pki->qe_report.isv_svn = 2;
	free(required.platform.accepted_tcb_statuses[0]);
	required.platform.accepted_tcb_statuses[0] = xstrdup("Revoked");
	assert_failure(verify(pki, &required, "certificate", &err), err, ERROR_DENIED,
		"TCB level invalid: Revoked");
}

static void a_report_must_have_its_header(void **state)
{
	const struct pki *pki = *state;
	AUTO(buf_free) struct buf quote = { 0 };
	struct package_properties required = { 0 };
	struct error err = { 0 };
	struct dcap_verifier *verifier = pki_verifier(pki);
	struct bytes certificate = bytes_of_text("certificate");
	pki_put_quote(pki, &quote);
	assert_failure(policy_verify_quote(verifier, (struct bytes){ "", 0 }, certificate,
			       &required, PKI_NOW, &err),
		err, ERROR_DENIED, "empty report");
	assert_failure(policy_verify_quote(
			       verifier, buf_bytes(&quote), certificate, &required, PKI_NOW, &err),
		err, ERROR_INVALID, "header");
	dcap_verifier_free(verifier);
}

#define test_with_report(test) cmocka_unit_test_setup_teardown(test, make, pki_teardown)

int main(void)
{
	log_configure(LOG_OFF, LOG_CONSOLE);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vm_with_any_bit_of_the_untrusted_ones_is_for_debugging),
		cmocka_unit_test(nothing_is_demanded_but_a_production_enclave),
		cmocka_unit_test(every_property_is_compared),
		cmocka_unit_test(a_confidential_vm_is_named_by_its_measurements),
		cmocka_unit_test(properties_are_printed_with_what_is_set),
		cmocka_unit_test(a_list_of_statuses_replaces_the_default),
		cmocka_unit_test(advisories_count_for_software_hardening),
		cmocka_unit_test(collateral_must_be_new_enough),
		cmocka_unit_test(a_platform_is_listed_by_either_of_its_ids),
		cmocka_unit_test(a_platform_that_is_not_listed_is_named),
		cmocka_unit_test(a_quote_is_bound_to_the_certificate_of_its_connection),
		test_with_report(checks_come_in_the_order_of_the_spec),
		test_with_report(an_outdated_platform_is_accepted_when_listed),
		test_with_report(a_report_must_have_its_header),
	};
	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
