/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define FIRST_SHOWN 0.5 /* seconds; what is done before shows no bar */
#define INTERVAL    0.1
#define WIDTH       40
#define MIB         (1024.0 * 1024.0)

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct progress progress_start(uint64_t total)
{
	return (struct progress){ .total = total, .started = isatty(STDERR_FILENO) ? now() : 0 };
}

static void show(const struct progress *progress, double seconds)
{
	char bar[WIDTH + 1] = { 0 };
	double part = progress->total ? (double)progress->done / (double)progress->total : 1;
	for (int i = 0; i < WIDTH; i++)
		bar[i] = i < (int)(part * WIDTH) ? '=' : ' ';
	fprintf(stderr, "\r[%s] %3d%% of %.0f MiB, %.0f MiB/s ", bar, (int)(part * 100),
		(double)progress->total / MIB, (double)progress->done / MIB / seconds);
	fflush(stderr);
}

void progress_add(struct progress *progress, uint64_t done)
{
	progress->done += done;
	double time = progress->started > 0 ? now() : 0;
	if (time - progress->started < FIRST_SHOWN || time - progress->shown < INTERVAL)
		return;
	progress->shown = time;
	show(progress, time - progress->started);
}

void progress_clear(struct progress *progress)
{
	if (progress->shown > 0)
		fputs("\r\033[K", stderr);
	progress->shown = 0;
}
