/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of protected files that stand in the manifest itself (spec graphene-attestation.md clause
 * 6). */
#ifndef GRAPHENE_MANIFEST_WRAP_KEYS_H
#define GRAPHENE_MANIFEST_WRAP_KEYS_H

#include "graphene/manifest.h"

/* ERROR_INVALID for a name that is reserved or cannot be that of a file. */
bool manifest_read_wrap_keys(
	const json_t *tree, struct graphene_manifest *manifest, struct error *err);
void manifest_free_wrap_keys(struct graphene_manifest *manifest);

/* True if a file in /dev/attestation/keys can have this name. */
bool manifest_is_key_name(const char *name);

#endif
