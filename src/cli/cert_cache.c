/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cert_cache.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/output.h"
#include "cli/session.h"

#define CACHE_MAX (1U << 20)

/* The path, which the caller frees. */
static char *cache_path(const struct options *options, struct error *err)
{
	static const char name[] = "marblerun/coordinator-cert.pem";
	const char *configuration = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	if (options->coordinator_cert)
		return xstrdup(options->coordinator_cert);
	if (configuration && *configuration)
		return xasprintf("%s/%s", configuration, name);
	if (home && *home)
		return xasprintf("%s/.config/%s", home, name);
	error_set(err, ERROR_INVALID,
		"neither $XDG_CONFIG_HOME nor $HOME is set: name the file with --coordinator-cert");
	return NULL;
}

bool cert_cache_load(const struct options *options, struct marblerun *marblerun, struct error *err)
{
	AUTO(auto_free) char *path = cache_path(options, err);
	AUTO(buf_free) struct buf text = { 0 };
	struct error reason = { 0 };
	if (!path)
		return error_prefix(err, "loading Coordinator certificate cache");
	if (file_read(path, CACHE_MAX, &text, &reason) &&
		(marblerun_trust(marblerun, text.data, text.size) ||
			session_failed(marblerun, &reason)))
		return true;
	return error_set(err, reason.kind,
		"loading Coordinator certificate cache %s: %s: verify the Coordinator with 'marblerun manifest verify' or 'manifest set' to write it",
		path, reason.message);
}

bool cert_cache_save(const struct options *options, struct marblerun *marblerun, struct error *err)
{
	AUTO(auto_free) char *path = cache_path(options, err);
	AUTO(marblerun_bytes_free) struct marblerun_bytes chain = { 0 };
	if (path && file_make_parents(path, 0755, err) &&
		(marblerun_get_certificate(marblerun, MARBLERUN_CHAIN, &chain) ||
			session_failed(marblerun, err)) &&
		output_write(path, session_bytes(&chain), 0600, err))
		return true;
	return error_prefix(err, "saving Coordinator certificate cache");
}
