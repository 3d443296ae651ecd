/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads for what takes long, such as generating RSA keys: event loops hand it over and go on.
 * Each starts when there is work for it, so that an enclave with few threads needs them only then.
 */
#ifndef COORDINATOR_WORKER_H
#define COORDINATOR_WORKER_H

#include "base/error.h"

#include <stddef.h>

struct worker;

struct worker *worker_new(size_t threads_max);
/* Ends after what is running now; what still waits is dropped. NULL is accepted. */
void worker_free(struct worker *worker);

/*
 * Has `run` called by one of the threads, in the order of the calls of this function, or `drop` if
 * the worker ends first. From any thread. False, and neither is called, if too much waits already
 * or no thread can be started: ERROR_UNAVAILABLE.
 */
bool worker_submit(struct worker *worker, void (*run)(void *context), void (*drop)(void *context),
	void *context, struct error *err);

#endif
