/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cert_cache.h"
#include "cli/command.h"
#include "cli/manifest_file.h"
#include "cli/output.h"
#include "cli/recovery_data.h"
#include "cli/session.h"
#include "client/json.h"

static bool set_manifest(const struct invocation *invocation, struct marblerun *m,
	struct bytes manifest, struct error *err)
{
	const struct options *options = &invocation->options;
	char fingerprint[MANIFEST_FINGERPRINT_SIZE];
	AUTO(marblerun_bytes_free) struct marblerun_bytes recovery = { 0 };
	manifest_fingerprint(manifest, fingerprint);
	output_say(options, "Successfully verified Coordinator, now uploading manifest");
	output_say(options, "Manifest signature: %s", fingerprint);
	if (!marblerun_set_manifest(m, manifest.data, manifest.size, &recovery)) {
		session_failed(m, err);
		return error_prefix(err, "setting manifest"); /* a second time, as users know it */
	}
	output_say(options, "Manifest successfully set");
	AUTO(auto_json) json_t *result = json_pack("{ss}", "signature", fingerprint);
	return recovery_data_hand_out(options, &recovery, result, err) &&
	       (!output_is_json(options) || output_json(result, err)) &&
	       cert_cache_save(options, m, err);
}

bool cmd_manifest_set(const struct invocation *invocation, struct error *err)
{
	AUTO(buf_free) struct buf manifest = { 0 };
	if (!manifest_file_read(invocation->arguments[0], &manifest, err))
		return false;
	AUTO(auto_marblerun)
	struct marblerun *m = session_attest(&invocation->options, invocation->arguments[1], err);
	return m && set_manifest(invocation, m, buf_bytes(&manifest), err);
}
