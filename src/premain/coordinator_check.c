/* SPDX-License-Identifier: Apache-2.0 */
#include "premain/coordinator_check.h"

#include "attest/ra_tls.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

#include <string.h>

#define DEFAULT_STATUSES (1U << TCB_UP_TO_DATE | 1U << TCB_SW_HARDENING_NEEDED)

static bool read_era(const char *path, struct era *era, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	if (!file_read(path, ERA_FILE_MAX, &text, err) || !era_parse(buf_bytes(&text), era, err))
		return false;
	/* there is nobody to read a warning */
	if (*era->unknown)
		return error_set(err, ERROR_INVALID, "unknown member \"%s\"", era->unknown);
	if (!era_names_enclave(era))
		return error_set(err, ERROR_INVALID,
			"it names no enclave: UniqueID, or SignerID with ProductID and "
			"SecurityVersion, is needed");
	return *era->collateral ||
	       error_set(err, ERROR_INVALID,
		       "Collateral is needed: the folder with the collateral of the "
		       "Coordinator's machine");
}

bool coordinator_check_open(
	const char *era_file, struct coordinator_check *check, struct error *err)
{
	*check = (struct coordinator_check){ 0 };
	if (!read_era(era_file, &check->era, err))
		return error_prefix(err, "EDG_MARBLE_COORDINATOR_ERA: %s", era_file);
	const struct dcap_verifier_config config = {
		.collateral_folder = check->era.collateral,
		.trust_root_file = *check->era.trust_root ? check->era.trust_root : NULL,
	};
	check->verifier = dcap_verifier_new(&config, err);
	return check->verifier || error_prefix(err, "EDG_MARBLE_COORDINATOR_ERA: %s", era_file);
}

void coordinator_check_free(struct coordinator_check *check)
{
	dcap_verifier_free(check->verifier);
	check->verifier = NULL;
}

static bool check_status(const struct era *era, enum tcb_status status, struct error *err)
{
	unsigned accepted = era->accepted_statuses ? era->accepted_statuses : DEFAULT_STATUSES;
	return accepted & 1U << status ||
	       error_set(err, ERROR_DENIED,
		       "TCB level invalid: %s: update the Coordinator's machine, or accept it "
		       "with AcceptedTCBStatuses in the era config",
		       tcb_status_name(status));
}

/* The quote is of an enclave, and over what it has to be. */
static bool check_binding(
	const struct dcap_result *result, const struct ra_tls_proof *proof, struct error *err)
{
	if (result->is_tdx)
		return error_set(err, ERROR_DENIED, "it is no SGX enclave");
	return !memcmp(result->report.report_data, proof->report_data, SGX_REPORT_DATA_SIZE) ||
	       error_set(err, ERROR_DENIED,
		       "its quote is not over the key of its certificate: somebody stands in "
		       "between");
}

static bool check_certificate(const struct coordinator_check *check, X509 *cert, struct error *err)
{
	AUTO(dcap_result_free) struct dcap_result result = { 0 };
	struct ra_tls_proof proof;
	if (!ra_tls_find(cert, &proof, err) ||
		!dcap_verify(check->verifier, proof.quote, clock_now(), &result, err) ||
		!check_binding(&result, &proof, err) ||
		!era_check(&check->era, &result.report, err) ||
		!check_status(&check->era, result.status, err))
		return false;
	log_info(result.is_simulated ? "verified the Coordinator's quote (SIMULATED)"
				     : "verified the Coordinator's quote");
	return true;
}

/* In place of OpenSSL's verification of the chain: who signed the certificate says nothing. */
static int verify(X509_STORE_CTX *handshake, void *context)
{
	struct coordinator_check *check = context;
	X509 *cert = X509_STORE_CTX_get0_cert(handshake);
	check->refusal = (struct error){ 0 };
	if (cert && check_certificate(check, cert, &check->refusal))
		return 1;
	X509_STORE_CTX_set_error(handshake, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

void coordinator_check_demand(struct coordinator_check *check, SSL_CTX *tls)
{
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(tls, verify, check);
}
