/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event loop with its own listeners and connections, and the way for other threads to have
 * something done on it.
 */
#ifndef COORDINATOR_LOOP_H
#define COORDINATOR_LOOP_H

#include "coordinator/core.h"
#include "coordinator/worker.h"
#include "grpc/server.h"
#include "http/server.h"

#include <event2/event.h>

struct loop_task;

struct loop_config {
	struct core *core;
	struct worker *worker;
	struct worker *waiting_worker;
	int client_listener; /* listening, non-blocking; the loop closes them */
	int mesh_listener;
	int metrics_listener; /* -1 for none */
	SSL_CTX *client_tls;
	SSL_CTX *mesh_tls;
	size_t client_connections; /* at most */
	size_t mesh_connections;
	enum log_level http_error_level;
};

struct loop {
	struct core *core;
	struct worker *worker;
	struct worker *waiting_worker; /* for what waits for others and would hold up the rest */
	struct event_base *base;
	struct http_server *client_server;
	struct grpc_server *mesh_server;
	struct http_server *metrics_server; /* NULL for none */
	struct grpc_method mesh_methods[2];
	int wake[2]; /* pipe */
	struct event *woken;
	pthread_mutex_t lock;    /* of the tasks */
	struct loop_task *tasks; /* newest first */
	bool is_stopping;
};

bool loop_init(struct loop *loop, const struct loop_config *config, struct error *err);
/* Returns after loop_stop. */
void loop_run(struct loop *loop);
/* From any thread. */
void loop_stop(struct loop *loop);

/*
 * Has `run` called on the loop's thread soon, or, if the loop ends first, by loop_free. From any
 * thread.
 */
void loop_post(struct loop *loop, void (*run)(void *context), void *context);

/*
 * Has `run` called by a thread of the worker and then `done` on the loop's thread, or `done` alone
 * when too much waits already or the program ends. From the loop's thread.
 */
void loop_offload(
	struct loop *loop, void (*run)(void *context), void (*done)(void *context), void *context);

/* The same for what waits for collateral. */
void loop_offload_waiting(
	struct loop *loop, void (*run)(void *context), void (*done)(void *context), void *context);

/* Closes the connections. Calls that nobody will answer any more learn that they are gone. */
void loop_close(struct loop *loop);
/* After loop_close and the end of the worker, when nobody posts any more. */
void loop_free(struct loop *loop);

#endif
