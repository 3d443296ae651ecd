/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_path.h"

#include "base/memory.h"

#include <string.h>

static bool leads_upwards(const char *path)
{
	return !strncmp(path, "..", 2) && (!path[2] || path[2] == '/');
}

const char *sim_path_below(const char *folder, const char *path)
{
	size_t length = strlen(folder);
	if (!length)
		return *path == '/' || leads_upwards(path) ? NULL : path;
	if (folder[length - 1] == '/')
		return strncmp(path, folder, length) ? NULL : path + length;
	if (strncmp(path, folder, length) != 0)
		return NULL;
	if (!path[length])
		return path + length;
	return path[length] == '/' ? path + length + 1 : NULL;
}

bool sim_path_covers(const char *folder, const char *path)
{
	return sim_path_below(folder, path) != NULL;
}

char *sim_path_join(const char *folder, const char *name)
{
	if (!*folder || !*name)
		return xstrdup(*folder ? folder : name);
	bool ends_with_slash = folder[strlen(folder) - 1] == '/';
	return xasprintf("%s%s%s", folder, ends_with_slash ? "" : "/", name);
}

const char *sim_path_on_host(const char *path)
{
	return *path ? path : ".";
}

/* FNV-1a. */
uint64_t sim_path_hash(uint64_t seed, const char *path)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ seed;
	for (; *path; path++)
		hash = (hash ^ (uint8_t)*path) * UINT64_C(0x100000001b3);
	return hash;
}
