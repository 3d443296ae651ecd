/* SPDX-License-Identifier: Apache-2.0 */
/* fs.root, fs.mount, fs.mounts and fs.start_dir (spec graphene-manifest.md clause 6). */
#ifndef GRAPHENE_MANIFEST_MOUNTS_H
#define GRAPHENE_MANIFEST_MOUNTS_H

#include "base/error.h"
#include "graphene/manifest.h"

#include <jansson.h>
#include <stdbool.h>

/* Sets root, mounts in the order of mounting, and start_dir. */
bool manifest_read_mounts(
	const json_t *tree, bool strict, struct graphene_manifest *manifest, struct error *err);
void manifest_free_mount(struct graphene_mount *mount);

#endif
