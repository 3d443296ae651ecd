/* SPDX-License-Identifier: Apache-2.0 */
/* Entry point, arguments and environment (spec graphene-manifest.md clauses 2, 8 and 9). */
#ifndef GRAPHENE_MANIFEST_LOADER_H
#define GRAPHENE_MANIFEST_LOADER_H

#include "base/error.h"
#include "graphene/manifest.h"

#include <jansson.h>
#include <stdbool.h>

/* Expects manifest->generation to be set. */
bool manifest_read_loader(
	const json_t *tree, struct graphene_manifest *manifest, struct error *err);
void manifest_free_loader(struct graphene_manifest *manifest);

#endif
