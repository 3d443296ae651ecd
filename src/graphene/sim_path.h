/* SPDX-License-Identifier: Apache-2.0 */
/* Normalised paths as text: "" is the launcher's folder, "/" the root, no other ends with '/'. */
#ifndef GRAPHENE_SIM_PATH_H
#define GRAPHENE_SIM_PATH_H

#include <stdbool.h>
#include <stdint.h>

/* True if path is folder itself or lies below it, by whole components. */
bool sim_path_covers(const char *folder, const char *path);

/* What of path lies below folder, without leading slash; NULL if folder does not cover it. */
const char *sim_path_below(const char *folder, const char *path);

/* folder with name (which may have several components or none) below it. The caller frees. */
char *sim_path_join(const char *folder, const char *name);

/* The form that system calls want: "." for "". */
const char *sim_path_on_host(const char *path);

/* For tables and made-up inode numbers; another seed gives another hash. */
uint64_t sim_path_hash(uint64_t seed, const char *path);

#endif
