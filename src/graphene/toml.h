/* SPDX-License-Identifier: Apache-2.0 */
/* TOML documents as jansson trees, with the keys in the order of the file. */
#ifndef GRAPHENE_TOML_H
#define GRAPHENE_TOML_H

#include "base/buf.h"
#include "base/error.h"

#include <jansson.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TOML_TEXT_MAX  (64U << 20) /* bytes of a document */
#define TOML_DEPTH_MAX 64          /* tables and arrays inside each other */

/*
 * NULL with ERROR_INVALID "line <n>, column <n>: …". Dates and times become strings. The caller
 * owns the tree, which holds objects, arrays, strings without NUL, integers, reals and booleans.
 */
json_t *toml_parse(struct bytes text, struct error *err);

/* Appends such a tree as TOML that toml_parse reads back to an equal tree. */
void toml_write(const json_t *tree, struct buf *out);

/* Appends a key as it has to be written: bare where TOML allows that, else in quotation marks. */
void toml_put_key(const char *key, struct buf *out);

#ifdef __cplusplus
}
#endif

#endif
