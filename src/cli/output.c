/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "client/json.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool write_special(const char *path, struct bytes content, struct error *err)
{
	AUTO(auto_close) int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || !file_write_all(fd, content.data, content.size))
		return error_errno(err, "cannot write %s", path);
	return true;
}

bool output_write(const char *path, struct bytes content, mode_t mode, struct error *err)
{
	struct stat found;
	if (!stat(path, &found) && !S_ISREG(found.st_mode))
		return write_special(path, content, err);
	AUTO(auto_free) char *resolved = realpath(path, NULL);
	return file_replace(resolved ? resolved : path, content.data, content.size, mode, err);
}

bool output_is_json(const struct options *options)
{
	return options->output && !strcmp(options->output, OUTPUT_JSON);
}

const char *output_file(const struct options *options)
{
	bool is_file = options->output && *options->output && !output_is_json(options);
	return is_file ? options->output : NULL;
}

void output_say(const struct options *options, const char *format, ...)
{
	FILE *stream = output_is_json(options) ? stderr : stdout;
	va_list args;
	va_start(args, format);
	vfprintf(stream, format, args);
	va_end(args);
	fputs("\n", stream);
}

bool output_json(const json_t *document, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	if (!document || !json_put(document, JSON_INDENT(2) | JSON_ENCODE_ANY, &text))
		return error_set(err, ERROR_INTERNAL, "cannot print the result as JSON");
	puts(buf_text(&text));
	return true;
}

bool output_create(const char *path, struct bytes content, mode_t mode, struct error *err)
{
	AUTO(auto_close) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return error_errno(err, "cannot create %s", path);
	return file_write_all(fd, content.data, content.size) ||
	       error_errno(err, "cannot write %s", path);
}
