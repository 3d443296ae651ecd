/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "vectors.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"

#include <unistd.h>

static char *path_from(const char *format, va_list args)
{
	const char *chosen = getenv("MARBLERUN_VECTORS");
	const char *source_root = getenv("SOURCE_ROOT");
	AUTO(buf_free) struct buf path = { 0 };
	if (chosen)
		buf_put_text(&path, chosen);
	else
		buf_printf(&path, "%s/../shared/vectors", source_root ? source_root : ".");
	buf_put_text(&path, "/");
	buf_vprintf(&path, format, args);
	return xstrdup(buf_text(&path));
}

char *vectors_path(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *path = path_from(format, args);
	va_end(args);
	return path;
}

static bool has_vectors(void)
{
	AUTO(auto_free) char *folder = vectors_path("dcap");
	if (access(folder, R_OK) == 0)
		return true;
	print_message("skipped: no test vectors in %s (set MARBLERUN_VECTORS)\n", folder);
	return false;
}

void vectors_or_skip(void)
{
	if (has_vectors())
		return;
	/* leaves this function without any cleanup */
	skip();
}

static void read_whole(const char *path, struct buf *out)
{
	struct error err = { 0 };
	assert_success(file_read(path, 1U << 20, out, &err), err);
}

void vectors_read(struct buf *out, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	AUTO(auto_free) char *path = path_from(format, args);
	va_end(args);
	read_whole(path, out);
}

json_t *vectors_json(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	AUTO(auto_free) char *path = path_from(format, args);
	va_end(args);
	AUTO(buf_free) struct buf text = { 0 };
	read_whole(path, &text);
	json_t *root = json_loadb((const char *)text.data, text.size, 0, NULL);
	assert_non_null(root);
	return root;
}
