/* SPDX-License-Identifier: Apache-2.0 */
/* A bar on a terminal for work that takes long enough to be waited for; else nothing. */
#ifndef GRAPHENE_PROGRESS_H
#define GRAPHENE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	uint64_t total; /* bytes */
	uint64_t done;
	double started; /* seconds; 0 where there is no terminal */
	double shown;
};

/* Starts if stderr is a terminal. */
struct progress progress_start(uint64_t total);
void progress_add(struct progress *progress, uint64_t done);
/* Takes the bar away, before other lines are written. */
void progress_clear(struct progress *progress);

#endif
