/* SPDX-License-Identifier: Apache-2.0 */
/* The three `certificate` commands: they differ in what they write. */
#include "cli/cert_cache.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/session.h"
#include "client/json.h"

#include <stdio.h>

static bool is_same_root(struct marblerun *a, struct marblerun *b, bool *is_same)
{
	AUTO(marblerun_bytes_free) struct marblerun_bytes first = { 0 };
	AUTO(marblerun_bytes_free) struct marblerun_bytes second = { 0 };
	if (!marblerun_get_certificate(a, MARBLERUN_ROOT, &first) ||
		!marblerun_get_certificate(b, MARBLERUN_ROOT, &second))
		return false;
	*is_same = bytes_equal(session_bytes(&first), session_bytes(&second));
	return true;
}

/* Nothing to compare with is fine: the Coordinator was attested just now. */
static bool compare_with_cache(
	const struct options *options, const char *host, struct marblerun *m, struct error *err)
{
	bool is_same = false;
	struct error reason = { 0 };
	AUTO(auto_marblerun) struct marblerun *cached = marblerun_new(host);
	if (!cert_cache_load(options, cached, &reason))
		return reason.kind == ERROR_NOT_FOUND ||
		       error_set(err, reason.kind, "%s", reason.message);
	if (!is_same_root(m, cached, &is_same))
		return session_failed(m, err);
	return is_same ||
	       error_set(err, ERROR_DENIED,
		       "root certificate of Coordinator changed. Run 'marblerun manifest verify' to verify the instance and update the local cache");
}

static bool hand_out(const struct options *options, const char *what,
	const struct marblerun_bytes *pem, struct error *err)
{
	if (output_is_json(options)) {
		AUTO(auto_json)
		json_t *result = json_pack("{ss}", "certificate", (const char *)pem->data);
		return output_json(result, err);
	}
	if (!output_write(options->output, session_bytes(pem), 0644, err))
		return false;
	printf("%s written to %s\n", what, options->output);
	return true;
}

static bool write_certificates(const struct invocation *invocation, const char *what,
	enum marblerun_certificate which, struct error *err)
{
	const struct options *options = &invocation->options;
	const char *host = invocation->arguments[0];
	AUTO(marblerun_bytes_free) struct marblerun_bytes pem = { 0 };
	if (!*options->output)
		return error_set(err, ERROR_INVALID, "output flag must not be empty");
	AUTO(auto_marblerun) struct marblerun *m = session_attest(options, host, err);
	if (!m || (!options->insecure && !compare_with_cache(options, host, m, err)))
		return false;
	if (!marblerun_get_certificate(m, which, &pem))
		return session_failed(m, err);
	return hand_out(options, what, &pem, err);
}

bool cmd_certificate_root(const struct invocation *invocation, struct error *err)
{
	return write_certificates(invocation, "Root certificate", MARBLERUN_ROOT, err);
}

bool cmd_certificate_intermediate(const struct invocation *invocation, struct error *err)
{
	return write_certificates(
		invocation, "Intermediate certificate", MARBLERUN_INTERMEDIATE, err);
}

bool cmd_certificate_chain(const struct invocation *invocation, struct error *err)
{
	return write_certificates(invocation, "Certificate chain", MARBLERUN_CHAIN, err);
}
