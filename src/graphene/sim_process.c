/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_process.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define PROC_FILE_MAX 4096 /* status and stat are shorter */

/* Reads /proc/ID/NAME as text; false if it is not there. */
static bool read_proc_file(int proc, pid_t id, const char *name, char text[PROC_FILE_MAX])
{
	char path[64];
	snprintf(path, sizeof(path), "%d/%s", (int)id, name);
	AUTO(auto_close) int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, PROC_FILE_MAX - 1);
	if (got <= 0)
		return false;
	text[got] = 0;
	return true;
}

/* The number behind "\nNAME:\t" in a status file. */
static bool status_number(const char *status, const char *label, unsigned long *value)
{
	const char *at = strstr(status, label);
	if (!at)
		return false;
	*value = strtoul(at + strlen(label), NULL, 10);
	return true;
}

/* Field 22 of stat. Field 2 is a name in parentheses, which may hold anything. */
static bool start_time(const char *stat, uint64_t *started)
{
	const char *at = strrchr(stat, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return false;
	*started = strtoull(at, NULL, 10);
	return true;
}

bool sim_process_of_thread(int proc, pid_t thread, struct sim_process *process)
{
	char text[PROC_FILE_MAX];
	unsigned long id;
	if (thread <= 0 || !read_proc_file(proc, thread, "status", text) ||
		!status_number(text, "\nTgid:\t", &id))
		return false;
	process->id = (pid_t)id;
	return read_proc_file(proc, process->id, "stat", text) &&
	       start_time(text, &process->started);
}

bool sim_process_lives(int proc, const struct sim_process *process)
{
	char text[PROC_FILE_MAX];
	uint64_t started;
	return read_proc_file(proc, process->id, "stat", text) && start_time(text, &started) &&
	       started == process->started;
}

unsigned sim_process_threads(int proc, pid_t id)
{
	char text[PROC_FILE_MAX];
	unsigned long threads = 0;
	return read_proc_file(proc, id, "status", text) &&
			       status_number(text, "\nThreads:\t", &threads)
		       ? (unsigned)threads
		       : 0;
}
