/* SPDX-License-Identifier: Apache-2.0 */
#include "premain/coordinator_check.h"

#include "attest/ra_tls.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

#include <string.h>

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
	if (era->has_nonce)
		return error_set(err, ERROR_INVALID,
			"Nonce: a Marble cannot demand one, as the quote stands in the "
			"Coordinator's certificate: leave it out");
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
	era_free(&check->era);
	check->verifier = NULL;
}

/* The quote is of an enclave, and over the key of this connection. */
static bool check_binding(const struct dcap_result *result, X509 *cert, struct error *err)
{
	uint8_t expected[SGX_REPORT_DATA_SIZE];
	if (result->is_tdx)
		return error_set(err, ERROR_DENIED, "it is no SGX enclave");
	return ra_tls_bind_key(X509_get0_pubkey(cert), expected, err) &&
	       (!memcmp(result->report.report_data, expected, sizeof(expected)) ||
		       error_set(err, ERROR_DENIED,
			       "its quote is not over the key of its certificate: somebody stands "
			       "in between"));
}

static bool check_certificate(const struct coordinator_check *check, X509 *cert, struct error *err)
{
	AUTO(dcap_result_free) struct dcap_result result = { 0 };
	struct bytes quote;
	if (!ra_tls_find_quote(cert, &quote, err) ||
		!dcap_verify(check->verifier, quote, clock_now(), &result, err) ||
		!check_binding(&result, cert, err) ||
		!era_check(&check->era, &result.report, err) ||
		!era_check_platform(&check->era, &result, err))
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
