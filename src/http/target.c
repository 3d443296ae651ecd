/* SPDX-License-Identifier: Apache-2.0 */
#include "http/target.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <event2/http.h>
#include <string.h>

/* Behind "https://host", if the target has that. */
static const char *skip_origin(const char *target)
{
	if (*target == '/')
		return target;
	const char *host = strstr(target, "://");
	return host ? host + 3 + strcspn(host + 3, "/?#") : target;
}

bool http_target_path(const char *target, struct buf *path)
{
	const char *start = skip_origin(target);
	AUTO(auto_free) char *encoded = xstrndup(start, strcspn(start, "?#"));
	size_t size = 0;
	AUTO(auto_free) char *decoded = evhttp_uridecode(encoded, 0, &size);
	if (!decoded || strlen(decoded) != size)
		return false;
	buf_put_text(path, size ? decoded : "/");
	return true;
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

/* Without percent-encoding; malformed sequences stay as they are. */
static char *decode_query_part(const char *start, size_t length, size_t *size)
{
	AUTO(auto_free) char *part = xstrndup(start, length);
	char *decoded = evhttp_uridecode(part, 1, size);
	if (!decoded)
		abort();
	return decoded;
}

bool http_query_each(const char *query, const char *name,
	bool (*visit)(void *context, struct bytes value), void *context)
{
	for (const char *end; *query; query = end + (*end == '&')) {
		end = strchrnul(query, '&');
		const char *equals = memchr(query, '=', (size_t)(end - query));
		const char *key_end = equals ? equals : end;
		const char *value_start = equals ? equals + 1 : end;
		size_t key_size;
		size_t size;
		AUTO(auto_free)
		char *key = decode_query_part(query, (size_t)(key_end - query), &key_size);
		AUTO(auto_free)
		char *value = decode_query_part(value_start, (size_t)(end - value_start), &size);
		bool is_asked = bytes_equal((struct bytes){ key, key_size }, bytes_of_text(name));
		if (is_asked && !visit(context, (struct bytes){ value, size }))
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
