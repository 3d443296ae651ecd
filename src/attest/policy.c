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

bool package_properties_name_vm(const struct package_properties *properties)
{
	bool found = properties->mr_td;
	for (size_t i = 0; i < TD_RTMRS; i++)
		found = found || properties->rtmr[i];
	return found;
}

void package_properties_free(struct package_properties *properties)
{
	free(properties->unique_id);
	free(properties->signer_id);
	free(properties->mr_td);
	for (size_t i = 0; i < TD_RTMRS; i++)
		free(properties->rtmr[i]);
	platform_policy_free(&properties->platform);
	*properties = (struct package_properties){ 0 };
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
	put_id(out, "MRTD", properties->mr_td);
	for (size_t i = 0; i < TD_RTMRS; i++) {
		const char name[] = { 'R', 'T', 'M', 'R', (char)('0' + i), 0 };
		put_id(out, name, properties->rtmr[i]);
	}
	platform_policy_put_text(&properties->platform, out);
	buf_put_text(out, "}");
}

/* Nothing is demanded, or just this. */
static bool id_fits(const char *required, const char *reported)
{
	return !required || !*required || (reported && !strcasecmp(required, reported));
}

static bool rtmrs_fit(
	const struct package_properties *required, const struct package_properties *reported)
{
	for (size_t i = 0; i < TD_RTMRS; i++) {
		if (!id_fits(required->rtmr[i], reported->rtmr[i]))
			return false;
	}
	return true;
}

/* What a package does not name it does not limit, but a VM must be named: by MRTD. */
static bool is_compliant(
	const struct package_properties *required, const struct package_properties *reported)
{
	return required->debug == reported->debug &&
	       (required->mr_td != NULL) == (reported->mr_td != NULL) &&
	       id_fits(required->mr_td, reported->mr_td) && rtmrs_fit(required, reported) &&
	       id_fits(required->unique_id, reported->unique_id) &&
	       id_fits(required->signer_id, reported->signer_id) &&
	       (!required->has_product_id ||
		       (reported->has_product_id &&
			       required->product_id == reported->product_id)) &&
	       (!required->has_security_version ||
		       (reported->has_security_version &&
			       required->security_version <= reported->security_version));
}

static char *hex_of(const uint8_t *data, size_t size)
{
	AUTO(buf_free) struct buf text = { 0 };
	hex_encode(&text, data, size);
	return xstrdup(buf_text(&text));
}

static struct package_properties properties_of(const struct dcap_result *result)
{
	const struct sgx_report_body *report = &result->report;
	struct package_properties p = { 0 };
	if (result->is_tdx) {
		p.debug = (result->td.attributes & TD_ATTRIBUTES_UNTRUSTED) != 0;
		p.mr_td = hex_of(result->td.mr_td, TD_HASH_SIZE);
		for (size_t i = 0; i < TD_RTMRS; i++)
			p.rtmr[i] = hex_of(result->td.rtmr[i], TD_HASH_SIZE);
		return p;
	}
	p.debug = (report->attributes.flags & SGX_FLAG_DEBUG) != 0;
	p.unique_id = hex_of(report->mr_enclave, SGX_HASH_SIZE);
	p.signer_id = hex_of(report->mr_signer, SGX_HASH_SIZE);
	p.has_product_id = true;
	p.product_id = report->isv_prod_id;
	p.has_security_version = true;
	p.security_version = report->isv_svn;
	return p;
}

bool policy_check_properties(const struct package_properties *required,
	const struct dcap_result *result, struct error *err)
{
	AUTO(package_properties_free) struct package_properties reported = properties_of(result);
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

bool policy_check_binding(
	struct bytes certificate_der, const struct dcap_result *result, struct error *err)
{
	const uint8_t *report_data = dcap_result_report_data(result);
	uint8_t hash[SHA256_SIZE];
	sha256(certificate_der.data, certificate_der.size, hash);
	if (!memcmp(report_data, hash, sizeof(hash)))
		return true;
	char expected[HASH_DIGITS];
	char reported[2 * SGX_REPORT_DATA_SIZE + 1];
	hex_format(expected, hash, sizeof(hash));
	hex_format(reported, report_data, SGX_REPORT_DATA_SIZE);
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
		!platform_policy_check_tcb(&required->platform, &result, err) ||
		!platform_policy_check_machine(&required->platform, &result, err) ||
		!policy_check_binding(certificate_der, &result, err) ||
		!policy_check_properties(required, &result, err))
		return false;
	if (result.status != TCB_UP_TO_DATE && result.status != TCB_SW_HARDENING_NEEDED)
		log_warn("TCB level invalid, but accepted by configuration", "tcbStatus",
			tcb_status_name(result.status));
	return true;
}
