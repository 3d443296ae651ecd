/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/quote_signer.h"

#include "base/memory.h"
#include "dcap/pck_lookup.h"

#include <string.h>

static bool read_chain(struct quote_signer *signer, struct bytes pem, const struct anchor *anchor,
	struct error *err)
{
	if (!chain_read(pem, &signer->chain, err) ||
		!chain_check_pck(&signer->chain, anchor, &signer->pck, &signer->pck_ca, err) ||
		!pck_extension_parse(signer->pck->sgx_extension, &signer->platform, err))
		return error_prefix(err, "PCK certificate chain");
	bool is_platform_ca = signer->pck_ca->role == CERTIFICATE_PLATFORM_CA;
	if (signer->platform.is_multi_package != is_platform_ca)
		return error_set(err, ERROR_INVALID,
			"PCK certificate chain: SGX extension: platform instance ID and "
			"configuration are there under the Platform CA and only there");
	return true;
}

/* The QE report's data is a hash of the key, which so is the Quoting Enclave's own. */
static bool key_is_bound(const struct sgx_quote *quote)
{
	uint8_t expected[SGX_REPORT_DATA_SIZE] = { 0 };
	AUTO(sha256_drop) struct sha256 hash;
	sha256_start(&hash);
	sha256_add(&hash, quote->attestation_key, P256_RAW_SIZE);
	sha256_add(&hash, quote->qe_auth_data.data, quote->qe_auth_data.size);
	sha256_finish(&hash, expected);
	return !memcmp(quote->qe_report.report_data, expected, sizeof(expected));
}

static bool check_qe_report(
	const struct quote_signer *signer, const struct sgx_quote *quote, struct error *err)
{
	if (!quote->qe_report.reserved_are_zero)
		return error_set(err, ERROR_INVALID,
			"the report of the Quoting Enclave has reserved fields that are not zero");
	return p256_verify_raw(
		       signer->pck->key, quote->qe_report_part, quote->qe_report_signature) ||
	       error_set(err, ERROR_DENIED,
		       "the report of the Quoting Enclave is not signed by the PCK key%s",
		       sgx_cert_type_is_name(quote->cert_type)
			       ? ": is the certificate that was found the one of this platform at "
				 "its present TCB level?"
			       : "");
}

static bool read_attestation_key(
	struct quote_signer *signer, const struct sgx_quote *quote, struct error *err)
{
	if (!key_is_bound(quote))
		return error_set(err, ERROR_DENIED,
			"the attestation key is not the one that the Quoting Enclave reports");
	signer->attestation_key = p256_key_new(quote->attestation_key, err);
	return signer->attestation_key || error_prefix(err, "attestation key");
}

struct quote_signer *quote_signer_new(const struct sgx_quote *quote, struct bytes chain,
	const struct anchor *anchor, enum dcap_step *step, struct error *err)
{
	AUTO(auto_quote_signer) struct quote_signer *signer = xcalloc(1, sizeof(*signer));
	signer->references = 1;
	*step = DCAP_STEP_PCK_CHAIN;
	if (!read_chain(signer, chain, anchor, err) ||
		!pck_lookup_check(quote, &signer->platform, err))
		return NULL;
	*step = DCAP_STEP_QE_REPORT;
	if (!check_qe_report(signer, quote, err))
		return NULL;
	*step = DCAP_STEP_ATTESTATION_KEY;
	if (!read_attestation_key(signer, quote, err))
		return NULL;
	return TAKE(signer);
}

struct quote_signer *quote_signer_keep(struct quote_signer *signer)
{
	signer->references++;
	return signer;
}

void quote_signer_release(struct quote_signer *signer)
{
	if (--signer->references > 0)
		return;
	chain_free(&signer->chain);
	p256_key_free(signer->attestation_key);
	free(signer);
}

bool quote_signer_check_dates(const struct quote_signer *signer, const struct anchor *anchor,
	int64_t now, struct error *err)
{
	static const char remedy[] = "refresh the PCK certificates on the Marble's host";
	return certificate_check_date(signer->pck, now, remedy, err) &&
	       certificate_check_date(signer->pck_ca, now, remedy, err) &&
	       certificate_check_date(&anchor->root, now, NULL, err);
}
