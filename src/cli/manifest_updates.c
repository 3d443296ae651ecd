/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manifest_updates.h"

#include "base/cleanup.h"
#include "client/json.h"

#include <string.h>
#include <strings.h>

/* Replaces the member, in whatever case the manifest has it. */
static void set_security_version(json_t *package, json_t *version)
{
	void *i = json_object_iter(package);
	while (i && strcasecmp(json_object_iter_key(i), "SecurityVersion") != 0)
		i = json_object_iter_next(package, i);
	if (i)
		json_object_iter_set(package, i, version);
	else
		json_object_set(package, "SecurityVersion", version);
}

static bool apply_line(json_t *packages, struct bytes line, struct error *err)
{
	AUTO(auto_json) json_t *entry = json_read(line, err);
	if (!entry)
		return error_prefix(err, "malformed update log");
	const char *update = json_string_value(json_object_get(entry, "update"));
	const char *name = json_string_value(json_object_get(entry, "package"));
	if (!update || strcmp(update, "SecurityVersion increased") != 0)
		return true;
	json_t *package = name ? json_object_get(packages, name) : NULL;
	if (!json_is_object(package))
		return error_set(err, ERROR_INVALID, "package %s not found in base manifest",
			name ? name : "without name");
	set_security_version(package, json_object_get(entry, "new version"));
	return true;
}

static bool apply_log(json_t *packages, struct bytes log, struct error *err)
{
	const char *next = log.data;
	size_t left = log.size;
	while (left) {
		const char *end = memchr(next, '\n', left);
		size_t length = end ? (size_t)(end - next) : left;
		if (length && !apply_line(packages, (struct bytes){ next, length }, err))
			return false;
		length += end ? 1 : 0;
		next += length;
		left -= length;
	}
	return true;
}

/* What was logged since the manifest was last replaced; the quotes cannot stand in a name. */
static struct bytes since_manifest(struct bytes log)
{
	static const char replaced[] = "\"update\":\"Complete Manifest updated\"";
	const char *end = (const char *)log.data + log.size;
	for (const char *found;
		log.size && (found = memmem(log.data, log.size, replaced, strlen(replaced)));) {
		const char *next = found + strlen(replaced);
		log = (struct bytes){ next, (size_t)(end - next) };
		/* the rest of that line */
		const char *line = memchr(log.data, '\n', log.size);
		log = line ? (struct bytes){ line + 1, (size_t)(end - line - 1) }
			   : (struct bytes){ end, 0 };
	}
	return log;
}

static bool is_empty(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_NULL:
		return true;
	case JSON_STRING:
		return json_string_length(value) == 0;
	case JSON_ARRAY:
		return json_array_size(value) == 0;
	case JSON_OBJECT:
		return json_object_size(value) == 0;
	default:
		return false;
	}
}

/* As deep as jansson's parser allows, which is 2048 levels. */
static void drop_empty_members(json_t *value)
{
	for (size_t i = 0; i < json_array_size(value); i++)
		drop_empty_members(json_array_get(value, i));
	for (void *i = json_object_iter(value); i;) {
		void *next = json_object_iter_next(value, i);
		drop_empty_members(json_object_iter_value(i));
		if (is_empty(json_object_iter_value(i)))
			json_object_del(value, json_object_iter_key(i));
		i = next;
	}
}

bool manifest_updates_merge(
	struct bytes manifest, struct bytes log, struct buf *out, struct error *err)
{
	AUTO(auto_json) json_t *document = json_read(manifest, err);
	if (!document)
		return error_prefix(err, "malformed manifest");
	if (!apply_log(json_member(document, "Packages"), since_manifest(log), err))
		return false;
	drop_empty_members(document);
	return json_put(document, JSON_INDENT(4) | JSON_SORT_KEYS | JSON_ENCODE_ANY, out) ||
	       error_set(err, ERROR_INTERNAL, "cannot print the manifest");
}
