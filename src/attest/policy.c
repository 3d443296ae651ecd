/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/policy.h"

#include "attest/report_header.h"
#include "base/cleanup.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypto/digest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HASH_DIGITS (2 * SGX_HASH_SIZE + 1) /* with NUL */

static void free_list(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

void package_properties_free(struct package_properties *properties)
{
	free(properties->unique_id);
	free(properties->signer_id);
	free_list(properties->accepted_tcb_statuses, properties->accepted_tcb_status_count);
	free_list(properties->accepted_advisories, properties->accepted_advisory_count);
	*properties = (struct package_properties){ 0 };
}

static void put_list(struct buf *out, char *const *list, size_t count)
{
	buf_put_text(out, "[");
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%s", i ? " " : "", list[i]);
	buf_put_text(out, "]");
}

static void put_named_list(struct buf *out, const char *name, char *const *list, size_t count)
{
	if (!count)
		return;
	buf_printf(out, ", %s: ", name);
	put_list(out, list, count);
}

static void put_id(struct buf *out, const char *name, const char *id)
{
	if (id && *id)
		buf_printf(out, ", %s: \"%s\"", name, id);
}

void package_properties_put_text(const struct package_properties *properties, struct buf *out)
{
	buf_printf(out, "{Debug: %s", properties->debug ? "true" : "false");
	put_id(out, "UniqueID", properties->unique_id);
	put_id(out, "SignerID", properties->signer_id);
	if (properties->has_product_id)
		buf_printf(out, ", ProductID: %" PRIu64, properties->product_id);
	if (properties->has_security_version)
		buf_printf(out, ", SecurityVersion: %" PRIu64, properties->security_version);
	put_named_list(out, "AcceptedTCBStatuses", properties->accepted_tcb_statuses,
		properties->accepted_tcb_status_count);
	put_named_list(out, "AcceptedAdvisories", properties->accepted_advisories,
		properties->accepted_advisory_count);
	buf_put_text(out, "}");
}

static bool is_compliant(
	const struct package_properties *required, const struct package_properties *reported)
{
	const char *unique_id = required->unique_id;
	const char *signer_id = required->signer_id;
	return required->debug == reported->debug &&
	       (!unique_id || !*unique_id || !strcasecmp(unique_id, reported->unique_id)) &&
	       (!signer_id || !*signer_id || !strcasecmp(signer_id, reported->signer_id)) &&
	       (!required->has_product_id || required->product_id == reported->product_id) &&
	       (!required->has_security_version ||
		       required->security_version <= reported->security_version);
}

bool policy_check_properties(const struct package_properties *required,
	const struct sgx_report_body *report, struct error *err)
{
	char unique_id[HASH_DIGITS];
	char signer_id[HASH_DIGITS];
	hex_format(unique_id, report->mr_enclave, SGX_HASH_SIZE);
	hex_format(signer_id, report->mr_signer, SGX_HASH_SIZE);
	const struct package_properties reported = {
		.debug = (report->attributes.flags & SGX_FLAG_DEBUG) != 0,
		.unique_id = unique_id,
		.signer_id = signer_id,
		.has_product_id = true,
		.product_id = report->isv_prod_id,
		.has_security_version = true,
		.security_version = report->isv_svn,
	};
	if (is_compliant(required, &reported))
		return true;
	AUTO(buf_free) struct buf expected = { 0 };
	AUTO(buf_free) struct buf got = { 0 };
	package_properties_put_text(required, &expected);
	package_properties_put_text(&reported, &got);
	return error_set(err, ERROR_DENIED,
		"PackageProperties not compliant:\nexpected: %s\ngot: %s", buf_text(&expected),
		buf_text(&got));
}

static bool accepts_status(const struct package_properties *required, const char *status)
{
	for (size_t i = 0; i < required->accepted_tcb_status_count; i++) {
		if (!strcmp(required->accepted_tcb_statuses[i], status))
			return true;
	}
	return required->accepted_tcb_status_count == 0 &&
	       !strcmp(status, tcb_status_name(TCB_SW_HARDENING_NEEDED));
}

static bool accepts_advisory(const struct package_properties *required, const char *advisory)
{
	for (size_t i = 0; i < required->accepted_advisory_count; i++) {
		if (!strcasecmp(required->accepted_advisories[i], advisory))
			return true;
	}
	return false;
}

static bool check_advisories(const struct package_properties *required,
	const struct dcap_result *result, struct error *err)
{
	if (!required->accepted_advisory_count)
		return true;
	AUTO(auto_free) char **refused = xcalloc(result->advisory_count, sizeof(*refused));
	size_t count = 0;
	for (size_t i = 0; i < result->advisory_count; i++) {
		if (!accepts_advisory(required, result->advisories[i]))
			refused[count++] = result->advisories[i];
	}
	if (!count)
		return true;
	AUTO(buf_free) struct buf list = { 0 };
	put_list(&list, refused, count);
	return error_set(err, ERROR_DENIED,
		"TCB status %s contains advisories not accepted by configuration: %s",
		tcb_status_name(result->status), buf_text(&list));
}

bool policy_check_tcb(const struct package_properties *required, const struct dcap_result *result,
	struct error *err)
{
	const char *status = tcb_status_name(result->status);
	if (result->status == TCB_UP_TO_DATE)
		return true;
	if (!accepts_status(required, status))
		return error_set(err, ERROR_DENIED, "TCB level invalid: %s", status);
	return result->status != TCB_SW_HARDENING_NEEDED || check_advisories(required, result, err);
}

bool policy_check_binding(
	struct bytes certificate_der, const struct sgx_report_body *report, struct error *err)
{
	uint8_t hash[SHA256_SIZE];
	sha256(certificate_der.data, certificate_der.size, hash);
	if (!memcmp(report->report_data, hash, sizeof(hash)))
		return true;
	char expected[HASH_DIGITS];
	char reported[2 * SGX_REPORT_DATA_SIZE + 1];
	hex_format(expected, hash, sizeof(hash));
	hex_format(reported, report->report_data, SGX_REPORT_DATA_SIZE);
	return error_set(
		err, ERROR_DENIED, "hash(cert) != report.Data: %s != %s", expected, reported);
}

bool policy_verify_quote(struct dcap_verifier *verifier, struct bytes report,
	struct bytes certificate_der, const struct package_properties *required, int64_t now,
	struct error *err)
{
	struct bytes quote;
	AUTO(dcap_result_free) struct dcap_result result = { 0 };
	if (!report.size)
		return error_set(err, ERROR_DENIED,
			"empty report: the Marble has no quote, its enclave or attestation device "
			"is missing");
	if (!report_header_strip(report, &quote, err) ||
		!dcap_verify(verifier, quote, now, &result, err) ||
		!policy_check_tcb(required, &result, err) ||
		!policy_check_binding(certificate_der, &result.report, err) ||
		!policy_check_properties(required, &result.report, err))
		return false;
	if (result.status != TCB_UP_TO_DATE && result.status != TCB_SW_HARDENING_NEEDED)
		log_warn("TCB level invalid, but accepted by configuration", "tcbStatus",
			tcb_status_name(result.status));
	return true;
}
