/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/manifest.h"

#include "base/memory.h"
#include "graphene/manifest_files.h"
#include "graphene/manifest_keys.h"
#include "graphene/manifest_loader.h"
#include "graphene/manifest_mounts.h"
#include "graphene/manifest_sgx.h"
#include "graphene/manifest_value.h"
#include "graphene/manifest_wrap_keys.h"
#include "graphene/toml.h"

#include <string.h>

#define DEFAULT_STACK_SIZE (UINT64_C(256) << 10)
#define DEFAULT_FD_LIMIT   900

static bool has_any(const json_t *tree, const char *const *paths)
{
	while (*paths && !manifest_value(tree, *paths))
		paths++;
	return *paths != NULL;
}

/* The form of the file lists decides; without lists, a key that only one generation has. */
enum graphene_generation graphene_generation_of_tree(const json_t *tree)
{
	static const char *const lists[] = { "sgx.trusted_files", "sgx.allowed_files",
		"sgx.protected_files" };
	static const char *const of_gramine[] = { "fs.mounts", "fs.insecure__keys", "loader.argv",
		"loader.entrypoint", "sgx.cpu_features", "sgx.max_threads", NULL };
	static const char *const of_graphene[] = { "fs.mount", "loader.argv0_override",
		"loader.preload", "sgx.ra_client_spid", "sgx.thread_num", NULL };
	bool has_table = false;
	for (size_t i = 0; i < 3; i++) {
		const json_t *list = manifest_value(tree, lists[i]);
		has_table |= json_is_object(list);
		if (json_is_array(list))
			return GRAPHENE_GENERATION_GRAMINE;
	}
	if (has_table)
		return GRAPHENE_GENERATION_GRAPHENE;
	if (has_any(tree, of_gramine))
		return GRAPHENE_GENERATION_GRAMINE;
	const char *entrypoint = manifest_string(tree, "libos.entrypoint", "");
	return has_any(tree, of_graphene) || !strncmp(entrypoint, "file:", 5)
		       ? GRAPHENE_GENERATION_GRAPHENE
		       : GRAPHENE_GENERATION_GRAMINE;
}

static void read_process(const json_t *tree, struct graphene_manifest *manifest)
{
	manifest->stack_size = manifest_size(tree, "sys.stack.size", DEFAULT_STACK_SIZE);
	manifest->uid = (uint32_t)manifest_integer(tree, "loader.uid", 0);
	manifest->gid = (uint32_t)manifest_integer(tree, "loader.gid", 0);
	manifest->fd_limit = (uint32_t)manifest_integer(tree, "sys.fds.limit", DEFAULT_FD_LIMIT);
	manifest->sigterm_injection = manifest_bool(tree, "sys.enable_sigterm_injection", false);
	manifest->disallow_subprocesses = manifest_bool(tree, "sys.disallow_subprocesses", false);
	manifest->log_level = xstrdup(manifest_string(tree, "loader.log_level", "error"));
}

struct graphene_manifest *graphene_manifest_of_tree(
	const json_t *tree, bool strict, struct error *err)
{
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *manifest = xcalloc(1, sizeof(*manifest));
	manifest->generation = graphene_generation_of_tree(tree);
	if (!manifest_check_keys(tree, manifest->generation, strict, err))
		return NULL;
	read_process(tree, manifest);
	if (!manifest_read_loader(tree, manifest, err) ||
		!manifest_read_mounts(tree, strict, manifest, err) ||
		!manifest_read_files(tree, manifest, err) ||
		!manifest_read_wrap_keys(tree, manifest, err) ||
		!manifest_read_sgx(tree, manifest, err))
		return NULL;
	return TAKE(manifest);
}

struct graphene_manifest *graphene_manifest_parse(struct bytes text, struct error *err)
{
	AUTO(auto_json) json_t *tree = toml_parse(text, err);
	return tree ? graphene_manifest_of_tree(tree, false, err) : NULL;
}

void graphene_manifest_free(struct graphene_manifest *manifest)
{
	if (!manifest)
		return;
	manifest_free_loader(manifest);
	manifest_free_mount(&manifest->root);
	for (size_t i = 0; i < manifest->mount_count; i++)
		manifest_free_mount(&manifest->mounts[i]);
	manifest_free_files(&manifest->trusted);
	manifest_free_files(&manifest->allowed);
	manifest_free_files(&manifest->protected_files);
	manifest_free_files(&manifest->protected_mrenclave_files);
	manifest_free_files(&manifest->protected_mrsigner_files);
	manifest_free_wrap_keys(manifest);
	free(manifest->mounts);
	free(manifest->start_dir);
	free(manifest->log_level);
	free(manifest);
}
