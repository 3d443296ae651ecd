/* SPDX-License-Identifier: Apache-2.0 */
/* Finds and hashes trusted files for a signed manifest, in the form of its generation. */
#ifndef GRAPHENE_TRUSTED_FILES_H
#define GRAPHENE_TRUSTED_FILES_H

#include "base/error.h"
#include "graphene/manifest.h"

#include <jansson.h>

#define TRUSTED_FILES_HASH_TEXT 65 /* hexadecimal SHA-256 with NUL */

struct trusted_files {
	enum graphene_generation generation;
	const char *chroot; /* where paths are looked up; NULL: as they are */
	json_t *hashed;     /* array of the host paths that were hashed; the caller's */
	json_t *uris;       /* Graphene: key to URI */
	json_t *checksums;  /* Graphene: key to SHA-256 */
	json_t *list;       /* Gramine: tables of uri and sha256 */
	json_t *seen;       /* Gramine: the paths in the list */
};

struct trusted_files trusted_files_start(
	enum graphene_generation generation, const char *chroot, json_t *hashed);
void trusted_files_free(struct trusted_files *files);

/* A file of ours by its URI, never below chroot; `key` is its name in Graphene's tables. */
bool trusted_files_add_uri(
	struct trusted_files *files, const char *key, const char *uri, struct error *err);

/* The entries of a manifest's list, folders by the rules of the generation. */
bool trusted_files_add_list(
	struct trusted_files *files, const struct graphene_file_list *list, struct error *err);

/* Hashes one regular file of the host and appends its path to `hashed`. */
bool trusted_files_hash(
	const char *path, char sha256[TRUSTED_FILES_HASH_TEXT], json_t *hashed, struct error *err);

#endif
