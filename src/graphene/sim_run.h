/* SPDX-License-Identifier: Apache-2.0 */
/* Runs an application the way graphene-sgx does, without SGX. */
#ifndef GRAPHENE_SIM_RUN_H
#define GRAPHENE_SIM_RUN_H

#include "graphene/sim_launch.h"

#define SIM_EXIT_FAILED      1 /* the application could not be started */
#define SIM_EXIT_NO_MANIFEST 2

struct sim_options {
	struct sim_host host;
	const char *libpal;    /* NULL: the installed one */
	const char *platform;  /* folder; NULL: the user's own */
	const char *log_level; /* NULL: the manifest's */
};

/*
 * Returns the exit status: the application's, 128 + N if signal N ended it, or one of the above
 * after a message on stderr. The process is to exit with it at once. Relative URIs of the manifest
 * are looked for in the current folder.
 */
int sim_run(const struct sim_options *options);

/* False if there is no such level. */
bool sim_set_log_level(const char *name);

#endif
