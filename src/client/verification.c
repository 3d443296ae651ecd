/* SPDX-License-Identifier: Apache-2.0 */
#include "client/verification.h"

#include "attest/platform_policy.h"
#include "attest/report_header.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/memory.h"
#include "crypto/digest.h"
#include "pccs/open.h"

#include <string.h>
#include <strings.h>

DEFINE_AUTO_FREE(auto_verifier, struct dcap_verifier *, dcap_verifier_free)

static bool verify_quote(const struct settings *settings, struct bytes report,
	struct dcap_result *result, struct error *err)
{
	struct bytes quote;
	if (!report.size)
		return error_set(err, ERROR_DENIED,
			"the Coordinator has no quote: it runs in simulation mode, which proves nothing; for tests skip verification with --insecure");
	const struct pccs_options collateral = {
		.collateral = settings->collateral,
		.ca_file = settings->collateral_ca,
		.secure_cert = settings->collateral_secure_cert,
		.cache_folder = settings->collateral_cache,
		.trust_root_file = settings->trust_root,
	};
	AUTO(auto_verifier) struct dcap_verifier *verifier = pccs_verifier_new(&collateral, err);
	if (!verifier || !report_header_strip(report, &quote, err) ||
		!dcap_verify(verifier, quote, clock_now(), result, err))
		return false;
	if (result->is_tdx)
		return error_set(err, ERROR_DENIED,
			"the quote is of a confidential VM (TDX): a Coordinator is an SGX enclave");
	if (result->is_simulated)
		notices_tell(&settings->notices, MARBLERUN_NOTICE_WARNING,
			"Warning: SIMULATED: the quote was verified with the simulated root %s and proves nothing about hardware",
			settings->trust_root);
	return true;
}

/* The report data are SHA-256 of root certificate and nonce, and zeros. */
static bool check_binding(const struct settings *settings, const struct sgx_report_body *report,
	X509 *root, struct error *err)
{
	AUTO(buf_free) struct buf bound = { 0 };
	uint8_t expected[SGX_REPORT_DATA_SIZE] = { 0 };
	cert_put_der(root, &bound);
	buf_put(&bound, settings->nonce.data, settings->nonce.size);
	sha256(bound.data, bound.size, expected);
	return !memcmp(expected, report->report_data, sizeof(expected)) ||
	       error_set(err, ERROR_DENIED,
		       "report data does not match the certificate's hash: somebody may stand between you and the Coordinator");
}

static bool is_listed(const struct name_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!strcasecmp(list->items[i], text))
			return true;
	}
	return false;
}

/* As Go prints a list; without the advisories that are in `except`. */
static void put_advisories(
	const struct dcap_result *result, const struct name_list *except, struct buf *out)
{
	const char *separator = "";
	buf_put_text(out, "[");
	for (size_t i = 0; i < result->advisory_count; i++) {
		if (is_listed(except, result->advisories[i]))
			continue;
		buf_printf(out, "%s%s", separator, result->advisories[i]);
		separator = " ";
	}
	buf_put_text(out, "]");
}

static bool refuse_tcb(
	const struct settings *settings, const struct dcap_result *result, struct error *err)
{
	const char *status = tcb_status_name(result->status);
	bool is_listed_status = false;
	for (size_t i = 0; i < settings->tcb_statuses.count; i++)
		is_listed_status =
			is_listed_status || !strcmp(settings->tcb_statuses.items[i], status);
	if (!is_listed_status)
		return error_set(err, ERROR_DENIED,
			"invalid TCB status: %s: update the Coordinator's machine, or accept it with --accepted-tcb-statuses",
			status);
	AUTO(buf_free) struct buf advisories = { 0 };
	put_advisories(result, &settings->advisories, &advisories);
	return error_set(err, ERROR_DENIED,
		"invalid TCB status: %s: advisories not accepted by configuration: %s", status,
		buf_text(&advisories));
}

/* By the flags, whatever the era config says of it (spec cli.md 3.1). */
static bool check_tcb(
	const struct settings *settings, const struct dcap_result *result, struct error *err)
{
	static const struct name_list nothing;
	const struct platform_policy accepted = {
		.accepted_tcb_statuses = settings->tcb_statuses.items,
		.accepted_tcb_status_count = settings->tcb_statuses.count,
		.accepted_advisories = settings->advisories.items,
		.accepted_advisory_count = settings->advisories.count,
	};
	if (!platform_policy_check_tcb(&accepted, result, NULL))
		return refuse_tcb(settings, result, err);
	if (result->status == TCB_UP_TO_DATE)
		return true;
	AUTO(buf_free) struct buf advisories = { 0 };
	put_advisories(result, &nothing, &advisories);
	notices_tell(&settings->notices, MARBLERUN_NOTICE_ACCEPTED, "%s: %s\nTCB Advisories: %s",
		result->status == TCB_SW_HARDENING_NEEDED
			? "TCB level accepted by configuration"
			: "Warning: TCB level invalid, but accepted by configuration",
		tcb_status_name(result->status), buf_text(&advisories));
	return true;
}

bool verify_coordinator(const struct settings *settings, struct bytes quote,
	const struct ca_pair *certs, struct error *err)
{
	AUTO(dcap_result_free) struct dcap_result result = { 0 };
	if (!era_names_enclave(&settings->era))
		notices_tell(&settings->notices, MARBLERUN_NOTICE_ACCEPTED,
			"Warning: Configuration contains neither UniqueID nor SignerID!");
	if (verify_quote(settings, quote, &result, err) &&
		check_binding(settings, &result.report, certs->root, err) &&
		ca_pair_check(certs, err) && era_check(&settings->era, &result.report, err) &&
		platform_policy_check_machine(&settings->era.platform, &result, err) &&
		check_tcb(settings, &result, err))
		return true;
	return error_prefix(err, "verifying Coordinator quote");
}
