/* SPDX-License-Identifier: Apache-2.0 */
/* TOML documents as jansson trees, with the keys in the order of the file. */
#ifndef GRAPHENE_TOML_H
#define GRAPHENE_TOML_H

#include "base/buf.h"
#include "base/error.h"

#include <jansson.h>

/*
 * NULL with ERROR_INVALID "line <n>, column <n>: …". Dates and times become strings. The caller
 * owns the tree.
 */
json_t *toml_parse(struct bytes text, struct error *err);

/* Appends the tree as TOML that toml_parse reads back to an equal tree. */
void toml_write(const json_t *tree, struct buf *out);

#endif
