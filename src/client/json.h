/* SPDX-License-Identifier: Apache-2.0 */
/* JSON documents as Go's decoder sees them: names of members in any case. */
#ifndef CLIENT_JSON_H
#define CLIENT_JSON_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <jansson.h>

DEFINE_AUTO_FREE(auto_json, json_t *, json_decref)

/* NULL with ERROR_INVALID, line and column, unless `text` is one JSON value. */
json_t *json_read(struct bytes text, struct error *err);

/* The member of exactly this name, else one whose name differs in case only; NULL if none. */
json_t *json_member(const json_t *object, const char *name);

/*
 * Appends the document, with flags of json_dumps, whose result would have to go back to an
 * allocator that is not ours to know. False for what JSON cannot say.
 */
bool json_put(const json_t *value, size_t flags, struct buf *out);

/* Appends a base64 text. Missing and null are no bytes. False for anything else. */
bool json_put_bytes(const json_t *value, struct buf *out);

#endif
