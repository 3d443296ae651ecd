/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/cert_cache.h"
#include "cli/client_api.h"
#include "cli/command.h"
#include "cli/manifest_file.h"
#include "cli/recovery_data.h"
#include "cli/session.h"

#include <stdio.h>

static bool set_manifest(const struct invocation *invocation, struct session *session,
	struct bytes manifest, struct error *err)
{
	char fingerprint[MANIFEST_FINGERPRINT_SIZE];
	AUTO(auto_json) json_t *recovery_secrets = NULL;
	manifest_fingerprint(manifest, fingerprint);
	printf("Successfully verified Coordinator, now uploading manifest\n"
	       "Manifest signature: %s\n",
		fingerprint);
	if (!client_api_set_manifest(session->https, manifest, &recovery_secrets, err))
		return error_prefix(err, "setting manifest"); /* a second time, as users know it */
	puts("Manifest successfully set");
	if (recovery_secrets &&
		!recovery_data_hand_out(recovery_secrets, invocation->options.recoverydata, err))
		return false;
	return cert_cache_save(&invocation->options, &session->certs, err);
}

bool cmd_manifest_set(const struct invocation *invocation, struct error *err)
{
	AUTO(buf_free) struct buf manifest = { 0 };
	AUTO(session_free) struct session session = { 0 };
	return manifest_file_read(invocation->arguments[0], &manifest, err) &&
	       session_attest(&invocation->options, invocation->arguments[1], &session, err) &&
	       set_manifest(invocation, &session, buf_bytes(&manifest), err);
}
