/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "graphene/manifest.h"

#include <string.h>

/* Where the last component of the path built so far starts. */
static size_t last_component(const struct buf *path)
{
	const char *slash = path->size ? memrchr(path->data, '/', path->size) : NULL;
	return slash ? (size_t)(slash - (const char *)path->data) + 1 : 0;
}

static bool is_dots(const char *name, size_t length)
{
	return length == 2 && !memcmp(name, "..", 2);
}

/* Removes the last component for "..". False where there is none that can be removed. */
static bool step_up(struct buf *path)
{
	size_t start = last_component(path);
	size_t length = path->size - start;
	if (!length || is_dots((const char *)path->data + start, length))
		return false;
	/* "/a" becomes "/", "a/b" becomes "a" */
	path->size = start > 1 ? start - 1 : start;
	path->data[path->size] = 0;
	return true;
}

static void append_component(struct buf *path, const char *name, size_t length)
{
	if (path->size && path->data[path->size - 1] != '/')
		buf_put_u8(path, '/');
	buf_put(path, name, length);
}

char *graphene_normalise_path(const char *text)
{
	AUTO(buf_free) struct buf path = { 0 };
	bool absolute = *text == '/';
	buf_put_text(&path, absolute ? "/" : "");
	while (*text) {
		size_t length = strcspn(text, "/");
		bool up = is_dots(text, length);
		bool same = !length || (length == 1 && *text == '.');
		if (!same && !(up && (step_up(&path) || absolute)))
			append_component(&path, text, length);
		text += length + (text[length] == '/');
	}
	return xstrdup(buf_text(&path));
}

char *graphene_normalise_uri(const char *uri, struct error *err)
{
	static const char *const schemes[] = { "file:", "dev:" };
	for (size_t i = 0; i < 2; i++) {
		size_t length = strlen(schemes[i]);
		if (strncmp(uri, schemes[i], length) != 0)
			continue;
		AUTO(auto_free) char *path = graphene_normalise_path(uri + length);
		return xasprintf("%s%s", schemes[i], path);
	}
	error_set(err, ERROR_INVALID,
		"\"%s\" is no URI that is known here; it must start with \"%s\"", uri, schemes[0]);
	return NULL;
}
