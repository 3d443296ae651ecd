/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/manifest_wrap_keys.h"

#include "base/hex.h"
#include "base/memory.h"
#include "graphene/manifest_value.h"

#include <string.h>

static void add_key(struct graphene_manifest *manifest, const char *name, const char *hex)
{
	struct graphene_wrap_key *key = &manifest->wrap_keys[manifest->wrap_key_count++];
	key->name = xstrdup(name);
	/* manifest_check_keys has found the digits right */
	(void)hex_decode_exact(key->key, sizeof(key->key), hex);
}

bool manifest_is_key_name(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

bool manifest_read_wrap_keys(
	const json_t *tree, struct graphene_manifest *manifest, struct error *err)
{
	static const char *const of_default[] = { "sgx.protected_files_key",
		"sgx.insecure__protected_files_key" };
	const json_t *table = manifest_value(tree, "fs.insecure__keys");
	const char *name;
	json_t *value;
	manifest->wrap_keys = xcalloc(json_object_size(table) + 2, sizeof(*manifest->wrap_keys));
	for (size_t i = 0; i < 2; i++) {
		const char *hex = manifest_string(tree, of_default[i], NULL);
		if (hex)
			add_key(manifest, GRAPHENE_DEFAULT_KEY, hex);
	}
	json_object_foreach((json_t *)table, name, value)
	{
		if (!manifest_is_key_name(name) || *name == '_')
			return error_set(err, ERROR_INVALID,
				"'fs.insecure__keys': \"%s\" cannot be the name of a key: it is no "
				"name of a file or starts with \"_\", which is reserved",
				name);
		add_key(manifest, name, json_string_value(value));
	}
	return true;
}

void manifest_free_wrap_keys(struct graphene_manifest *manifest)
{
	for (size_t i = 0; i < manifest->wrap_key_count; i++) {
		free(manifest->wrap_keys[i].name);
		memory_wipe(manifest->wrap_keys[i].key, sizeof(manifest->wrap_keys[i].key));
	}
	free(manifest->wrap_keys);
}
