/* SPDX-License-Identifier: Apache-2.0 */
#include "premain/coordinator_check.h"

#include "attest/ra_tls.h"
#include "attest/report_header.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypto/digest.h"
#include "net/connect.h"
#include "premain/coordinator_quote.h"

#include <openssl/err.h>
#include <string.h>

#define CLIENT_API_PORT "4433"

static bool read_era(const char *path, struct era *era, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	if (!file_read(path, ERA_FILE_MAX, &text, err) || !era_parse(buf_bytes(&text), era, err))
		return false;
	/* there is nobody to read a warning */
	if (era->has_unknown)
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

/* The client API mostly runs beside the mesh API. */
static char *choose_client_api(const struct settings *settings, struct error *err)
{
	struct net_address address;
	const char *given = settings->client_api;
	if (!net_address_parse(given ? given : settings->coordinator, &address, err)) {
		error_prefix(err, "%s",
			given ? "EDG_MARBLE_COORDINATOR_CLIENT_ADDR"
			      : "EDG_MARBLE_COORDINATOR_ADDR");
		return NULL;
	}
	return xasprintf(strchr(address.host, ':') ? "[%s]:%s" : "%s:%s", address.host,
		given ? address.port : CLIENT_API_PORT);
}

bool coordinator_check_open(
	const struct settings *settings, struct coordinator_check *check, struct error *err)
{
	const char *era_file = settings->coordinator_era;
	*check = (struct coordinator_check){ 0 };
	if (!read_era(era_file, &check->era, err))
		return error_prefix(err, "EDG_MARBLE_COORDINATOR_ERA: %s", era_file);
	const struct dcap_verifier_config config = {
		.collateral_folder = check->era.collateral,
		.trust_root_file = *check->era.trust_root ? check->era.trust_root : NULL,
	};
	check->verifier = dcap_verifier_new(&config, err);
	if (!check->verifier)
		return error_prefix(err, "EDG_MARBLE_COORDINATOR_ERA: %s", era_file);
	check->client_api = choose_client_api(settings, err);
	return check->client_api;
}

void coordinator_check_free(struct coordinator_check *check)
{
	dcap_verifier_free(check->verifier);
	era_free(&check->era);
	free(check->client_api);
	check->verifier = NULL;
	check->client_api = NULL;
}

/* The quote is of an enclave, and over what it has to be, or `otherwise` is what is wrong. */
static bool check_binding(const struct dcap_result *result, const struct ra_tls_proof *proof,
	const char *otherwise, struct error *err)
{
	if (result->is_tdx)
		return error_set(err, ERROR_DENIED, "it is no SGX enclave");
	return !memcmp(result->report.report_data, proof->report_data, SGX_REPORT_DATA_SIZE) ||
	       error_set(err, ERROR_DENIED, "%s: somebody stands in between", otherwise);
}

static bool check_quote(struct coordinator_check *check, const struct ra_tls_proof *proof,
	const char *otherwise, struct error *err)
{
	AUTO(dcap_result_free) struct dcap_result result = { 0 };
	if (!dcap_verify(check->verifier, proof->quote, clock_now(), &result, err) ||
		!check_binding(&result, proof, otherwise, err) ||
		!era_check(&check->era, &result.report, err) ||
		!era_check_platform(&check->era, &result, err))
		return false;
	check->is_simulated = result.is_simulated;
	return true;
}

/*
 * The mesh API has the key of the intermediate CA, in one certificate or another (spec
 * marble-api.md clause 1.1). A certificate that this CA issued is not enough: each Marble has one.
 */
static bool check_mesh_key(X509 *cert, X509 *intermediate, struct error *err)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);
	return (key && EVP_PKEY_eq(key, X509_get0_pubkey(intermediate)) == 1) ||
	       error_set(err, ERROR_DENIED,
		       "it does not vouch for the key of the mesh API: somebody stands in between, or "
		       "the two addresses are not of the same Coordinator");
}

static bool check_shown(struct coordinator_check *check, const struct coordinator_quote *shown,
	X509 *cert, struct error *err)
{
	AUTO(buf_free) struct buf root = { 0 };
	struct ra_tls_proof proof = { 0 };
	cert_put_der(shown->certs.root, &root);
	sha256(root.data, root.size, proof.report_data);
	return report_header_strip_if_any(buf_bytes(&shown->quote), &proof.quote, err) &&
	       check_quote(check, &proof, "it is not over the root certificate beside it", err) &&
	       ca_pair_check(&shown->certs, err) &&
	       check_mesh_key(cert, shown->certs.intermediate, err);
}

static bool check_client_api(struct coordinator_check *check, X509 *cert, struct error *err)
{
	AUTO(coordinator_quote_free) struct coordinator_quote shown = { 0 };
	AUTO(auto_free)
	char *line =
		xasprintf("the Coordinator's certificate carries no quote: asking its client API "
			  "at %s",
			check->client_api);
	log_info(line);
	if (!coordinator_quote_get(check->client_api, &shown, err))
		return error_prefix(
			err, "its certificate carries no quote, and its client API gives none");
	return check_shown(check, &shown, cert, err) ||
	       error_prefix(err, "the quote of its client API at %s", check->client_api);
}

static bool check_certificate(struct coordinator_check *check, X509 *cert, struct error *err)
{
	struct ra_tls_proof proof;
	if (ra_tls_find(cert, &proof, err))
		return check_quote(
			check, &proof, "its quote is not over the key of its certificate", err);
	return err->kind == ERROR_NOT_FOUND && check_client_api(check, cert, err);
}

/* In place of OpenSSL's verification of the chain: who signed the certificate says nothing. */
static int verify(X509_STORE_CTX *handshake, void *context)
{
	struct coordinator_check *check = context;
	X509 *cert = X509_STORE_CTX_get0_cert(handshake);
	check->refusal = (struct error){ 0 };
	bool is_accepted = cert && check_certificate(check, cert, &check->refusal);
	/* of other things than this handshake, which would be taken for its own */
	ERR_clear_error();
	if (is_accepted) {
		check->refusal.kind = ERROR_NONE;
		log_info(check->is_simulated ? "verified the Coordinator's quote (SIMULATED)"
					     : "verified the Coordinator's quote");
		return 1;
	}
	X509_STORE_CTX_set_error(handshake, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

void coordinator_check_demand(struct coordinator_check *check, SSL_CTX *tls)
{
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(tls, verify, check);
}
