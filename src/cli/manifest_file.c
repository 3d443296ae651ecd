/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manifest_file.h"

#include "base/file.h"
#include "base/hex.h"
#include "cli/yaml_json.h"
#include "client/json.h"

#include <string.h>

static bool looks_like_json(struct bytes text)
{
	const char *start = text.data;
	size_t i = 0;
	while (i < text.size && strchr(" \t\r\n", start[i]) && start[i])
		i++;
	return i < text.size && start[i] == '{';
}

bool manifest_text_to_json(struct bytes text, struct buf *json, struct error *err)
{
	struct error json_error = { 0 };
	AUTO(auto_json) json_t *value = json_read(text, &json_error);
	if (value) {
		buf_put(json, text.data, text.size);
		return true;
	}
	AUTO(buf_free) struct buf converted = { 0 };
	if (!yaml_to_json(text, &converted, err)) {
		if (looks_like_json(text))
			error_set(err, ERROR_INVALID, "%s", json_error.message);
		return error_prefix(err, "malformed %s", looks_like_json(text) ? "JSON" : "YAML");
	}
	if (converted.data[0] != '{')
		return error_set(err, ERROR_INVALID,
			"it is neither a JSON object nor a YAML mapping, so no manifest");
	buf_put(json, converted.data, converted.size);
	return true;
}

bool manifest_file_read(const char *path, struct buf *json, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	if (!file_read(path, MANIFEST_FILE_MAX, &text, err))
		return false;
	return manifest_text_to_json(buf_bytes(&text), json, err) || error_prefix(err, "%s", path);
}

void manifest_fingerprint(struct bytes json, char out[MANIFEST_FINGERPRINT_SIZE])
{
	uint8_t digest[SHA256_SIZE];
	sha256(json.data, json.size, digest);
	hex_format(out, digest, sizeof(digest));
}
