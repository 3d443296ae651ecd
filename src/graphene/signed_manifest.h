/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the manifest that its author wrote to the one that is measured: defaults spelled out, the
 * library OS named, every trusted file with its SHA-256 (spec graphene-manifest.md clauses 4 and 7,
 * graphene-signing.md clause 1). In this order:
 *
 *	signed_manifest_add_defaults(tree);
 *	manifest = graphene_manifest_of_tree(tree, …);
 *	signed_manifest_add_hashes(tree, manifest, …);
 *	signed_manifest_put(tree, …);
 */
#ifndef GRAPHENE_SIGNED_MANIFEST_H
#define GRAPHENE_SIGNED_MANIFEST_H

#include "base/buf.h"
#include "base/error.h"
#include "graphene/manifest.h"

#include <jansson.h>

/* Adds what is absent, in the generation's spelling. Needs libsysdb.so for Gramine's entry point.
 */
bool signed_manifest_add_defaults(json_t *tree, struct error *err);

/*
 * Replaces the trusted files by those that were found, folders by their files, each with its hash.
 * Trusted files are looked up below `chroot` unless that is NULL. The host paths of all files that
 * were hashed are appended to the array `hashed`. ERROR_NOT_FOUND names entry and file.
 */
bool signed_manifest_add_hashes(json_t *tree, const struct graphene_manifest *manifest,
	const char *chroot, json_t *hashed, struct error *err);

/* Appends the text of APP.manifest.sgx. */
void signed_manifest_put(const json_t *tree, struct buf *out);

#endif
