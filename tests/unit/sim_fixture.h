/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of graphene-sim: manifests from text, and a current folder of their own. */
#ifndef TESTS_SIM_FIXTURE_H
#define TESTS_SIM_FIXTURE_H

#include "unit.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "graphene/manifest.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

/* The least that each generation's manifest has, for tests to append to. */
#define GRAPHENE "libos.entrypoint = \"file:app\"\nsgx.thread_num = 4\n"
#define GRAMINE                                                                                    \
	"libos.entrypoint = \"/app\"\nfs.mounts = []\nsgx.trusted_files = []\nsgx.max_threads = "  \
	"4\n"

/* Of "hello". */
#define HELLO_SHA256 "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static inline struct graphene_manifest *manifest_of(const char *text)
{
	struct error err = { 0 };
	struct graphene_manifest *manifest = graphene_manifest_parse(bytes_of_text(text), &err);
	assert_success(manifest != NULL, err);
	return manifest;
}

static inline void write_file(const char *path, const char *content)
{
	struct error err = { 0 };
	assert_success(file_replace(path, content, strlen(content), 0644, &err), err);
}

static inline int remove_entry(
	const char *path, const struct stat *st, int type, struct FTW *position)
{
	(void)st;
	(void)type;
	(void)position;
	return remove(path);
}

/* The state is the path of the folder, which is the current one. */
static inline int enter_folder(void **state)
{
	char *folder = xstrdup("/tmp/test_sim.XXXXXX");
	*state = folder;
	return mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

static inline int leave_folder(void **state)
{
	AUTO(auto_free) char *folder = *state;
	return chdir("/") || nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
