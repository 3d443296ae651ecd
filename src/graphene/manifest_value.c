/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/manifest_value.h"

#include "base/buf.h"
#include "base/hex.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

json_t *manifest_value(const json_t *tree, const char *path)
{
	const json_t *value = tree;
	while (value && *path) {
		size_t length = strcspn(path, ".");
		value = json_object_getn(value, path, length);
		path += length + (path[length] == '.');
	}
	return (json_t *)value;
}

bool manifest_read_bool(const json_t *value, bool *out)
{
	json_int_t number = json_integer_value(value);
	*out = json_is_true(value) || number == 1;
	return json_is_boolean(value) || (json_is_integer(value) && (number == 0 || number == 1));
}

static unsigned suffix_shift(const char *suffix)
{
	static const char letters[] = "KMG";
	const char *found = *suffix ? strchr(letters, toupper((unsigned char)*suffix)) : NULL;
	return found && !suffix[1] ? 10 * (unsigned)(found - letters + 1) : 0;
}

bool manifest_read_size(const char *text, uint64_t *out)
{
	if (!isdigit((unsigned char)*text))
		return false;
	char *end = NULL;
	errno = 0;
	uint64_t number = strtoull(text, &end, 0);
	unsigned shift = suffix_shift(end);
	if (errno || (*end && !shift) || number > UINT64_MAX >> shift)
		return false;
	*out = number << shift;
	return true;
}

bool manifest_bool(const json_t *tree, const char *path, bool absent)
{
	bool value = false;
	return manifest_read_bool(manifest_value(tree, path), &value) ? value : absent;
}

int64_t manifest_integer(const json_t *tree, const char *path, int64_t absent)
{
	const json_t *value = manifest_value(tree, path);
	return value ? json_integer_value(value) : absent;
}

uint64_t manifest_size(const json_t *tree, const char *path, uint64_t absent)
{
	const char *text = manifest_string(tree, path, "");
	uint64_t size = 0;
	return manifest_read_size(text, &size) ? size : absent;
}

const char *manifest_string(const json_t *tree, const char *path, const char *absent)
{
	const char *text = json_string_value(manifest_value(tree, path));
	return text ? text : absent;
}

bool manifest_read_sha256(const json_t *value, uint8_t out[SHA256_SIZE])
{
	return json_is_string(value) &&
	       hex_decode_exact(out, SHA256_SIZE, json_string_value(value));
}

bool manifest_cannot_parse(struct error *err, const char *where, const char *format, ...)
{
	AUTO(buf_free) struct buf expected = { 0 };
	va_list args;
	va_start(args, format);
	buf_vprintf(&expected, format, args);
	va_end(args);
	return error_set(
		err, ERROR_INVALID, "Cannot parse '%s': expected %s", where, buf_text(&expected));
}
