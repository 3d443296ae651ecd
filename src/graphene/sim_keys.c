/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_keys.h"

#include "base/memory.h"

#include <string.h>

struct key {
	char *name;
	bool is_set;
	uint8_t value[GRAPHENE_WRAP_KEY_SIZE];
};

struct sim_keys {
	struct key *items;
	size_t count;
};

/* `*name == '_'` stands for seal keys, which nobody sets. */
static void add(struct sim_keys *keys, const char *name)
{
	if (*name != '_' && sim_keys_find(keys, name) == keys->count)
		keys->items[keys->count++].name = xstrdup(name);
}

struct sim_keys *sim_keys_new(const struct graphene_manifest *manifest)
{
	struct sim_keys *keys = xcalloc(1, sizeof(*keys));
	size_t most = 2 + manifest->wrap_key_count + manifest->mount_count;
	keys->items = xcalloc(most, sizeof(*keys->items));
	add(keys, GRAPHENE_DEFAULT_KEY);
	if (manifest->root.key_name)
		add(keys, manifest->root.key_name);
	for (size_t i = 0; i < manifest->mount_count; i++) {
		if (manifest->mounts[i].key_name)
			add(keys, manifest->mounts[i].key_name);
	}
	for (size_t i = 0; i < manifest->wrap_key_count; i++) {
		const struct graphene_wrap_key *preset = &manifest->wrap_keys[i];
		add(keys, preset->name);
		sim_keys_set(keys, sim_keys_find(keys, preset->name), preset->key);
	}
	return keys;
}

void sim_keys_free(struct sim_keys *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; i < keys->count; i++) {
		free(keys->items[i].name);
		memory_wipe(&keys->items[i], sizeof(keys->items[i]));
	}
	free(keys->items);
	free(keys);
}

size_t sim_keys_count(const struct sim_keys *keys)
{
	return keys->count;
}

const char *sim_keys_name(const struct sim_keys *keys, size_t number)
{
	return keys->items[number].name;
}

size_t sim_keys_find(const struct sim_keys *keys, const char *name)
{
	size_t number = 0;
	while (number < keys->count && strcmp(keys->items[number].name, name) != 0)
		number++;
	return number;
}

const uint8_t *sim_keys_get(const struct sim_keys *keys, size_t number)
{
	bool is_set = number < keys->count && keys->items[number].is_set;
	return is_set ? keys->items[number].value : NULL;
}

void sim_keys_set(struct sim_keys *keys, size_t number, const uint8_t key[GRAPHENE_WRAP_KEY_SIZE])
{
	memcpy(keys->items[number].value, key, GRAPHENE_WRAP_KEY_SIZE);
	keys->items[number].is_set = true;
}
