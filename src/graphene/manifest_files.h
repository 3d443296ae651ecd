/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of trusted, allowed and protected files, in both forms (spec graphene-manifest.md
 * clause 7). */
#ifndef GRAPHENE_MANIFEST_FILES_H
#define GRAPHENE_MANIFEST_FILES_H

#include "base/error.h"
#include "graphene/manifest.h"

#include <jansson.h>
#include <stdbool.h>

/* Sets trusted, allowed and protected_files, with the hashes of a signed manifest. */
bool manifest_read_files(const json_t *tree, struct graphene_manifest *manifest, struct error *err);
void manifest_free_files(struct graphene_file_list *list);

#endif
