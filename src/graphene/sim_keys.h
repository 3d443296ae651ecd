/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of protected files that the application sets by name, or the manifest has set (spec
 * graphene-attestation.md clause 6). Number 0 is the one that Graphene has, "default". Not for
 * several threads at once.
 */
#ifndef GRAPHENE_SIM_KEYS_H
#define GRAPHENE_SIM_KEYS_H

#include "base/cleanup.h"
#include "graphene/manifest.h"

struct sim_keys;

/* All names that the manifest mentions, but for those of seal keys. */
struct sim_keys *sim_keys_new(const struct graphene_manifest *manifest);
void sim_keys_free(struct sim_keys *keys);

size_t sim_keys_count(const struct sim_keys *keys);
const char *sim_keys_name(const struct sim_keys *keys, size_t number);
/* The count when there is none of this name. */
size_t sim_keys_find(const struct sim_keys *keys, const char *name);

/* NULL while it is not set, or there is no such number. */
const uint8_t *sim_keys_get(const struct sim_keys *keys, size_t number);
void sim_keys_set(struct sim_keys *keys, size_t number, const uint8_t key[GRAPHENE_WRAP_KEY_SIZE]);

#endif
