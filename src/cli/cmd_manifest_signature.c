/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/manifest_file.h"

#include <stdio.h>

bool cmd_manifest_signature(const struct invocation *invocation, struct error *err)
{
	char fingerprint[MANIFEST_FINGERPRINT_SIZE];
	AUTO(buf_free) struct buf manifest = { 0 };
	if (!manifest_file_read(invocation->arguments[0], &manifest, err))
		return false;
	manifest_fingerprint(buf_bytes(&manifest), fingerprint);
	puts(fingerprint);
	return true;
}
