/* SPDX-License-Identifier: Apache-2.0 */
/*
 * premain_cost ADDRESS TYPE EXECUTABLE LIBRARY: what a premain adds to the start of an application,
 * against the Coordinator at ADDRESS, as a Marble of that TYPE. From fork to main, the median of
 * many starts, and the peak of memory; in comparison to the same application on its own.
 *
 * The application is this program itself: with EDG_BENCH_PIPE in its environment, which the premain
 * hands on, it tells the time to that descriptor and ends.
 */
#include "base/cleanup.h"
#include "base/memory.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define ROUNDS 50

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int be_the_application(const char *descriptor)
{
	double arrived = now();
	return write((int)strtol(descriptor, NULL, 10), &arrived, sizeof(arrived)) ==
			       sizeof(arrived)
		       ? 0
		       : 1;
}

/* How to start it: NULL for what is not used. */
struct way {
	const char *name;
	const char *executable; /* in place of the application */
	const char *library;    /* to be preloaded */
};

struct cost {
	double milliseconds;
	double kilobytes;
};

static void start(const struct way *way, const char *application, int report)
{
	AUTO(auto_free) char *descriptor = xasprintf("%d", report);
	int silent = open("/dev/null", O_WRONLY);
	setenv("EDG_BENCH_PIPE", descriptor, 1);
	if (way->library)
		setenv("LD_PRELOAD", way->library, 1);
	dup2(silent, STDERR_FILENO);
	execl(way->executable ? way->executable : application, application, (char *)NULL);
	_exit(127);
}

static bool measure_once(const struct way *way, const char *application, struct cost *cost)
{
	int report[2];
	double arrived = 0;
	struct rusage usage = { 0 };
	if (pipe(report))
		return false;
	double started = now();
	pid_t child = fork();
	if (child == 0)
		start(way, application, report[1]);
	close(report[1]);
	bool told = read(report[0], &arrived, sizeof(arrived)) == sizeof(arrived);
	close(report[0]);
	wait4(child, NULL, 0, &usage);
	*cost = (struct cost){ arrived - started, (double)usage.ru_maxrss };
	return told;
}

static int compare(const void *a, const void *b)
{
	const struct cost *x = a;
	const struct cost *y = b;
	return (x->milliseconds > y->milliseconds) - (x->milliseconds < y->milliseconds);
}

static bool measure(const struct way *way, const char *application, struct cost *median)
{
	struct cost costs[ROUNDS];
	for (size_t i = 0; i < ROUNDS; i++) {
		if (!measure_once(way, application, &costs[i])) {
			fprintf(stderr,
				"premain_cost: %s: the application was not reached; run it by hand "
				"to see why\n",
				way->name);
			return false;
		}
	}
	qsort(costs, ROUNDS, sizeof(*costs), compare);
	*median = costs[ROUNDS / 2];
	return true;
}

static void print(const char *name, const char *what, const char *unit, double figure, double limit)
{
	printf("{\"name\":\"%s-%s\",\"figure\":%.2f,\"unit\":\"%s\",\"limit\":%.2f,\"ratio\":%.2f}\n",
		name, what, figure, unit, limit, figure / limit);
}

int main(int argc, char **argv)
{
	const char *descriptor = getenv("EDG_BENCH_PIPE");
	char application[PATH_MAX];
	char uuid[] = "/tmp/premain_cost.XXXXXX";
	struct cost plain;
	if (descriptor)
		return be_the_application(descriptor);
	if (argc != 5 || !realpath("/proc/self/exe", application)) {
		fputs("premain_cost ADDRESS TYPE EXECUTABLE LIBRARY\n", stderr);
		return 2;
	}
	const struct way ways[] = {
		{ "plain", NULL, NULL },
		{ "premain-executable", argv[3], NULL },
		{ "premain-library", NULL, argv[4] },
	};
	setenv("EDG_MARBLE_COORDINATOR_ADDR", argv[1], 1);
	setenv("EDG_MARBLE_TYPE", argv[2], 1);
	close(mkstemp(uuid));
	unlink(uuid);
	setenv("EDG_MARBLE_UUID_FILE", uuid, 1);
	bool good = measure(&ways[0], application, &plain);
	for (size_t i = 1; i < 3 && good; i++) {
		struct cost cost;
		good = measure(&ways[i], application, &cost);
		if (!good)
			break;
		print(ways[i].name, "start", "ms", cost.milliseconds, plain.milliseconds);
		print(ways[i].name, "memory", "KiB", cost.kilobytes, plain.kilobytes);
	}
	unlink(uuid);
	return good ? 0 : 1;
}
