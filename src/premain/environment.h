/* SPDX-License-Identifier: Apache-2.0 */
/* The environment of the workload (spec premain.md clauses 2 and 4). */
#ifndef PREMAIN_ENVIRONMENT_H
#define PREMAIN_ENVIRONMENT_H

#include "grpc/marble_messages.h"

/*
 * Leaves only EDG_… and LD_LIBRARY_PATH in the list: the host, which gives the others, is not to be
 * trusted with what the C library and the workload do.
 */
void environment_filter(char **environment);

/*
 * `current` extended and overridden by the variables of the manifest, ended by NULL. NULL with
 * ERROR_INVALID for a variable that no environment can hold. The caller frees.
 */
char **environment_build(
	char *const *current, const Rpc__Parameters *parameters, struct error *err);
/* Wipes the values. */
void environment_free(char **environment);

#endif
