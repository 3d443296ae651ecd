/* SPDX-License-Identifier: Apache-2.0 */
#include "client/json.h"

#include "base/base64.h"

#include <string.h>
#include <strings.h>

json_t *json_read(struct bytes text, struct error *err)
{
	json_error_t reason;
	/* numbers beyond 64 bits are valid JSON, and nothing here looks at their value */
	size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
	json_t *value = json_loadb(text.size ? text.data : "", text.size, flags, &reason);
	if (!value && json_error_code(&reason) == json_error_numeric_overflow)
		value = json_loadb(text.data, text.size, flags | JSON_DECODE_INT_AS_REAL, &reason);
	if (!value)
		error_set(err, ERROR_INVALID, "line %d, column %d: %s", reason.line, reason.column,
			reason.text);
	return value;
}

json_t *json_member(const json_t *object, const char *name)
{
	json_t *found = json_object_get(object, name);
	for (void *i = json_object_iter((json_t *)object); i && !found;
		i = json_object_iter_next((json_t *)object, i)) {
		if (!strcasecmp(json_object_iter_key(i), name))
			found = json_object_iter_value(i);
	}
	return found;
}

bool json_put_bytes(const json_t *value, struct buf *out)
{
	if (!value || json_is_null(value))
		return true;
	return json_is_string(value) &&
	       base64_decode(out, json_string_value(value), json_string_length(value));
}

static int put_part(const char *part, size_t size, void *out)
{
	buf_put(out, part, size);
	return 0;
}

bool json_put(const json_t *value, size_t flags, struct buf *out)
{
	return !json_dump_callback(value, put_part, out, flags);
}
