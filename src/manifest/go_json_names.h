/* SPDX-License-Identifier: Apache-2.0 */
/* The names of a struct's fields in JSON. */
#ifndef MANIFEST_GO_JSON_NAMES_H
#define MANIFEST_GO_JSON_NAMES_H

#include "manifest/go_json.h"

/* The field of exactly this name, else the first one that differs in ASCII case alone; or NULL. */
const struct go_json_field *go_json_find_field(
	const struct go_json_field *fields, const char *name);

/* The name that was probably meant with one that no field has; NULL if none is near. */
const char *go_json_nearest_name(const struct go_json_field *fields, const char *name);

#endif
