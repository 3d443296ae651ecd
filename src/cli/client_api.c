/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client_api.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/hex.h"
#include "cli/client_call.h"
#include "crypto/digest.h"

#include <string.h>

static bool parse_quote(const json_t *data, struct buf *chain, struct buf *quote, struct error *err)
{
	const json_t *cert = json_member(data, "cert");
	if (!json_is_string(cert) || !json_put_bytes(json_member(data, "quote"), quote))
		return client_refuse_data(err);
	buf_put(chain, json_string_value(cert), json_string_length(cert));
	return true;
}

bool client_api_get_quote(struct https *https, const char *nonce, struct buf *chain,
	struct buf *quote, struct error *err)
{
	bool is_v1;
	struct client_call plain = { .v2_path = "/api/v2/quote", .v1_path = "/quote" };
	if (!nonce || !*nonce) {
		AUTO(auto_json) json_t *data = client_call(https, &plain, &is_v1, err);
		return data && parse_quote(data, chain, quote, err);
	}
	AUTO(buf_free) struct buf path = { 0 };
	AUTO(buf_free) struct buf encoded = { 0 };
	base64_url_encode(&encoded, nonce, strlen(nonce));
	size_t letters = strcspn(buf_text(&encoded), "=");
	buf_printf(&path, "/api/v2/quote?nonce=%.*s", (int)letters, buf_text(&encoded));
	for (size_t i = letters; i < encoded.size; i++)
		buf_put_text(&path, "%3D");
	long status;
	AUTO(auto_json)
	json_t *data = client_call_path(https, buf_text(&path), (struct bytes){ 0 }, &status, err);
	if (status == HTTP_METHOD_NOT_ALLOWED)
		return error_set(err, ERROR_UNSUPPORTED,
			"using custom nonce requires /api/v2, but the Coordinator does not support /api/v2");
	return data && parse_quote(data, chain, quote, err);
}

static bool parse_status(
	const json_t *data, bool is_v1, int *code, struct buf *message, struct error *err)
{
	const json_t *number = json_member(data, is_v1 ? "StatusCode" : "code");
	const json_t *text = json_member(data, is_v1 ? "StatusMessage" : "message");
	if (!json_is_integer(number) || !json_is_string(text))
		return client_refuse_data(err);
	*code = (int)json_integer_value(number);
	buf_put_visible(message, json_string_value(text));
	return true;
}

bool client_api_get_status(struct https *https, int *code, struct buf *message, struct error *err)
{
	bool is_v1;
	struct client_call get = { .v2_path = "/api/v2/status", .v1_path = "/status" };
	AUTO(auto_json) json_t *data = client_call(https, &get, &is_v1, err);
	return (data && parse_status(data, is_v1, code, message, err)) ||
	       error_prefix(err, "getting Coordinator status");
}

static bool parse_manifest(const json_t *data, const char *hash, struct buf *manifest,
	struct buf *fingerprint, struct error *err)
{
	uint8_t digest[SHA256_SIZE];
	if (!json_put_bytes(json_member(data, "manifest"), manifest) ||
		!hex_decode_exact(digest, sizeof(digest), hash))
		return client_refuse_data(err);
	hex_encode(fingerprint, digest, sizeof(digest));
	return true;
}

bool client_api_get_manifest(
	struct https *https, struct buf *manifest, struct buf *fingerprint, struct error *err)
{
	bool is_v1;
	struct client_call get = { .v2_path = "/api/v2/manifest", .v1_path = "/manifest" };
	AUTO(auto_json) json_t *data = client_call(https, &get, &is_v1, err);
	const char *hash = json_string_value(
		json_member(data, is_v1 ? "ManifestSignature" : "manifestFingerprint"));
	if (data && (!hash || !*hash))
		return error_set(err, ERROR_STATE,
			"Coordinator returned no manifest signature. Is the Coordinator in the correct state?");
	return (data && parse_manifest(data, hash, manifest, fingerprint, err)) ||
	       error_prefix(err, "getting manifest");
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

static bool parse_update_log(const json_t *data, bool is_v1, struct buf *lines, struct error *err)
{
	const json_t *list = is_v1 ? data : json_member(data, "updateLog");
	bool fits = is_v1 ? put_line(data, lines) : json_is_array(list);
	for (size_t i = 0; i < json_array_size(list) && fits; i++)
		fits = put_line(json_array_get(list, i), lines);
	return fits || client_refuse_data(err);
}

bool client_api_get_update_log(struct https *https, struct buf *lines, struct error *err)
{
	bool is_v1;
	struct client_call get = { .v2_path = "/api/v2/update", .v1_path = "/update" };
	AUTO(auto_json) json_t *data = client_call(https, &get, &is_v1, err);
	return (data && parse_update_log(data, is_v1, lines, err)) ||
	       error_prefix(err, "getting update log");
}

bool client_api_set_manifest(
	struct https *https, struct bytes manifest, json_t **recovery_secrets, struct error *err)
{
	bool is_v1;
	AUTO(auto_json)
	json_t *data =
		client_send_manifest(https, "/api/v2/manifest", "/manifest", manifest, &is_v1, err);
	if (!data)
		return error_prefix(err, "setting manifest");
	json_t *secrets = json_member(data, "RecoverySecrets");
	*recovery_secrets = json_object_size(secrets) ? json_incref(secrets) : NULL;
	return true;
}
