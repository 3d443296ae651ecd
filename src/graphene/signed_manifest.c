/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/signed_manifest.h"

#include "base/memory.h"
#include "graphene/manifest_value.h"
#include "graphene/paths.h"
#include "graphene/toml.h"
#include "graphene/trusted_files.h"

#include <string.h>

static const char graphene_defaults[] = "[loader]\n"
					"preload = ''\n"
					"[sgx]\n"
					"enclave_size = '256M'\n"
					"thread_num = 4\n"
					"isvprodid = 0\n"
					"isvsvn = 0\n"
					"remote_attestation = false\n"
					"debug = true\n"
					"require_avx = false\n"
					"require_avx512 = false\n"
					"require_mpx = false\n"
					"require_pkru = false\n"
					"support_exinfo = false\n"
					"nonpie_binary = false\n"
					"enable_stats = false\n"
					"trusted_files = {}\n";

static const char gramine_defaults[] = "[sgx]\n"
				       "edmm_enable = false\n"
				       "max_threads = 4\n"
				       "isvprodid = 0\n"
				       "isvsvn = 0\n"
				       "remote_attestation = 'none'\n"
				       "debug = false\n"
				       "enable_stats = false\n"
				       "use_exinfo = false\n"
				       "trusted_files = []\n"
				       "cpu_features.avx = 'unspecified'\n"
				       "cpu_features.avx512 = 'unspecified'\n"
				       "cpu_features.amx = 'unspecified'\n"
				       "cpu_features.mpx = 'disabled'\n"
				       "cpu_features.pkru = 'disabled'\n";

/* In the presence of the old spelling the new one gets no default. */
static const char *const old_spellings[][2] = {
	{ "sgx.thread_num", "max_threads" },
	{ "sgx.require_exinfo", "use_exinfo" },
	{ "sgx.support_exinfo", "use_exinfo" },
	{ "sgx.require_avx", "avx" },
	{ "sgx.require_avx512", "avx512" },
	{ "sgx.require_amx", "amx" },
	{ "sgx.require_mpx", "mpx" },
	{ "sgx.require_pkru", "pkru" },
};

static void drop_spelled_otherwise(const json_t *tree, json_t *defaults)
{
	json_t *sgx = json_object_get(defaults, "sgx");
	for (size_t i = 0; i < sizeof(old_spellings) / sizeof(old_spellings[0]); i++) {
		if (!manifest_value(tree, old_spellings[i][0]))
			continue;
		json_object_del(sgx, old_spellings[i][1]);
		json_object_del(json_object_get(sgx, "cpu_features"), old_spellings[i][1]);
	}
}

/* Adds what is absent. What is no table where one belongs is left for the check that follows. */
static void merge(json_t *table, const json_t *defaults)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)defaults, name, value)
	{
		json_t *present = json_object_get(table, name);
		if (!present)
			json_object_set(table, name, value);
		else if (json_is_object(present) && json_is_object(value))
			merge(present, value);
	}
}

/* What depends on the machine or on another value. */
static bool add_gramine_extras(const json_t *tree, json_t *defaults, struct error *err)
{
	const char *size = manifest_bool(tree, "sgx.edmm_enable", false) ? "1024G" : "256M";
	json_object_set_new(json_object_get(defaults, "sgx"), "enclave_size", json_string(size));
	if (manifest_value(tree, "loader.entrypoint"))
		return true;
	AUTO(auto_free) char *path = graphene_libdir_path(GRAPHENE_LIBOS, err);
	if (!path)
		return false;
	AUTO(auto_free) char *uri = xasprintf("file:%s", path);
	json_object_set_new(defaults, "loader", json_pack("{s:{s:s}}", "entrypoint", "uri", uri));
	return true;
}

bool signed_manifest_add_defaults(json_t *tree, struct error *err)
{
	bool is_gramine = graphene_generation_of_tree(tree) == GRAPHENE_GENERATION_GRAMINE;
	const char *text = is_gramine ? gramine_defaults : graphene_defaults;
	AUTO(auto_json) json_t *defaults = toml_parse(bytes_of_text(text), err);
	if (!defaults || (is_gramine && !add_gramine_extras(tree, defaults, err)))
		return false;
	drop_spelled_otherwise(tree, defaults);
	merge(tree, defaults);
	return true;
}

/* Appends the URIs of loader.preload, which are separated by commas. */
static bool hash_preloaded(struct trusted_files *files, const char *list, struct error *err)
{
	for (unsigned i = 0; *list; i++) {
		size_t length = strcspn(list, ",");
		AUTO(auto_free) char *uri = xstrndup(list, length);
		AUTO(auto_free) char *key = xasprintf("preload%u", i);
		if (!trusted_files_add_uri(files, key, uri, err))
			return error_prefix(err, "'loader.preload'");
		list += length + (list[length] == ',');
	}
	return true;
}

/* Gramine's library OS: its URI in a table, beside its hash. */
static bool hash_libos(json_t *tree, json_t *hashed, struct error *err)
{
	json_t *loader = json_object_get(tree, "loader");
	json_t *entrypoint = json_object_get(loader, "entrypoint");
	if (json_is_string(entrypoint)) {
		entrypoint = json_pack("{s:O}", "uri", entrypoint);
		json_object_set_new(loader, "entrypoint", entrypoint);
	}
	if (!entrypoint || json_object_get(entrypoint, "sha256"))
		return true;
	char sha256[TRUSTED_FILES_HASH_TEXT];
	const char *uri = json_string_value(json_object_get(entrypoint, "uri"));
	if (!trusted_files_hash(uri + strlen("file:"), sha256, hashed, err))
		return error_prefix(err, "'loader.entrypoint'");
	json_object_set_new(entrypoint, "sha256", json_string(sha256));
	return true;
}

bool signed_manifest_add_hashes(json_t *tree, const struct graphene_manifest *manifest,
	const char *chroot, json_t *hashed, struct error *err)
{
	bool is_graphene = manifest->generation == GRAPHENE_GENERATION_GRAPHENE;
	json_t *sgx = json_object_get(tree, "sgx");
	AUTO(trusted_files_free)
	struct trusted_files files = trusted_files_start(manifest->generation, chroot, hashed);
	if (!hash_preloaded(&files, manifest_string(tree, "loader.preload", ""), err) ||
		!trusted_files_add_list(&files, &manifest->trusted, err))
		return false;
	json_object_set(sgx, "trusted_files", is_graphene ? files.uris : files.list);
	if (is_graphene)
		json_object_set(sgx, "trusted_checksum", files.checksums);
	else
		json_object_del(sgx, "trusted_checksum");
	return is_graphene || hash_libos(tree, hashed, err);
}

void signed_manifest_put(const json_t *tree, struct buf *out)
{
	AUTO(buf_free) struct buf body = { 0 };
	toml_write(tree, &body);
	if (graphene_generation_of_tree(tree) == GRAPHENE_GENERATION_GRAPHENE)
		buf_put_text(out, "# DO NOT MODIFY. THIS FILE WAS AUTO-GENERATED.\n\n");
	buf_put(out, body.data, body.size);
}
