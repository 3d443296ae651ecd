/* SPDX-License-Identifier: Apache-2.0 */
/* The three `certificate` commands: they differ in what they write. */
#include "base/cleanup.h"
#include "cli/cert_cache.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/session.h"

#include <stdio.h>

/* Nothing to compare with is fine: the Coordinator was attested just now. */
static bool compare_with_cache(
	const struct options *options, const struct ca_pair *certs, struct error *err)
{
	AUTO(ca_pair_free) struct ca_pair cached = { 0 };
	struct error reason = { 0 };
	if (!cert_cache_load(options, &cached, &reason)) {
		if (reason.kind == ERROR_NOT_FOUND)
			return true;
		return error_set(err, reason.kind, "%s", reason.message);
	}
	return !X509_cmp(certs->root, cached.root) ||
	       error_set(err, ERROR_DENIED,
		       "root certificate of Coordinator changed. Run 'marblerun manifest verify' to verify the instance and update the local cache");
}

static bool write_certificates(const struct invocation *invocation, const char *what,
	void (*put)(const struct ca_pair *certs, struct buf *out), struct error *err)
{
	const struct options *options = &invocation->options;
	AUTO(session_free) struct session session = { 0 };
	AUTO(buf_free) struct buf pem = { 0 };
	if (!*options->output)
		return error_set(err, ERROR_INVALID, "output flag must not be empty");
	if (!session_attest(options, invocation->arguments[0], &session, err))
		return false;
	if (!options->insecure && !compare_with_cache(options, &session.certs, err))
		return false;
	put(&session.certs, &pem);
	if (!output_write(options->output, buf_bytes(&pem), 0644, err))
		return false;
	printf("%s written to %s\n", what, options->output);
	return true;
}

static void put_root(const struct ca_pair *certs, struct buf *out)
{
	cert_put_pem(certs->root, out);
}

static void put_intermediate(const struct ca_pair *certs, struct buf *out)
{
	cert_put_pem(certs->intermediate, out);
}

bool cmd_certificate_root(const struct invocation *invocation, struct error *err)
{
	return write_certificates(invocation, "Root certificate", put_root, err);
}

bool cmd_certificate_intermediate(const struct invocation *invocation, struct error *err)
{
	return write_certificates(invocation, "Intermediate certificate", put_intermediate, err);
}

bool cmd_certificate_chain(const struct invocation *invocation, struct error *err)
{
	return write_certificates(invocation, "Certificate chain", ca_pair_put, err);
}
