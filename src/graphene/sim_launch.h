/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments and environment of the first program (spec graphene-manifest.md clauses 8, 9 and 12).
 */
#ifndef GRAPHENE_SIM_LAUNCH_H
#define GRAPHENE_SIM_LAUNCH_H

#include "base/error.h"
#include "graphene/manifest.h"
#include "graphene/sim_policy.h"

#include <stddef.h>

/* Strings as execve takes them: ended by NULL. */
struct sim_strings {
	char **items;
	size_t count;
};

void sim_strings_free(struct sim_strings *strings);

/* What starts the first program. */
struct sim_program {
	char *path; /* absolute path inside */
	struct sim_strings argv;
	struct sim_strings envp;
};

void sim_program_free(struct sim_program *program);

/* What the launcher was given; both ended by NULL. */
struct sim_host {
	const char *app;
	char *const *args; /* those behind APP */
	char *const *envp;
};

/*
 * Fills the program. The files that hold arguments or environment must be trusted or allowed.
 * ERROR_INVALID for combinations that Graphene refuses.
 */
bool sim_program_prepare(struct sim_program *program, const struct graphene_manifest *manifest,
	const struct sim_policy *policy, const struct sim_host *host, struct error *err);

/* The value of a variable in the environment, or NULL. */
const char *sim_program_getenv(const struct sim_program *program, const char *name);

#endif
