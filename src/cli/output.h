/* SPDX-License-Identifier: Apache-2.0 */
/* What commands print or write, as text or, with `--output json`, as one JSON document. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "base/buf.h"
#include "base/error.h"
#include "cli/options.h"

#include <jansson.h>
#include <sys/types.h>

/*
 * Writes the file as a whole or not at all, through symbolic links. Devices and pipes (/dev/stdout)
 * are written to, not replaced.
 */
bool output_write(const char *path, struct bytes content, mode_t mode, struct error *err);

/* Writes a new file; one that exists is an error. */
bool output_create(const char *path, struct bytes content, mode_t mode, struct error *err);

/* Whether standard output is to get one JSON document and nothing else. */
bool output_is_json(const struct options *options);
/* The file that the user named for the result; NULL when it is to be printed. */
const char *output_file(const struct options *options);

/* For people: a line on standard output, or on standard error if that is reserved for JSON. */
void output_say(const struct options *options, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Prints the document, its members in their order. */
bool output_json(const json_t *document, struct error *err);

#endif
