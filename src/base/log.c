/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json_text.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define VALUE_MAX 4096

static struct {
	enum log_level level;
	enum log_format format;
} settings = { LOG_INFO, LOG_CONSOLE };

static const char *const level_names[] = { "debug", "info", "warn", "error", "fatal" };

void log_configure(enum log_level level, enum log_format format)
{
	settings.level = level;
	settings.format = format;
}

enum log_level log_level_of(const char *name, enum log_level otherwise)
{
	for (enum log_level level = LOG_DEBUG; level < LOG_FATAL; level++) {
		if (!strcasecmp(name, level_names[level]))
			return level;
	}
	return otherwise;
}

bool log_enabled(enum log_level level)
{
	return level >= settings.level && level < LOG_OFF;
}

/* The last folder and the name, as Go's loggers print it. */
static const char *short_file(const char *file)
{
	const char *name = strrchr(file, '/');
	while (name && name > file && name[-1] != '/')
		name--;
	return name ? name : file;
}

/* Peers have a hand in values, and must not be able to fill the disk with them. */
static void put_member(struct buf *line, const char *name, const char *value)
{
	json_text_put(line, name, strlen(name));
	buf_put_text(line, ":");
	json_text_put(line, value, strnlen(value, VALUE_MAX));
}

/* Appends the fields as members of an object, each with `separator` in front. */
static void put_fields(struct buf *line, const char *separator, va_list args)
{
	const char *name;
	while ((name = va_arg(args, const char *))) {
		const char *value = va_arg(args, const char *);
		buf_put_text(line, separator);
		put_member(line, name, value ? value : "");
		separator = ",";
	}
}

static void put_json(struct buf *line, enum log_level level, const char *caller,
	const char *message, va_list args)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	buf_printf(line, "{\"level\":\"%s\",\"ts\":%lld.%06ld,", level_names[level],
		(long long)now.tv_sec, now.tv_nsec / 1000);
	put_member(line, "caller", caller);
	buf_put_text(line, ",");
	put_member(line, "msg", message);
	put_fields(line, ",", args);
	buf_put_text(line, "}\n");
}

static void put_plain(struct buf *line, const char *time_format, const char *level,
	const char *message, va_list args)
{
	char stamp[64];
	time_t now = time(NULL);
	struct tm parts;
	localtime_r(&now, &parts);
	strftime(stamp, sizeof(stamp), time_format, &parts);
	buf_put_text(line, stamp);
	if (*level)
		buf_printf(line, "%s\t", level);
	buf_put_visible(line, message);
	size_t before = line->size;
	put_fields(line, "\t{", args);
	buf_put_text(line, line->size > before ? "}\n" : "\n");
}

void log_write(enum log_level level, const char *file, int line, const char *message, ...)
{
	if (!log_enabled(level))
		return;
	AUTO(buf_free) struct buf text = { 0 };
	AUTO(buf_free) struct buf caller = { 0 };
	va_list args;
	va_start(args, message);
	switch (settings.format) {
	case LOG_JSON:
		buf_printf(&caller, "%s:%d", short_file(file), line);
		put_json(&text, level, buf_text(&caller), message, args);
		break;
	case LOG_PREMAIN:
		put_plain(&text, "[PreMain] %Y/%m/%d %H:%M:%S ", "", message, args);
		break;
	case LOG_CONSOLE:
		put_plain(&text, "%Y-%m-%dT%H:%M:%S\t", level_names[level], message, args);
		break;
	}
	va_end(args);
	/* nothing is left to tell about a stderr that cannot be written */
	(void)file_write_all(STDERR_FILENO, text.data, text.size);
}
