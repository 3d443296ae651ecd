/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of JSON objects that are put together as text: each function appends `"name":value`, with
 * a comma in front unless it is the first.
 */
#ifndef COORDINATOR_JSON_MEMBERS_H
#define COORDINATOR_JSON_MEMBERS_H

#include "base/buf.h"
#include "base/strmap.h"

void json_put_name(struct buf *object, const char *name);
void json_put_text(struct buf *object, const char *name, const char *value);
void json_put_number(struct buf *object, const char *name, uint64_t value);
void json_put_null(struct buf *object, const char *name);
void json_put_bool(struct buf *object, const char *name, bool value);
/* Base64; null when there is nothing. */
void json_put_bytes(struct buf *object, const char *name, struct bytes value);
/* The names of the map as a list. */
void json_put_names(struct buf *object, const char *name, const struct strmap *map);
/* An object of the names and, in base64, the values of a map to struct buf. */
void json_put_byte_map(struct buf *object, const char *name, const struct strmap *map);

#endif
