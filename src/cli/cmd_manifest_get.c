/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cert_cache.h"
#include "cli/command.h"
#include "cli/manifest_updates.h"
#include "cli/output.h"
#include "cli/session.h"
#include "client/json.h"

#include <stdio.h>

/* The manifest with the updates of the log merged in. */
static bool put_updated(
	struct marblerun *m, struct bytes manifest, struct buf *out, struct error *err)
{
	AUTO(marblerun_bytes_free) struct marblerun_bytes log = { 0 };
	if (!marblerun_get_update_log(m, &log))
		return session_failed(m, err);
	return manifest_updates_merge(manifest, session_bytes(&log), out, err) ||
	       error_prefix(err, "merging updates");
}

static bool put_manifest(
	const struct options *options, struct marblerun *m, struct buf *out, struct error *err)
{
	AUTO(marblerun_manifest_free) struct marblerun_manifest got = { 0 };
	AUTO(buf_free) struct buf text = { 0 };
	if (!marblerun_get_manifest(m, &got))
		return session_failed(m, err);
	struct bytes manifest = session_bytes(&got.manifest);
	if (options->display_update && !put_updated(m, manifest, &text, err))
		return false;
	if (!options->display_update)
		buf_put(&text, manifest.data, manifest.size);
	/* its bytes are what was signed, so they stay as they are */
	AUTO(auto_json) json_t *value = json_read(buf_bytes(&text), err);
	if (output_is_json(options) && !value)
		return error_prefix(err, "the manifest of the Coordinator is no JSON");
	bool is_wrapped = options->signature || output_is_json(options);
	if (is_wrapped)
		buf_printf(
			out, "{\n\"ManifestSignature\": \"%s\",\n\"Manifest\": ", got.fingerprint);
	buf_put(out, text.data, text.size);
	buf_put_text(out, is_wrapped ? "}" : "");
	return true;
}

static bool hand_out(const char *path, const struct buf *text, struct error *err)
{
	if (path)
		return output_write(path, buf_bytes(text), 0644, err);
	fwrite(buf_text(text), 1, text->size, stdout);
	putchar('\n');
	return true;
}

bool cmd_manifest_get(const struct invocation *invocation, struct error *err)
{
	const struct options *options = &invocation->options;
	AUTO(buf_free) struct buf text = { 0 };
	AUTO(auto_marblerun)
	struct marblerun *m = session_attest(options, invocation->arguments[0], err);
	if (!m)
		return false;
	output_say(options, "Successfully verified Coordinator, now requesting manifest");
	if (!put_manifest(options, m, &text, err) || !hand_out(output_file(options), &text, err))
		return false;
	return !options->keep_cert || cert_cache_save(options, m, err);
}
