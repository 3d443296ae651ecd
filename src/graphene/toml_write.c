/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/memory.h"
#include "graphene/toml.h"

#include <string.h>

static void put_value(const json_t *value, struct buf *out);

static void put_string(const char *text, struct buf *out)
{
	static const char special[] = "\"\\\b\t\n\f\r";
	static const char letters[] = "\"\\btnfr";
	buf_put_u8(out, '"');
	for (; *text; text++) {
		const char *found = strchr(special, *text);
		if (found)
			buf_printf(out, "\\%c", letters[found - special]);
		else if ((uint8_t)*text < 0x20 || *text == 0x7f)
			buf_printf(out, "\\u%04X", (unsigned)*text);
		else
			buf_put_u8(out, (uint8_t)*text);
	}
	buf_put_u8(out, '"');
}

void toml_put_key(const char *key, struct buf *out)
{
	static const char bare[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_-";
	if (*key && !key[strspn(key, bare)])
		buf_put_text(out, key);
	else
		put_string(key, out);
}

/* A real must not read back as an integer. */
static void put_real(double value, struct buf *out)
{
	char text[32];
	snprintf(text, sizeof(text), "%.17g", value);
	buf_put_text(out, text);
	if (!text[strcspn(text, ".e")])
		buf_put_text(out, ".0");
}

static void put_inline_table(const json_t *table, struct buf *out)
{
	const char *separator = "{ ";
	const char *key;
	json_t *value;
	if (!json_object_size(table)) {
		buf_put_text(out, "{}");
		return;
	}
	json_object_foreach((json_t *)table, key, value)
	{
		buf_put_text(out, separator);
		toml_put_key(key, out);
		buf_put_text(out, " = ");
		put_value(value, out);
		separator = ", ";
	}
	buf_put_text(out, " }");
}

static void put_inline_array(const json_t *array, struct buf *out)
{
	buf_put_text(out, "[");
	for (size_t i = 0; i < json_array_size(array); i++) {
		buf_put_text(out, i ? ", " : "");
		put_value(json_array_get(array, i), out);
	}
	buf_put_text(out, "]");
}

static void put_value(const json_t *value, struct buf *out)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		put_inline_table(value, out);
		break;
	case JSON_ARRAY:
		put_inline_array(value, out);
		break;
	case JSON_STRING:
		put_string(json_string_value(value), out);
		break;
	case JSON_INTEGER:
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		put_real(json_real_value(value), out);
		break;
	default:
		buf_put_text(out, json_is_true(value) ? "true" : "false");
	}
}

/* An array that is a member stands one element a line: lists of files get long. */
static void put_long_array(const json_t *array, struct buf *out)
{
	buf_put_text(out, "[\n");
	for (size_t i = 0; i < json_array_size(array); i++) {
		buf_put_text(out, "    ");
		put_value(json_array_get(array, i), out);
		buf_put_text(out, ",\n");
	}
	buf_put_text(out, "]");
}

static bool is_array_of_tables(const json_t *value)
{
	size_t count = json_array_size(value);
	for (size_t i = 0; i < count; i++) {
		if (!json_is_object(json_array_get(value, i)))
			return false;
	}
	return count > 0;
}

/* Values before tables: what follows a table's header belongs to it. */
static void put_values(const json_t *table, struct buf *out)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)table, key, value)
	{
		if (json_is_object(value) || is_array_of_tables(value))
			continue;
		toml_put_key(key, out);
		buf_put_text(out, " = ");
		if (json_array_size(value))
			put_long_array(value, out);
		else
			put_value(value, out);
		buf_put_text(out, "\n");
	}
}

static void put_tables(const json_t *table, const char *prefix, struct buf *out);

/* `path` is the full name as it stands in a header. */
static void put_table(const json_t *table, const char *path, bool is_element, struct buf *out)
{
	buf_put_text(out, out->size ? "\n" : "");
	buf_printf(out, is_element ? "[[%s]]\n" : "[%s]\n", path);
	AUTO(auto_free) char *prefix = xasprintf("%s.", path);
	put_values(table, out);
	put_tables(table, prefix, out);
}

static void put_tables(const json_t *table, const char *prefix, struct buf *out)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)table, key, value)
	{
		AUTO(buf_free) struct buf path = { 0 };
		buf_put_text(&path, prefix);
		toml_put_key(key, &path);
		if (json_is_object(value))
			put_table(value, buf_text(&path), false, out);
		size_t elements = is_array_of_tables(value) ? json_array_size(value) : 0;
		for (size_t i = 0; i < elements; i++)
			put_table(json_array_get(value, i), buf_text(&path), true, out);
	}
}

void toml_write(const json_t *tree, struct buf *out)
{
	put_values(tree, out);
	put_tables(tree, "", out);
}
