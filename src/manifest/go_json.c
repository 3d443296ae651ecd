/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/go_json.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"
#include "manifest/go_json_names.h"
#include "manifest/go_json_string.h"
#include "manifest/go_json_syntax.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/*
 * The syntax of the text was checked before, so what follows does not ask again whether a colon
 * stands where one must; it only never reads past the end.
 */

/* A log is no place for whole documents. */
#define WARNINGS_TOLD 20
#define NAME_SHOWN    100

void text_list_free(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

static void put_path(struct buf *out, const struct go_json_path *path)
{
	const struct go_json_path *parts[GO_JSON_DEPTH_MAX + 2];
	size_t count = 0;
	for (; path && count < GO_JSON_DEPTH_MAX + 2; path = path->parent)
		parts[count++] = path;
	while (count-- > 0) {
		buf_printf(out, "%.*s%s", NAME_SHOWN, parts[count]->name, count ? "." : "");
	}
}

bool go_json_fail(struct go_json *in, const char *format, ...)
{
	AUTO(buf_free) struct buf text = { 0 };
	va_list args;
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	buf_put_text(&text, " (");
	put_path(&text, in->path);
	buf_put_text(&text, ")");
	return error_set(in->err, ERROR_INVALID, "%s", buf_text(&text));
}

void go_json_warn(struct go_json *in, const char *message)
{
	AUTO(buf_free) struct buf place = { 0 };
	put_path(&place, in->path);
	if (in->warnings < WARNINGS_TOLD)
		log_warn(message, "key", buf_text(&place));
	else if (in->warnings == WARNINGS_TOLD)
		log_warn("Not telling of further unknown keys and values");
	in->warnings++;
}

static const char *kind_name(char first)
{
	switch (first) {
	case '{':
		return "object";
	case '[':
		return "array";
	case '"':
		return "string";
	case 't':
	case 'f':
		return "bool";
	case 'n':
		return "null";
	default:
		return "number";
	}
}

/* `what` is a kind, or a kind with its text. */
static bool fail_type(struct go_json *in, const char *what, const char *type)
{
	AUTO(buf_free) struct buf place = { 0 };
	put_path(&place, in->path);
	if (!in->path->parent)
		return error_set(in->err, ERROR_INVALID,
			"json: cannot unmarshal %s into Go value of type %s", what,
			buf_text(&place));
	return error_set(in->err, ERROR_INVALID,
		"json: cannot unmarshal %s into Go struct field %s of type %s", what,
		buf_text(&place), type);
}

static bool fail_kind(struct go_json *in, const char *type)
{
	return fail_type(in, kind_name(go_json_next(in)), type);
}

char go_json_next(struct go_json *in)
{
	while (in->next < in->end && isspace((unsigned char)*in->next))
		in->next++;
	return in->next < in->end ? *in->next : 0;
}

static bool accept(struct go_json *in, char c)
{
	if (go_json_next(in) != c)
		return false;
	in->next++;
	return true;
}

/* The text between the quotation marks, escapes as they stand. */
static struct bytes take_string(struct go_json *in)
{
	accept(in, '"');
	const char *start = in->next;
	while (in->next < in->end && *in->next != '"')
		in->next += *in->next == '\\' && in->end - in->next > 1 ? 2 : 1;
	struct bytes string = { start, (size_t)(in->next - start) };
	accept(in, '"');
	return string;
}

/* The text of a number or literal. */
static struct bytes take_word(struct go_json *in)
{
	const char *start = in->next;
	while (in->next < in->end &&
		(isalnum((unsigned char)*in->next) || strchr("+-.", *in->next)))
		in->next++;
	return (struct bytes){ start, (size_t)(in->next - start) };
}

void go_json_skip(struct go_json *in)
{
	size_t depth = 0;
	do {
		char c = go_json_next(in);
		if (c == '"')
			take_string(in);
		else if (isalnum((unsigned char)c) || c == '-')
			take_word(in);
		else
			in->next += c != 0;
		depth += c == '{' || c == '[';
		depth -= c == '}' || c == ']';
	} while (depth && in->next < in->end);
}

static bool accept_null(struct go_json *in)
{
	if (go_json_next(in) != 'n')
		return false;
	go_json_skip(in);
	return true;
}

/* Reads a name and makes it the last part of the path. */
static bool take_name(struct go_json *in, struct buf *name, struct go_json_path *path)
{
	buf_clear(name);
	go_json_unescape(take_string(in), name);
	accept(in, ':');
	path->name = buf_text(name);
	if (strlen(path->name) == name->size)
		return true;
	return go_json_fail(in, "a name contains a NUL character: \"%s\"", path->name);
}

static void skip_unknown(struct go_json *in, const struct go_json_field *fields, const char *name)
{
	const char *meant = go_json_nearest_name(fields, name);
	AUTO(auto_free)
	char *message = meant ? xasprintf("Ignoring an unknown key: did you mean \"%s\"?", meant)
			      : xstrdup("Ignoring an unknown key: check its spelling and place");
	go_json_warn(in, message);
	go_json_skip(in);
}

/* What the members of an object go into: a struct or a map. */
struct target {
	bool (*decode)(struct go_json *in, const struct target *target, const char *name);
	char *object;
	const struct go_json_field *fields;
	struct strmap *map;
	const struct go_json_entries *entries;
};

static bool decode_field(struct go_json *in, const struct target *target, const char *name)
{
	const struct go_json_field *field = go_json_find_field(target->fields, name);
	if (!field) {
		skip_unknown(in, target->fields, name);
		return true;
	}
	char *value = target->object + field->value;
	if (field->entries)
		return go_json_map(in, (struct strmap *)(void *)value, field->entries);
	return field->decode(in, value, target->object + field->companion);
}

static bool decode_entry(struct go_json *in, const struct target *target, const char *name)
{
	const struct go_json_entries *entries = target->entries;
	void *entry = xcalloc(1, entries->size);
	bool decoded = entries->decode ? entries->decode(in, entry, NULL)
				       : go_json_struct(in, entries->fields, entry, entries->type);
	if (!decoded) {
		entries->free(entry);
		return false;
	}
	strmap_add(target->map, name, entry);
	return true;
}

static bool decode_members(struct go_json *in, const struct target *target)
{
	AUTO(buf_free) struct buf name = { 0 };
	struct go_json_path path = { .parent = in->path };
	while (go_json_next(in) == '"') {
		if (!take_name(in, &name, &path))
			return false;
		in->path = &path;
		bool decoded = target->decode(in, target, path.name);
		in->path = path.parent;
		if (!decoded)
			return false;
		accept(in, ',');
	}
	return accept(in, '}');
}

bool go_json_struct(
	struct go_json *in, const struct go_json_field *fields, void *object, const char *type)
{
	struct target target = { .decode = decode_field, .object = object, .fields = fields };
	if (accept_null(in))
		return true;
	return accept(in, '{') ? decode_members(in, &target) : fail_kind(in, type);
}

bool go_json_map(struct go_json *in, struct strmap *map, const struct go_json_entries *entries)
{
	struct target target = { .decode = decode_entry, .map = map, .entries = entries };
	if (accept_null(in)) {
		strmap_free(map, entries->free);
		return true;
	}
	if (accept(in, '{'))
		return decode_members(in, &target);
	AUTO(auto_free) char *type = xasprintf("map[string]%s", entries->type);
	return fail_kind(in, type);
}

bool go_json_list(struct go_json *in, bool (*decode)(struct go_json *in, void *list), void *list,
	const char *type)
{
	if (accept_null(in))
		return true;
	if (!accept(in, '['))
		return fail_kind(in, type);
	while (go_json_next(in) != ']') {
		if (!decode(in, list))
			return false;
		accept(in, ',');
	}
	return accept(in, ']');
}

bool go_json_bool(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	char c = go_json_next(in);
	if (accept_null(in))
		return true;
	if (c != 't' && c != 'f')
		return fail_kind(in, "bool");
	go_json_skip(in);
	*(bool *)value = c == 't';
	return true;
}

static bool parse_digits(struct bytes digits, uint64_t max, uint64_t *value)
{
	const char *text = digits.data;
	uint64_t sum = 0;
	for (size_t i = 0; i < digits.size; i++) {
		unsigned digit = (unsigned)(text[i] - '0');
		if (digit > 9 || sum > (max - digit) / 10)
			return false;
		sum = 10 * sum + digit;
	}
	*value = sum;
	return digits.size > 0;
}

/* Fails like Go unless a number comes next. */
static bool take_number(struct go_json *in, struct bytes *number, const char *type)
{
	char c = go_json_next(in);
	if (c != '-' && !isdigit((unsigned char)c)) {
		fail_kind(in, type);
		return false;
	}
	*number = take_word(in);
	return true;
}

static bool fail_number(struct go_json *in, struct bytes number, const char *type)
{
	char what[64];
	int shown = number.size < 40 ? (int)number.size : 40;
	snprintf(what, sizeof(what), "number %.*s", shown, (const char *)number.data);
	return fail_type(in, what, type);
}

static bool take_uint(struct go_json *in, uint64_t max, const char *type, uint64_t *value)
{
	struct bytes number;
	return take_number(in, &number, type) &&
	       (parse_digits(number, max, value) || fail_number(in, number, type));
}

bool go_json_int(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	struct bytes number;
	if (accept_null(in))
		return true;
	if (!take_number(in, &number, "int"))
		return false;
	const char *text = number.data;
	bool negative = text[0] == '-';
	struct bytes digits = { text + negative, number.size - negative };
	uint64_t magnitude;
	if (!parse_digits(digits, (uint64_t)INT64_MAX + negative, &magnitude))
		return fail_number(in, number, "int");
	*(int64_t *)value = (int64_t)(negative ? 0 - magnitude : magnitude);
	return true;
}

bool go_json_uint(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	return accept_null(in) || take_uint(in, UINT64_MAX, "uint", value);
}

bool go_json_optional_uint(struct go_json *in, void *value, void *is_there)
{
	bool *there = is_there;
	*there = !accept_null(in);
	return !*there || take_uint(in, UINT64_MAX, "uint", value);
}

bool go_json_optional_uint16(struct go_json *in, void *value, void *is_there)
{
	uint64_t number = 0;
	bool *there = is_there;
	*there = !accept_null(in);
	if (*there && !take_uint(in, UINT16_MAX, "uint16", &number))
		return false;
	*(uint16_t *)value = (uint16_t)number;
	return true;
}

bool go_json_string(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	if (accept_null(in))
		return true;
	if (go_json_next(in) != '"')
		return fail_kind(in, "string");
	buf_clear(value);
	go_json_unescape(take_string(in), value);
	return true;
}

/* Reads a string, or null as an empty one, into memory of its own. */
static char *take_text(struct go_json *in)
{
	AUTO(buf_free) struct buf content = { 0 };
	if (!go_json_string(in, &content, NULL))
		return NULL;
	if (strlen(buf_text(&content)) == content.size)
		return xstrdup(buf_text(&content));
	go_json_fail(in, "the text contains a NUL character: \"%s\"", buf_text(&content));
	return NULL;
}

bool go_json_text(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	char **place = value;
	if (accept_null(in))
		return true;
	char *text = take_text(in);
	if (!text)
		return false;
	free(*place);
	*place = text;
	return true;
}

struct text_list {
	char **items;
	size_t count;
};

static bool add_text(struct go_json *in, void *value)
{
	struct text_list *list = value;
	char *text = take_text(in);
	if (!text)
		return false;
	/* full whenever the count is a power of two */
	if (!(list->count & (list->count - 1)))
		list->items = xreallocarray(
			list->items, list->count ? 2 * list->count : 1, sizeof(*list->items));
	list->items[list->count++] = text;
	return true;
}

bool go_json_text_list(struct go_json *in, void *value, void *count)
{
	struct text_list list = { 0 };
	bool decoded = go_json_list(in, add_text, &list, "[]string");
	text_list_free(*(char ***)value, *(size_t *)count);
	*(char ***)value = list.items;
	*(size_t *)count = list.count;
	return decoded;
}

static bool add_byte(struct go_json *in, void *bytes)
{
	uint64_t byte = 0;
	if (!accept_null(in) && !take_uint(in, UINT8_MAX, "uint8", &byte))
		return false;
	buf_put_u8(bytes, (uint8_t)byte);
	return true;
}

bool go_json_bytes(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	struct buf *bytes = value;
	buf_clear(bytes);
	if (go_json_next(in) != '"')
		return go_json_list(in, add_byte, bytes, "[]uint8");
	AUTO(buf_free) struct buf text = { 0 };
	return go_json_string(in, &text, NULL) &&
	       (base64_decode(bytes, buf_text(&text), text.size) ||
		       go_json_fail(in, "illegal base64 data"));
}

static bool decode_checked(struct bytes text, const char *type,
	bool (*decode)(struct go_json *in, void *value, void *unused), void *value,
	struct error *err)
{
	struct go_json_path root = { .name = type };
	const char *start = text.data;
	struct go_json in = { start, start + text.size, &root, 0, err };
	return decode(&in, value, NULL);
}

bool go_json_decode(struct bytes text, const char *type,
	bool (*decode)(struct go_json *in, void *value, void *unused), void *value,
	struct error *err)
{
	return go_json_check_syntax(text, err) && decode_checked(text, type, decode, value, err);
}

bool go_json_decode_first(struct bytes text, const char *type,
	bool (*decode)(struct go_json *in, void *value, void *unused), void *value,
	struct error *err)
{
	struct bytes first = { .data = text.data };
	return go_json_check_first_value(text, &first.size, err) &&
	       decode_checked(first, type, decode, value, err);
}

bool go_json_raw(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	go_json_next(in);
	const char *start = in->next;
	go_json_skip(in);
	*(struct bytes *)value = (struct bytes){ start, (size_t)(in->next - start) };
	return true;
}
