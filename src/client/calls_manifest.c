/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the client API that needs no user: status, manifest, log (spec client-api.md 5). */
#include "base/cleanup.h"
#include "base/hex.h"
#include "client/call.h"
#include "client/handle.h"
#include "crypto/digest.h"

#include <string.h>

static bool parse_status(const json_t *data, bool is_v1, int *code, struct marblerun_bytes *message,
	struct error *err)
{
	const json_t *number = json_member(data, is_v1 ? "StatusCode" : "code");
	const json_t *text = json_member(data, is_v1 ? "StatusMessage" : "message");
	AUTO(buf_free) struct buf visible = { 0 };
	if (!json_is_integer(number) || !json_is_string(text))
		return client_refuse_data(err);
	*code = (int)json_integer_value(number);
	buf_put_visible(&visible, json_string_value(text));
	*message = handle_give(&visible);
	return true;
}

bool marblerun_get_status(struct marblerun *m, int *code, struct marblerun_bytes *message)
{
	bool is_v1;
	const struct client_call get = { .v2_path = "/api/v2/status", .v1_path = "/status" };
	struct https *https = handle_https(m);
	if (!https)
		return false;
	AUTO(auto_json) json_t *data = client_call(https, &get, &is_v1, &m->error);
	return (data && parse_status(data, is_v1, code, message, &m->error)) ||
	       error_prefix(&m->error, "getting Coordinator status");
}

void marblerun_manifest_free(struct marblerun_manifest *manifest)
{
	marblerun_bytes_free(&manifest->manifest);
	marblerun_bytes_free(&manifest->signature);
	*manifest = (struct marblerun_manifest){ 0 };
}

static bool parse_manifest(const json_t *data, bool is_v1, const char *hash,
	struct marblerun_manifest *manifest, struct error *err)
{
	uint8_t digest[SHA256_SIZE];
	AUTO(buf_free) struct buf text = { 0 };
	AUTO(buf_free) struct buf signature = { 0 };
	const json_t *signed_by = json_member(
		data, is_v1 ? "ManifestSignatureRootECDSA" : "manifestSignatureRootECDSA");
	if (!json_put_bytes(json_member(data, "manifest"), &text) ||
		!json_put_bytes(signed_by, &signature) ||
		!hex_decode_exact(digest, sizeof(digest), hash))
		return client_refuse_data(err);
	hex_format(manifest->fingerprint, digest, sizeof(digest));
	manifest->manifest = handle_give(&text);
	manifest->signature = handle_give(&signature);
	return true;
}

/* Version 2 says by an error, and by its text alone, that there is no manifest yet. */
static bool refuse(struct marblerun *m)
{
	if (strstr(m->error.message, "requested value not set"))
		m->error.kind = ERROR_STATE;
	return error_prefix(&m->error, "getting manifest");
}

bool marblerun_get_manifest(struct marblerun *m, struct marblerun_manifest *manifest)
{
	bool is_v1;
	const struct client_call get = { .v2_path = "/api/v2/manifest", .v1_path = "/manifest" };
	struct https *https = handle_https(m);
	if (!https)
		return false;
	AUTO(auto_json) json_t *data = client_call(https, &get, &is_v1, &m->error);
	const char *hash = json_string_value(
		json_member(data, is_v1 ? "ManifestSignature" : "manifestFingerprint"));
	if (data && (!hash || !*hash))
		return error_set(&m->error, ERROR_STATE,
			"Coordinator returned no manifest signature. Is the Coordinator in the correct state?");
	return (data && parse_manifest(data, is_v1, hash, manifest, &m->error)) || refuse(m);
}

bool marblerun_verify_manifest(struct marblerun *m, const char *fingerprint)
{
	AUTO(marblerun_manifest_free) struct marblerun_manifest manifest = { 0 };
	if (!marblerun_get_manifest(m, &manifest))
		return false;
	return !strcmp(manifest.fingerprint, fingerprint) ||
	       error_set(&m->error, ERROR_DENIED,
		       "MarbleRun deployment is using a different manifest than expected: manifest hash does not match local hash: \"%s\" != \"%s\"",
		       manifest.fingerprint, fingerprint);
}

bool marblerun_set_manifest(
	struct marblerun *m, const void *json, size_t size, struct marblerun_bytes *recovery)
{
	bool is_v1;
	struct https *https = handle_https(m);
	if (!https)
		return false;
	AUTO(auto_json)
	json_t *data = client_send_manifest(https, "/api/v2/manifest", "/manifest",
		(struct bytes){ json, size }, &is_v1, &m->error);
	if (!data)
		return error_prefix(&m->error, "setting manifest");
	const json_t *secrets = json_member(data, "RecoverySecrets");
	*recovery = handle_give_json(json_object_size(secrets) ? secrets : NULL);
	return true;
}

/* Version 2 gives the lines one by one, version 1 in one text. */
static bool put_line(const json_t *line, struct buf *lines)
{
	const char *text = json_string_value(line);
	size_t length = json_string_length(line);
	if (!text)
		return false;
	buf_put(lines, text, length);
	if (length && text[length - 1] != '\n')
		buf_put_u8(lines, '\n');
	return true;
}

static bool parse_update_log(
	const json_t *data, bool is_v1, struct marblerun_bytes *out, struct error *err)
{
	AUTO(buf_free) struct buf lines = { 0 };
	const json_t *list = is_v1 ? data : json_member(data, "updateLog");
	bool fits = is_v1 ? put_line(data, &lines) : json_is_array(list);
	for (size_t i = 0; i < json_array_size(list) && fits; i++)
		fits = put_line(json_array_get(list, i), &lines);
	if (!fits)
		return client_refuse_data(err);
	*out = handle_give(&lines);
	return true;
}

bool marblerun_get_update_log(struct marblerun *m, struct marblerun_bytes *lines)
{
	bool is_v1;
	const struct client_call get = { .v2_path = "/api/v2/update", .v1_path = "/update" };
	struct https *https = handle_https(m);
	if (!https)
		return false;
	AUTO(auto_json) json_t *data = client_call(https, &get, &is_v1, &m->error);
	return (data && parse_update_log(data, is_v1, lines, &m->error)) ||
	       error_prefix(&m->error, "getting update log");
}
