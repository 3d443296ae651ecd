/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that do not go to the kernel as they are: uname and the making of threads are
 * answered by the launcher, a few others fail as they do in Graphene.
 */
#ifndef GRAPHENE_SIM_SECCOMP_H
#define GRAPHENE_SIM_SECCOMP_H

#include "base/error.h"

#include <stdbool.h>

/*
 * Puts the filter over the calling thread and all that it starts. Returns the descriptor on which
 * the launcher gets the calls that it answers, -1 on error.
 */
int sim_seccomp_install(bool disallow_subprocesses, struct error *err);

/* What the launcher answers with. */
struct sim_answers {
	int listener;         /* from sim_seccomp_install */
	unsigned max_threads; /* of one process */
	unsigned thread_num;  /* the number in the manifest, for the log */
};

/* Answers until the application is gone. */
void sim_seccomp_answer(const struct sim_answers *answers);

#endif
