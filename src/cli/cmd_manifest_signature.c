/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/manifest_file.h"
#include "cli/output.h"
#include "client/json.h"

#include <stdio.h>

bool cmd_manifest_signature(const struct invocation *invocation, struct error *err)
{
	char fingerprint[MANIFEST_FINGERPRINT_SIZE];
	AUTO(buf_free) struct buf manifest = { 0 };
	if (!manifest_file_read(invocation->arguments[0], &manifest, err))
		return false;
	manifest_fingerprint(buf_bytes(&manifest), fingerprint);
	if (output_is_json(&invocation->options)) {
		AUTO(auto_json) json_t *document = json_pack("{ss}", "signature", fingerprint);
		return output_json(document, err);
	}
	puts(fingerprint);
	return true;
}
