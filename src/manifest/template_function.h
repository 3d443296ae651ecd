/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that templates may call (spec manifest.md clauses 5.1 and 5.2). */
#ifndef MANIFEST_TEMPLATE_FUNCTION_H
#define MANIFEST_TEMPLATE_FUNCTION_H

#include "manifest/template.h"
#include "manifest/template_value.h"

struct template_call {
	const struct template_value *arguments;
	size_t count; /* as many as the function accepts */
	const struct template_data *data;
	struct buf *text; /* empty; a string that is returned is written here */
};

struct template_function {
	const char *name;
	size_t least;      /* arguments that it needs */
	bool takes_more;   /* than those */
	bool takes_format; /* the first one must be a string */
	/* NULL for and and or, which give one of their arguments and need not evaluate all */
	bool (*call)(
		const struct template_call *call, struct template_value *result, struct error *err);
	bool stops_at; /* of and and or: the truth of an argument after which no other counts */
};

/*
 * NULL if there is none of this name for this use; `reason` then tells, where there is more to say,
 * what to do, else it is "".
 */
const struct template_function *template_function_find(
	struct bytes name, enum template_use use, const char **reason);

/*
 * A member of the map of secrets; VALUE_MISSING if there is none. False only when it could not be
 * made. `result` may be `secrets`.
 */
bool template_function_find_secret(const struct template_data *data,
	const struct template_value *secrets, const char *name, struct template_value *result,
	struct error *err);

#endif
