/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/json_field.h"

#include "base/clock.h"
#include "base/hex.h"

bool json_field_uint(const struct json_node *object, const char *name, uint32_t max, uint32_t *out,
	struct error *err)
{
	const struct json_node *value = json_node_member(object, name);
	if (!value || value->kind != JSON_NODE_NUMBER || !value->is_plain || value->number > max)
		return error_set(
			err, ERROR_INVALID, "\"%s\" is not an integer from 0 to %u", name, max);
	*out = value->number;
	return true;
}

bool json_field_text(
	const struct json_node *object, const char *name, const char **out, struct error *err)
{
	const struct json_node *value = json_node_member(object, name);
	bool is_text = value && value->kind == JSON_NODE_TEXT && value->is_plain;
	*out = is_text ? value->text : NULL;
	return is_text || error_set(err, ERROR_INVALID, "\"%s\" is not a plain string", name);
}

bool json_field_hex(
	const struct json_node *object, const char *name, void *out, size_t size, struct error *err)
{
	const char *text;
	if (!json_field_text(object, name, &text, err))
		return false;
	return hex_decode_exact(out, size, text) ||
	       error_set(err, ERROR_INVALID, "\"%s\" is not %zu hex digits", name, 2 * size);
}

bool json_field_date(
	const struct json_node *object, const char *name, int64_t *out, struct error *err)
{
	const char *text;
	if (!json_field_text(object, name, &text, err))
		return false;
	return clock_parse_utc(text, out) ||
	       error_set(
		       err, ERROR_INVALID, "\"%s\" is not a date like 2025-01-31T00:00:00Z", name);
}

const struct json_node *json_field_object(
	const struct json_node *object, const char *name, struct error *err)
{
	const struct json_node *value = json_node_member(object, name);
	if (value && value->kind == JSON_NODE_OBJECT)
		return value;
	error_set(err, ERROR_INVALID, "\"%s\" is not an object", name);
	return NULL;
}

const struct json_node *json_field_array(
	const struct json_node *object, const char *name, struct error *err)
{
	const struct json_node *value = json_node_member(object, name);
	if (value && value->kind == JSON_NODE_ARRAY && value->count)
		return value;
	error_set(err, ERROR_INVALID, "\"%s\" is not an array with elements", name);
	return NULL;
}
