/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/go_json_names.h"

#include "base/spelling.h"

#include <string.h>
#include <strings.h>

#define NAME_MAX_GUESSED 64 /* nobody means a field with a longer name */

const struct go_json_field *go_json_find_field(const struct go_json_field *fields, const char *name)
{
	const struct go_json_field *folded = NULL;
	for (; fields->name; fields++) {
		if (!strcmp(fields->name, name))
			return fields;
		if (!folded && !strcasecmp(fields->name, name))
			folded = fields;
	}
	return folded;
}

/* One letter in four, so that the word is not another one. */
static bool is_near(size_t distance, const char *known)
{
	return distance <= (strlen(known) + 2) / 4;
}

const char *go_json_nearest_name(const struct go_json_field *fields, const char *name)
{
	const char *nearest = NULL;
	size_t least = SIZE_MAX;
	if (strlen(name) > NAME_MAX_GUESSED)
		return NULL;
	for (; fields->name; fields++) {
		size_t distance = spelling_distance(name, fields->name);
		if (distance >= least || !is_near(distance, fields->name))
			continue;
		nearest = fields->name;
		least = distance;
	}
	return nearest;
}
