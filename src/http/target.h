/* SPDX-License-Identifier: Apache-2.0 */
/* What a request is for: path and query of its target. */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include "base/buf.h"

/* Appends the path without percent-encoding. False if there is none, or if it hides a NUL. */
bool http_target_path(const char *target, struct buf *path);
/* As sent, "" without one; points into the target. */
const char *http_target_query(const char *target);

/* Appends a path without doubled slashes and dot segments; a slash at its end stays. */
void http_path_clean(const char *path, struct buf *clean);
/* Appends the path percent-encoded, for a Location. */
void http_path_encode(const char *path, struct buf *encoded);

/*
 * Calls `visit` with the value of each parameter of this name, "" for one without value, until it
 * returns false; returns false then. A NUL stands behind the value.
 */
bool http_query_each(const char *query, const char *name,
	bool (*visit)(void *context, struct bytes value), void *context);
/*
 * The value of a query parameter, percent-decoded, appended to out. False when it is missing; the
 * first one counts when it is given several times.
 */
bool http_query_get(const char *query, const char *name, struct buf *out);

#endif
