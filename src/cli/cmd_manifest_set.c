/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/cert_cache.h"
#include "cli/client_api.h"
#include "cli/command.h"
#include "cli/manifest_file.h"
#include "cli/output.h"
#include "cli/session.h"

#include <stdio.h>

/* One line, names in order: {"RecoverySecrets":{"<key>":"<base64>"}} */
static void put_recovery_data(json_t *secrets, struct buf *out)
{
	AUTO(auto_json) json_t *object = json_pack("{sO}", "RecoverySecrets", secrets);
	AUTO(auto_free) char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
	buf_put_text(out, text ? text : "");
	buf_put_u8(out, '\n');
}

/* What the Coordinator hands out only once must not get lost with a full disk. */
static void print_instead(json_t *secrets, const char *path)
{
	printf("The recovery data could not be saved to %s.\n"
	       "It cannot be had a second time, so here it is; keep it in a safe place:\n",
		path);
	for (void *i = json_object_iter(secrets); i; i = json_object_iter_next(secrets, i)) {
		const char *secret = json_string_value(json_object_iter_value(i));
		printf("\"%s\": \"%s\"\n", json_object_iter_key(i), secret ? secret : "");
	}
}

static bool hand_out_recovery_data(json_t *secrets, const char *path, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	put_recovery_data(secrets, &text);
	if (!path || !*path) {
		fputs(buf_text(&text), stdout);
		return true;
	}
	if (!output_write(path, buf_bytes(&text), 0600, err)) {
		print_instead(secrets, path);
		return error_prefix(err, "saving recovery data");
	}
	printf("Recovery data saved to: %s\n", path);
	return true;
}

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
		!hand_out_recovery_data(recovery_secrets, invocation->options.recoverydata, err))
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
