/* SPDX-License-Identifier: Apache-2.0 */
/* Templates and what they give, in tables. */
#ifndef TESTS_TEMPLATE_ROWS_H
#define TESTS_TEMPLATE_ROWS_H

#include "unit.h"

#include "base/cleanup.h"
#include "manifest/template.h"

/*
 * What the templates of the tests see: key and my-key, cert, text, empty; .MarbleRun.RootCA. A
 * range sees cert, empty and key. Before, cert was what root is.
 */
struct secrets {
	struct secret key;
	struct secret certificate;
	struct secret plain;
	struct secret empty;
	struct secret root;
};

struct secrets make_secrets(void);
void free_secrets(struct secrets *s);

/* For struct template_data with a struct secrets as context. "broken" cannot be made. */
bool find_secret(void *context, const char *name, bool previous, const struct secret **secret,
	struct error *err);

/* Parses and executes. */
bool run_template(const char *text, enum template_use use, struct buf *out, struct error *err);

struct row {
	const char *text;
	const char *expected; /* the result, or the message of the error */
};

/* Each row gives what it says, with an error of this kind or ERROR_NONE. */
void check_rows(const struct row *rows, size_t count, enum template_use use, enum error_kind kind);

void put_times(struct buf *out, size_t times, const char *text);

#define CHECK_FILE(rows, kind)                                                                     \
	check_rows(rows, sizeof(rows) / sizeof(*(rows)), TEMPLATE_FOR_FILE, kind)
#define CHECK_ENV(rows, kind)                                                                      \
	check_rows(rows, sizeof(rows) / sizeof(*(rows)), TEMPLATE_FOR_ENV, kind)

#define PARSE "template: data:1: "
#define AT(line, column, context)                                                                  \
	"template: data:" #line ":" #column ": executing \"data\" at <" context ">: "

#endif
