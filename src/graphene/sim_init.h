/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PID 1 of the sandbox: starts the application, passes signals on to it, reaps what it leaves
 * behind and ends with its status. (An application that is PID 1 itself could not be killed by its
 * own abort().)
 */
#ifndef GRAPHENE_SIM_INIT_H
#define GRAPHENE_SIM_INIT_H

#include "graphene/manifest.h"
#include "graphene/sim_launch.h"
#include "graphene/sim_sandbox.h"

#include <signal.h>

struct sim_start {
	const struct sim_sandbox *sandbox;
	const struct graphene_manifest *manifest;
	const struct sim_program *program;
	int channel;
	sigset_t signals; /* mask that the application starts with */
	bool own_group;   /* make the application leader of a process group */
};

/* Confines this process, then runs the application. The launcher's status is that of this process.
 */
_Noreturn void sim_init_run(const struct sim_start *start);

#endif
