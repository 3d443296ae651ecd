/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/paths.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define OVERRIDE "GRAPHENE_SIM_LIBDIR"

/* The folder of the program, from which lib/graphene-sim is found wherever both were moved. */
static char *program_folder(struct error *err)
{
	AUTO(auto_free) char *program = realpath("/proc/self/exe", NULL);
	if (!program) {
		error_errno(err, "cannot read /proc/self/exe");
		return NULL;
	}
	*strrchr(program, '/') = 0;
	return TAKE(program);
}

static char *expected_libdir(struct error *err)
{
	const char *override = getenv(OVERRIDE);
	if (override)
		return xstrdup(override);
	AUTO(auto_free) char *folder = program_folder(err);
	return folder ? xasprintf("%s/../lib/graphene-sim", folder) : NULL;
}

char *graphene_libdir(struct error *err)
{
	AUTO(auto_free) char *expected = expected_libdir(err);
	char *resolved = expected ? realpath(expected, NULL) : NULL;
	if (expected && !resolved)
		error_set(err, ERROR_NOT_FOUND,
			"the files of graphene-sim are not in %s; install them there, or name "
			"their folder in the environment variable " OVERRIDE,
			expected);
	return resolved;
}

char *graphene_libdir_path(const char *name, struct error *err)
{
	AUTO(auto_free) char *folder = graphene_libdir(err);
	if (!folder)
		return NULL;
	AUTO(auto_free) char *path = xasprintf("%s/%s", folder, name);
	char *resolved = realpath(path, NULL);
	if (!resolved)
		error_set(err, ERROR_NOT_FOUND, "%s is missing; it is installed with graphene-sim",
			path);
	return resolved;
}
