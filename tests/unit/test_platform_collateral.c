/* SPDX-License-Identifier: Apache-2.0 */
/* What the verifier makes of simulated platforms in every state. */
#include "unit.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/memory.h"
#include "crypto/openssl.h"
#include "dcap/verify.h"
#include "platform/platform.h"
#include "platform_fixture.h"

#define ISSUED_AT INT64_C(1715817600) /* 2024-05-16T00:00:00Z */
#define DAY       INT64_C(86400)

DEFINE_AUTO_FREE(auto_verifier, struct dcap_verifier *, dcap_verifier_free)

static bool verify(const char *folder, const struct buf *quote, int64_t now,
	struct dcap_result *result, struct error *err)
{
	AUTO(auto_free) char *collateral = xasprintf("%s/collateral", folder);
	AUTO(auto_free) char *root = xasprintf("%s/root_ca.pem", folder);
	const struct dcap_verifier_config config = { .collateral_folder = collateral,
		.trust_root_file = root };
	AUTO(auto_verifier) struct dcap_verifier *verifier = dcap_verifier_new(&config, err);
	return verifier && dcap_verify(verifier, buf_bytes(quote), now, result, err);
}

static const char *advisory(const struct dcap_result *result, size_t index)
{
	return index < result->advisory_count ? result->advisories[index] : "(none)";
}

static void check_status(const char *folder, const struct buf *quote, enum tcb_status expected)
{
	struct dcap_result result = { 0 };
	struct error err = { 0 };
	bool good = verify(folder, quote, ISSUED_AT + DAY, &result, &err);
	if (expected == TCB_REVOKED) {
		assert_failure(good, err, ERROR_DENIED, "evoked");
		return;
	}
	assert_success(good, err);
	assert_string_equal(tcb_status_name(result.status), tcb_status_name(expected));
	assert_true(result.is_simulated);
	assert_int_equal(result.advisory_count, 2);
	assert_string_equal(advisory(&result, 0), "INTEL-SA-00615");
	assert_string_equal(advisory(&result, 1), "INTEL-SA-00289");
	assert_int_equal(result.valid_from, ISSUED_AT);
	assert_int_equal(result.valid_until, ISSUED_AT + 10 * DAY);
	assert_int_equal(result.tcb_evaluation_number, 21);
	assert_memory_equal(result.fmspc, "\1\2\3\4\5\6", 6);
	dcap_result_free(&result);
}

static void every_status_is_what_a_verifier_finds(void **state)
{
	AUTO(auto_free) char *folder = xasprintf("%s/platform", (char *)*state);
	static const char *const advisories[] = { "INTEL-SA-00615", "INTEL-SA-00289", NULL };
	static const enum tcb_status qe_statuses[] = { TCB_UP_TO_DATE, TCB_OUT_OF_DATE,
		TCB_REVOKED };
	struct platform_options o = { .advisories = advisories,
		.fmspc = { 1, 2, 3, 4, 5, 6 },
		.issued_at = ISSUED_AT,
		.valid_for = 10 * DAY,
		.tcb_evaluation_number = 21 };
	AUTO(auto_platform) struct platform *p = platform_fixture_make(folder, &o);
	struct sgx_report_body body = platform_fixture_body(p);
	AUTO(buf_free) struct buf quote = { 0 };
	struct error err = { 0 };
	assert_success(platform_put_quote(p, &body, &quote, &err), err);
	for (size_t i = 0; i < 7 * 3; i++) {
		o.tcb_status = (enum tcb_status)(i / 3);
		o.qe_status = qe_statuses[i % 3];
		assert_success(platform_init(folder, &o, true, &err), err);
		check_status(folder, &quote, tcb_status_converge(o.tcb_status, o.qe_status));
	}
}

static void collateral_ends_and_begins_again(void **state)
{
	AUTO(auto_free) char *folder = xasprintf("%s/platform", (char *)*state);
	struct platform_options o = platform_default_options;
	o.issued_at = ISSUED_AT;
	AUTO(auto_platform) struct platform *p = platform_fixture_make(folder, &o);
	struct sgx_report_body body = platform_fixture_body(p);
	AUTO(buf_free) struct buf quote = { 0 };
	AUTO(buf_free) struct buf text = { 0 };
	struct error err = { 0 };
	struct dcap_result result = { 0 };
	assert_success(platform_put_quote(p, &body, &quote, &err), err);
	assert_success(verify(folder, &quote, ISSUED_AT + 30 * DAY, &result, &err), err);
	dcap_result_free(&result);
	assert_failure(verify(folder, &quote, ISSUED_AT + 30 * DAY + 1, &result, &err), err,
		ERROR_DENIED, "expired");
	assert_success(platform_describe(folder, ISSUED_AT + 30 * DAY + 1, &text, &err), err);
	assert_non_null(strstr(buf_text(&text), "SIMULATED"));
	assert_non_null(strstr(buf_text(&text), "to 2024-06-15T00:00:00Z, EXPIRED"));
	o.issued_at = 0;
	o.pck_revoked = true;
	assert_success(platform_init(folder, &o, true, &err), err);
	assert_failure(
		verify(folder, &quote, clock_now(), &result, &err), err, ERROR_DENIED, "revoked");
	buf_clear(&text);
	assert_success(platform_describe(folder, clock_now(), &text, &err), err);
	assert_non_null(strstr(buf_text(&text), "PCK certificate     REVOKED"));
	assert_null(strstr(buf_text(&text), "EXPIRED"));
	o.pck_revoked = false;
	assert_success(platform_init(folder, &o, true, &err), err);
	assert_success(verify(folder, &quote, clock_now(), &result, &err), err);
	dcap_result_free(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(every_status_is_what_a_verifier_finds),
		WITH_FOLDER(collateral_ends_and_begins_again),
	};
	crypto_setup();
	return cmocka_run_group_tests_name("platform_collateral", tests, NULL, NULL);
}
