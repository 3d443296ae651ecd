/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest_rows.h"

struct manifest *try_manifest(const char *json, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	buf_put_text(&text, json);
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == '\'')
			text.data[i] = '"';
	}
	return manifest_parse(buf_bytes(&text), err);
}

struct manifest *parse_manifest(const char *json)
{
	struct error err = { 0 };
	struct manifest *manifest = try_manifest(json, &err);
	if (!manifest)
		fail_msg("%s: %s", json, err.message);
	return manifest;
}

void check_refused(const struct manifest_row *rows, size_t count, enum error_kind kind)
{
	for (size_t i = 0; i < count; i++) {
		struct error err = { 0 };
		struct manifest *manifest = try_manifest(rows[i].json, &err);
		if (manifest)
			fail_msg("%s is accepted", rows[i].json);
		if (err.kind != kind || strcmp(err.message, rows[i].message) != 0)
			fail_msg("%s gives kind %d: %s", rows[i].json, (int)err.kind, err.message);
	}
}
