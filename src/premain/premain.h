/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a started process to an activated Marble (spec premain.md clause 2). Two programs do this:
 * an executable that then turns into the application, and a library that is loaded into it. One
 * thread, no loop, and nothing is changed before the Coordinator has said yes.
 */
#ifndef PREMAIN_PREMAIN_H
#define PREMAIN_PREMAIN_H

#include "base/error.h"

/* What the application is to be started with, secrets among it. Both lists end with NULL. */
struct workload {
	char **env;  /* the whole environment */
	char **argv; /* NULL if the manifest gives none */
};

/* Wipes and frees it: for an application that could not be started. */
void workload_free(struct workload *workload);

/*
 * Activates the Marble and writes its files. On failure it has said why on stderr, nothing has been
 * done for the application, and the process is to end with status 1.
 */
bool premain_run(struct workload *workload);

/* The last words of a process: the error, and what to do about it unless hint is NULL. */
void premain_report(const struct error *err, const char *hint);

#endif
