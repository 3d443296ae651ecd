/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/cert_cache.h"
#include "cli/client_api.h"
#include "cli/era.h"
#include "cli/output.h"
#include "cli/verification.h"

#include <stdio.h>

#define CREDENTIAL_MAX (1U << 20) /* bytes of a PEM file */

static bool fetch_quote(const struct options *options, const char *host, struct ca_pair *certs,
	struct buf *quote, struct error *err)
{
	AUTO(buf_free) struct buf pem = { 0 };
	AUTO(auto_https) struct https *anybody = https_new_unverified(host, err);
	if (!anybody)
		return false;
	if (!client_api_get_quote(anybody, options->nonce, &pem, quote, err))
		return error_prefix(err, "getting the Coordinator's quote");
	return ca_pair_read(buf_bytes(&pem), certs, err);
}

static bool save_quote(const struct options *options, const struct buf *quote, struct error *err)
{
	if (!options->save_sgx_quote || !*options->save_sgx_quote)
		return true;
	if (!quote->size)
		error_set(err, ERROR_STATE,
			"the Coordinator has none, because it runs in simulation mode");
	else if (output_write(options->save_sgx_quote, buf_bytes(quote), 0600, err))
		return true;
	return error_prefix(err, "saving SGX quote");
}

bool session_attest(
	const struct options *options, const char *host, struct session *session, struct error *err)
{
	struct era era = { 0 };
	AUTO(buf_free) struct buf quote = { 0 };
	if (options->insecure)
		puts("Warning: skipping quote verification");
	else if (!era_load(options, &era, err))
		return false;
	if (!fetch_quote(options, host, &session->certs, &quote, err))
		return false;
	if (!options->insecure &&
		!verify_coordinator(options, &era, buf_bytes(&quote), &session->certs, err))
		return false;
	session->https = https_new_pinned(host, session->certs.root, err);
	return session->https && save_quote(options, &quote, err);
}

bool session_from_cache(
	const struct options *options, const char *host, struct session *session, struct error *err)
{
	if (options->insecure)
		session->https = https_new_unverified(host, err);
	else if (cert_cache_load(options, &session->certs, err))
		session->https = https_new_pinned(host, session->certs.root, err);
	return session->https;
}

static bool check_credentials(const struct options *options, struct error *err)
{
	if (options->cert && options->key)
		return true;
	if (!options->cert && !options->key)
		return error_set(err, ERROR_INVALID,
			"the Coordinator has to know who you are: give your certificate and key "
			"with --cert and --key");
	return error_set(err, ERROR_INVALID,
		"if any flags in the group [cert key] are set they must all be set; missing [%s]",
		options->cert ? "key" : "cert");
}

bool session_as_user(
	const struct options *options, const char *host, struct session *session, struct error *err)
{
	AUTO(buf_free) struct buf certificate = { 0 };
	AUTO(buf_free) struct buf key = { 0 };
	if (!check_credentials(options, err) ||
		!file_read(options->cert, CREDENTIAL_MAX, &certificate, err) ||
		!file_read(options->key, CREDENTIAL_MAX, &key, err) ||
		!session_from_cache(options, host, session, err))
		return false;
	https_use_credentials(session->https, &certificate, &key);
	return true;
}

void session_free(struct session *session)
{
	https_free(session->https);
	ca_pair_free(&session->certs);
	*session = (struct session){ 0 };
}
