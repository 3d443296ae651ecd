/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/template_ldd.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/strmap.h"
#include "graphene/capture.h"

#include <string.h>

#define OUTPUT_MAX (1U << 20)
#define FILES_MAX  8

static void strmap_drop(struct strmap *map)
{
	strmap_free(map, NULL);
}

/*
 * A line is "name => /path (address)", "/path (address)" for the dynamic linker, or "name
 * (address)" for the vdso, which is no file. With several programs, "/program:" stands between.
 */
static bool read_line(char *line, struct strmap *libraries, struct error *err)
{
	line += strspn(line, " \t");
	char *arrow = strstr(line, " => ");
	char *path = arrow ? arrow + strlen(" => ") : line;
	char *address = strstr(path, " (0x");
	if (arrow && !strcmp(path, "not found"))
		return error_set(
			err, ERROR_NOT_FOUND, "%.*s is not found", (int)(arrow - line), line);
	if (*path == '/' && address) {
		*address = 0;
		strmap_add(libraries, path, NULL);
	}
	return true;
}

static bool read_output(struct buf *output, struct strmap *libraries, struct error *err)
{
	char *position = NULL;
	if (!output->size)
		return true;
	for (char *line = strtok_r((char *)output->data, "\n", &position); line;
		line = strtok_r(NULL, "\n", &position)) {
		if (!read_line(line, libraries, err))
			return false;
	}
	strmap_sort(libraries, NULL);
	return true;
}

static bool call(json_t *bound, const struct jinja_value *args, size_t count,
	struct jinja_value *out, struct error *err)
{
	(void)bound;
	const char *argv[FILES_MAX + 2] = { "ldd" };
	AUTO(buf_free) struct buf output = { 0 };
	AUTO(strmap_drop) struct strmap libraries = { 0 };
	for (size_t i = 0; i < count && i < FILES_MAX; i++) {
		argv[i + 1] = json_string_value(args[i].data);
		if (!argv[i + 1] || *argv[i + 1] == '-')
			return error_set(err, ERROR_INVALID, "takes paths of programs");
	}
	if (!count)
		return error_set(err, ERROR_INVALID, "takes paths of programs");
	if (!capture_output(argv, OUTPUT_MAX, &output, err) ||
		!read_output(&output, &libraries, err))
		return false;
	json_t *list = json_array();
	for (size_t i = 0; i < libraries.count; i++)
		json_array_append_new(list, json_string(libraries.entries[i].name));
	return jinja_set_data(out, list, err);
}

const struct jinja_object template_ldd = { .name = "ldd", .call = call };
