/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which host files the application may open, and how (spec graphene-manifest.md clause 7).
 *
 * A path here is a normalised host path in the form in which the manifest's URIs name it: "" is the
 * launcher's folder, a relative path is relative to it, and nothing makes a path absolute.
 */
#ifndef GRAPHENE_SIM_POLICY_H
#define GRAPHENE_SIM_POLICY_H

#include "base/error.h"
#include "graphene/manifest.h"

#include <stdbool.h>
#include <sys/stat.h>

enum sim_verdict {
	SIM_UNLISTED,  /* on no list */
	SIM_TRUSTED,   /* read-only, content known */
	SIM_ALLOWED,   /* whatever the host permits */
	SIM_PROTECTED, /* listed as protected: only what is decrypted may be seen of it */
};

enum sim_access {
	SIM_READ,
	SIM_WRITE,  /* opening for writing, truncating, chmod, unlinking, renaming */
	SIM_CREATE, /* a file that does not exist yet */
};

struct sim_policy;

/*
 * Keeps a reference to the manifest. ERROR_INVALID when a trusted file has no hash, because then
 * the manifest was never signed.
 */
struct sim_policy *sim_policy_new(const struct graphene_manifest *manifest, struct error *err);
void sim_policy_free(struct sim_policy *policy);

/*
 * Hashes all trusted files with as many threads. ERROR_DENIED for a changed one, with both hashes
 * in the message, ERROR_NOT_FOUND for a missing one; Gramine finds out at the first open, so by its
 * rules a missing file is only logged. To be called before the application runs.
 */
bool sim_policy_verify(struct sim_policy *policy, unsigned threads, struct error *err);

enum sim_verdict sim_policy_judge(const struct sim_policy *policy, const char *path);

/* 0, or EACCES after a log line that says what was refused. */
int sim_policy_check(const struct sim_policy *policy, const char *path, enum sim_access access);

/*
 * The name of the key with which a file at this path is encrypted by one of the manifest's lists;
 * NULL if it is on none. It goes before the verdict of the other lists.
 */
const char *sim_policy_key_name(const struct sim_policy *policy, const char *path);

/* True if the file that was opened at a trusted path is still the one that was hashed. */
bool sim_policy_is_unchanged(
	const struct sim_policy *policy, const char *path, const struct stat *opened);

/* True if everything that is or will be below the folder is allowed. */
bool sim_policy_allows_folder(const struct sim_policy *policy, const char *path);

#endif
