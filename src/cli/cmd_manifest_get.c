/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/cert_cache.h"
#include "cli/client_api.h"
#include "cli/command.h"
#include "cli/manifest_updates.h"
#include "cli/output.h"
#include "cli/session.h"

#include <stdio.h>

/* Replaces *manifest by itself with the updates of the log merged in. */
static bool display_update(struct https *https, struct buf *manifest, struct error *err)
{
	AUTO(buf_free) struct buf log = { 0 };
	AUTO(buf_free) struct buf updated = { 0 };
	if (!client_api_get_update_log(https, &log, err))
		return false;
	if (!manifest_updates_merge(buf_bytes(manifest), buf_bytes(&log), &updated, err))
		return error_prefix(err, "merging updates");
	buf_clear(manifest);
	buf_put(manifest, updated.data, updated.size);
	return true;
}

static bool put_manifest(
	const struct options *options, struct https *https, struct buf *out, struct error *err)
{
	AUTO(buf_free) struct buf manifest = { 0 };
	AUTO(buf_free) struct buf fingerprint = { 0 };
	if (!client_api_get_manifest(https, &manifest, &fingerprint, err))
		return false;
	if (options->display_update && !display_update(https, &manifest, err))
		return false;
	if (options->signature)
		buf_printf(out, "{\n\"ManifestSignature\": \"%s\",\n\"Manifest\": ",
			buf_text(&fingerprint));
	buf_put(out, manifest.data, manifest.size);
	if (options->signature)
		buf_put_text(out, "}");
	return true;
}

static bool hand_out(const char *path, const struct buf *text, struct error *err)
{
	if (path && *path)
		return output_write(path, buf_bytes(text), 0644, err);
	fwrite(buf_text(text), 1, text->size, stdout);
	putchar('\n');
	return true;
}

bool cmd_manifest_get(const struct invocation *invocation, struct error *err)
{
	const struct options *options = &invocation->options;
	AUTO(session_free) struct session session = { 0 };
	AUTO(buf_free) struct buf text = { 0 };
	if (!session_attest(options, invocation->arguments[0], &session, err))
		return false;
	puts("Successfully verified Coordinator, now requesting manifest");
	if (!put_manifest(options, session.https, &text, err) ||
		!hand_out(options->output, &text, err))
		return false;
	return !options->keep_cert || cert_cache_save(options, &session.certs, err);
}
