/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/json_field.h"

#include "base/clock.h"
#include "base/hex.h"

bool json_field_uint(
	const json_t *object, const char *name, uint32_t max, uint32_t *out, struct error *err)
{
	const json_t *value = json_object_get(object, name);
	json_int_t number = json_integer_value(value);
	if (!json_is_integer(value) || number < 0 || number > (json_int_t)max)
		return error_set(
			err, ERROR_INVALID, "\"%s\" is not an integer from 0 to %u", name, max);
	*out = (uint32_t)number;
	return true;
}

bool json_field_text(const json_t *object, const char *name, const char **out, struct error *err)
{
	*out = json_string_value(json_object_get(object, name));
	return *out || error_set(err, ERROR_INVALID, "\"%s\" is not a string", name);
}

bool json_field_hex(
	const json_t *object, const char *name, void *out, size_t size, struct error *err)
{
	const char *text;
	if (!json_field_text(object, name, &text, err))
		return false;
	return hex_decode_exact(out, size, text) ||
	       error_set(err, ERROR_INVALID, "\"%s\" is not %zu hex digits", name, 2 * size);
}

bool json_field_date(const json_t *object, const char *name, int64_t *out, struct error *err)
{
	const char *text;
	if (!json_field_text(object, name, &text, err))
		return false;
	return clock_parse_utc(text, out) ||
	       error_set(
		       err, ERROR_INVALID, "\"%s\" is not a date like 2025-01-31T00:00:00Z", name);
}

const json_t *json_field_object(const json_t *object, const char *name, struct error *err)
{
	const json_t *value = json_object_get(object, name);
	if (json_is_object(value))
		return value;
	error_set(err, ERROR_INVALID, "\"%s\" is not an object", name);
	return NULL;
}

const json_t *json_field_array(const json_t *object, const char *name, struct error *err)
{
	const json_t *value = json_object_get(object, name);
	if (json_is_array(value) && json_array_size(value) > 0)
		return value;
	error_set(err, ERROR_INVALID, "\"%s\" is not an array with elements", name);
	return NULL;
}
