/* SPDX-License-Identifier: Apache-2.0 */
/* The application's processes, as the /proc of its PID namespace tells about them. */
#ifndef GRAPHENE_SIM_PROCESS_H
#define GRAPHENE_SIM_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A number may come again, but not with the same start time. execve and threads change neither. */
struct sim_process {
	pid_t id; /* of the thread group */
	uint64_t started;
};

/*
 * The process that a thread belongs to; `proc` is a descriptor of the folder /proc that knows the
 * thread by this number. False if there is no such thread any more.
 */
bool sim_process_of_thread(int proc, pid_t thread, struct sim_process *process);

bool sim_process_lives(int proc, const struct sim_process *process);

/* Number of threads, 0 if there is no such process. */
unsigned sim_process_threads(int proc, pid_t id);

#endif
