/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session.h"

#include "base/file.h"
#include "cli/cert_cache.h"
#include "cli/era_file.h"
#include "cli/output.h"
#include "cli/token.h"

#include <stdio.h>
#include <string.h>

#define CREDENTIAL_MAX (1U << 20) /* bytes of a file */

bool session_failed(const struct marblerun *marblerun, struct error *err)
{
	return error_set(err, (enum error_kind)marblerun_error_kind(marblerun), "%s",
		marblerun_error(marblerun));
}

struct bytes session_bytes(const struct marblerun_bytes *given)
{
	return (struct bytes){ given->data, given->size };
}

static void print_notice(void *context, enum marblerun_notice kind, const char *text)
{
	if (kind == MARBLERUN_NOTICE_WARNING)
		fprintf(stderr, "%s\n", text);
	else
		output_say(context, "%s", text);
}

static struct marblerun *new_session(const struct options *options, const char *host)
{
	struct marblerun *m = marblerun_new(host);
	const struct text_list *statuses = &options->accepted_tcb_statuses;
	const struct text_list *advisories = &options->accepted_advisories;
	marblerun_on_notice(m, print_notice, (void *)options);
	marblerun_set_collateral(m, options->collateral);
	marblerun_set_collateral_service(m, options->collateral_ca, options->collateral_secure_cert,
		options->collateral_cache);
	marblerun_set_trust_root(m, options->trust_root);
	marblerun_accept_tcb_statuses(m, (const char *const *)statuses->items, statuses->count);
	marblerun_accept_advisories(m, (const char *const *)advisories->items, advisories->count);
	if (options->nonce)
		marblerun_set_nonce(m, options->nonce, strlen(options->nonce));
	return m;
}

static bool save_quote(const struct options *options, struct marblerun *m, struct error *err)
{
	AUTO(marblerun_bytes_free) struct marblerun_bytes quote = { 0 };
	if (!options->save_sgx_quote || !*options->save_sgx_quote)
		return true;
	if (!marblerun_get_quote(m, &quote))
		session_failed(m, err);
	else if (output_write(options->save_sgx_quote, session_bytes(&quote), 0600, err))
		return true;
	return error_prefix(err, "saving SGX quote");
}

static bool attest(const struct options *options, struct marblerun *m, struct error *err)
{
	if (!options->insecure)
		return era_file_load(options, m, err) &&
		       (marblerun_verify(m) || session_failed(m, err));
	output_say(options, "Warning: skipping quote verification");
	return marblerun_insecure_trust(m) || session_failed(m, err);
}

struct marblerun *session_attest(const struct options *options, const char *host, struct error *err)
{
	AUTO(auto_marblerun) struct marblerun *m = new_session(options, host);
	return attest(options, m, err) && save_quote(options, m, err) ? TAKE(m) : NULL;
}

struct marblerun *session_from_cache(
	const struct options *options, const char *host, struct error *err)
{
	AUTO(auto_marblerun) struct marblerun *m = new_session(options, host);
	if (options->insecure)
		marblerun_insecure_connect(m);
	else if (!cert_cache_load(options, m, err))
		return NULL;
	return TAKE(m);
}

static bool check_credentials(const struct options *options, struct error *err)
{
	bool has_files = options->cert || options->key;
	if (options->pkcs11_config && has_files)
		return error_set(err, ERROR_INVALID,
			"if any flags in the group [pkcs11-config %s] are set none of the others can be: your key is either on a token or in a file",
			options->cert ? "cert" : "key");
	if (options->pkcs11_config) {
		bool has_key = options->pkcs11_key_id || options->pkcs11_key_label;
		bool has_cert = options->pkcs11_cert_id || options->pkcs11_cert_label;
		return (has_key && has_cert) ||
		       error_set(err, ERROR_INVALID,
			       "at least one of the flags in the group [pkcs11-%s-id pkcs11-%s-label] is required: they name the object on the token",
			       has_key ? "cert" : "key", has_key ? "cert" : "key");
	}
	if (options->cert && options->key)
		return true;
	if (!has_files)
		return error_set(err, ERROR_INVALID,
			"the Coordinator has to know who you are: give your certificate and key with --cert and --key, or with --pkcs11-config");
	return error_set(err, ERROR_INVALID,
		"if any flags in the group [cert key] are set they must all be set; missing [%s]",
		options->cert ? "key" : "cert");
}

static bool use_files(const struct options *options, struct marblerun *m, struct error *err)
{
	AUTO(buf_free) struct buf certificate = { 0 };
	AUTO(buf_free) struct buf key = { 0 };
	return file_read(options->cert, CREDENTIAL_MAX, &certificate, err) &&
	       file_read(options->key, CREDENTIAL_MAX, &key, err) &&
	       (marblerun_set_credentials(
			m, certificate.data, certificate.size, key.data, key.size) ||
		       session_failed(m, err));
}

static bool use_token(const struct options *options, struct marblerun *m, struct error *err)
{
	AUTO(buf_free) struct buf config = { 0 };
	struct marblerun_pkcs11 place;
	return token_read_place(options, &config, &place, err) &&
	       (marblerun_set_pkcs11_credentials(m, &place) || session_failed(m, err));
}

struct marblerun *session_as_user(
	const struct options *options, const char *host, struct error *err)
{
	if (!check_credentials(options, err))
		return NULL;
	AUTO(auto_marblerun) struct marblerun *m = session_from_cache(options, host, err);
	if (!m)
		return NULL;
	bool is_known =
		options->pkcs11_config ? use_token(options, m, err) : use_files(options, m, err);
	return is_known ? TAKE(m) : NULL;
}
