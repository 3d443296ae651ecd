/* SPDX-License-Identifier: Apache-2.0 */
/* All keys of all generations of the manifest, in one table (spec graphene-manifest.md clauses 2 to
 * 5). */
#ifndef GRAPHENE_MANIFEST_KEYS_H
#define GRAPHENE_MANIFEST_KEYS_H

#include "base/error.h"
#include "graphene/manifest.h"

#include <jansson.h>
#include <stdbool.h>

/*
 * Checks that each known key has a value of its type; ERROR_INVALID "Cannot parse 'KEY': …", also
 * for keys that are obsolete. Lists, mounts and the environment are left to those who read them.
 * Unknown keys are logged, or errors when `strict`; so are, in a manifest of Gramine, old
 * spellings.
 */
bool manifest_check_keys(
	const json_t *tree, enum graphene_generation generation, bool strict, struct error *err);

/* What becomes of an unknown key, for those who read tables of their own: logged or an error. */
bool manifest_unknown_key(const char *path, bool strict, struct error *err);

#endif
