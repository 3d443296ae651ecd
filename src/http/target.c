/* SPDX-License-Identifier: Apache-2.0 */
#include "http/target.h"

#include "base/cleanup.h"
#include "base/hex.h"

#include <string.h>

/* Behind "https://host", if the target has that. */
static const char *skip_origin(const char *target)
{
	if (*target == '/')
		return target;
	const char *host = strstr(target, "://");
	return host ? host + 3 + strcspn(host + 3, "/?#") : target;
}

/*
 * Without percent-encoding; malformed sequences stay as they are. libevent has a function for it,
 * but its result is not ours to free when libevent has another allocator.
 */
static void decode(const char *text, size_t length, struct buf *out)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '%' && length - i > 2 && hex_decode(out, text + i + 1, 2))
			i += 2;
		else
			buf_put_u8(out, (uint8_t)text[i]);
	}
}

bool http_target_path(const char *target, struct buf *path)
{
	const char *start = skip_origin(target);
	AUTO(buf_free) struct buf decoded = { 0 };
	if (start == target && *start != '/')
		return false;
	decode(start, strcspn(start, "?#"), &decoded);
	buf_put_text(path, decoded.size ? buf_text(&decoded) : "/");
	return !memchr(buf_text(&decoded), 0, decoded.size);
}

const char *http_target_query(const char *target)
{
	const char *found = strchr(target, '?');
	return found ? found + 1 : "";
}

/* Takes the last segment away. */
static void drop_segment(struct buf *path)
{
	while (path->size && path->data[path->size - 1] != '/')
		path->size--;
	path->size -= path->size > 0;
}

static bool is_segment(const char *segment, size_t length, const char *dots)
{
	return length == strlen(dots) && !memcmp(segment, dots, length);
}

void http_path_clean(const char *path, struct buf *clean)
{
	AUTO(buf_free) struct buf out = { 0 };
	size_t length;
	for (const char *segment = path; *segment; segment += length) {
		segment += strspn(segment, "/");
		length = strcspn(segment, "/");
		if (is_segment(segment, length, ".."))
			drop_segment(&out);
		else if (length && !is_segment(segment, length, "."))
			buf_printf(&out, "/%.*s", (int)length, segment);
	}
	buf_put(clean, out.data, out.size);
	if (!out.size || path[strlen(path) - 1] == '/')
		buf_put_u8(clean, '/');
}

void http_path_encode(const char *path, struct buf *encoded)
{
	static const char plain[] =
		"/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
	for (; *path; path++) {
		if (strchr(plain, *path))
			buf_put_u8(encoded, (uint8_t)*path);
		else
			buf_printf(encoded, "%%%02X", (unsigned)(uint8_t)*path);
	}
}

/* The same in a query, where a plus is a space. */
static void decode_query_part(const char *start, size_t length, struct buf *out)
{
	AUTO(buf_free) struct buf part = { 0 };
	buf_put(&part, start, length);
	for (size_t i = 0; i < length; i++) {
		if (part.data[i] == '+')
			part.data[i] = ' ';
	}
	decode(buf_text(&part), length, out);
}

bool http_query_each(const char *query, const char *name,
	bool (*visit)(void *context, struct bytes value), void *context)
{
	for (const char *end; *query; query = end + (*end == '&')) {
		end = strchrnul(query, '&');
		const char *equals = memchr(query, '=', (size_t)(end - query));
		const char *key_end = equals ? equals : end;
		const char *value_start = equals ? equals + 1 : end;
		AUTO(buf_free) struct buf key = { 0 };
		AUTO(buf_free) struct buf value = { 0 };
		decode_query_part(query, (size_t)(key_end - query), &key);
		decode_query_part(value_start, (size_t)(end - value_start), &value);
		bool is_asked = bytes_equal(buf_bytes(&key), bytes_of_text(name));
		if (is_asked && !visit(context, (struct bytes){ buf_text(&value), value.size }))
			return false;
	}
	return true;
}

static bool take_first(void *out, struct bytes value)
{
	buf_put(out, value.data, value.size);
	return false;
}

bool http_query_get(const char *query, const char *name, struct buf *out)
{
	return !http_query_each(query, name, take_first, out);
}
