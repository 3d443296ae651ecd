/* SPDX-License-Identifier: Apache-2.0 */
/* What benchmarks share: the clock, the median, the line that tools/run-bench reads. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* For what cannot fail in a benchmark that means anything. */
#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static inline double bench_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* `ratio` is figure to limit. */
static inline void bench_print(const char *name, double figure, const char *unit, double limit)
{
	printf("{\"name\":\"%s\",\"figure\":%.2f,\"unit\":\"%s\",\"limit\":%.2f,\"ratio\":%.2f}\n",
		name, figure, unit, limit, figure / limit);
	fflush(stdout);
}

#endif
