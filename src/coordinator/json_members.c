/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/json_members.h"

#include "base/base64.h"
#include "base/json_text.h"

#include <string.h>

void json_put_name(struct buf *object, const char *name)
{
	if (object->size && object->data[object->size - 1] != '{')
		buf_put_u8(object, ',');
	json_text_put(object, name, strlen(name));
	buf_put_u8(object, ':');
}

void json_put_text(struct buf *object, const char *name, const char *value)
{
	json_put_name(object, name);
	json_text_put(object, value, strlen(value));
}

void json_put_number(struct buf *object, const char *name, uint64_t value)
{
	json_put_name(object, name);
	buf_printf(object, "%llu", (unsigned long long)value);
}

void json_put_null(struct buf *object, const char *name)
{
	json_put_name(object, name);
	buf_put_text(object, "null");
}

void json_put_bool(struct buf *object, const char *name, bool value)
{
	json_put_name(object, name);
	buf_put_text(object, value ? "true" : "false");
}

void json_put_bytes(struct buf *object, const char *name, struct bytes value)
{
	json_put_name(object, name);
	if (!value.size) {
		buf_put_text(object, "null");
		return;
	}
	buf_put_u8(object, '"');
	base64_encode(object, value.data, value.size);
	buf_put_u8(object, '"');
}

void json_put_names(struct buf *object, const char *name, const struct strmap *map)
{
	json_put_name(object, name);
	buf_put_u8(object, '[');
	for (size_t i = 0; i < map->count; i++) {
		buf_put_text(object, i ? "," : "");
		json_text_put(object, map->entries[i].name, strlen(map->entries[i].name));
	}
	buf_put_u8(object, ']');
}

void json_put_byte_map(struct buf *object, const char *name, const struct strmap *map)
{
	json_put_name(object, name);
	buf_put_u8(object, '{');
	for (size_t i = 0; i < map->count; i++)
		json_put_bytes(object, map->entries[i].name, buf_bytes(map->entries[i].value));
	buf_put_u8(object, '}');
}
