/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/loop.h"

#include "base/log.h"
#include "base/memory.h"
#include "coordinator/client_api.h"
#include "coordinator/mesh_api.h"
#include "coordinator/metrics_api.h"

#include <fcntl.h>

/* Three times what grpc allows: a manifest in base64 within JSON. */
#define BODY_MAX     (12U << 20)
#define IDLE_SECONDS 60

struct loop_task {
	struct loop_task *next;
	void (*run)(void *context);
	void *context;
};

/* All tasks, in the order in which they were posted. */
static struct loop_task *take_tasks(struct loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	struct loop_task *newest = loop->tasks;
	loop->tasks = NULL;
	pthread_mutex_unlock(&loop->lock);
	struct loop_task *oldest = NULL;
	while (newest) {
		struct loop_task *older = newest->next;
		newest->next = oldest;
		oldest = newest;
		newest = older;
	}
	return oldest;
}

static void run_tasks(struct loop *loop)
{
	struct loop_task *task = take_tasks(loop);
	while (task) {
		struct loop_task *next = task->next;
		task->run(task->context);
		free(task);
		task = next;
	}
}

static void on_woken(int fd, short what, void *context)
{
	(void)what;
	struct loop *loop = context;
	char sink[64];
	/* empty or not: the tasks tell what is to be done */
	(void)!read(fd, sink, sizeof(sink));
	run_tasks(loop);
	if (loop->is_stopping)
		event_base_loopbreak(loop->base);
}

static bool init_waking(struct loop *loop, struct error *err)
{
	if (pipe2(loop->wake, O_CLOEXEC | O_NONBLOCK))
		return error_errno(err, "cannot make a pipe");
	loop->woken = event_new(loop->base, loop->wake[0], EV_READ | EV_PERSIST, on_woken, loop);
	if (!loop->woken || event_add(loop->woken, NULL))
		return error_set(err, ERROR_INTERNAL, "cannot set up an event loop");
	return true;
}

/* Something that a thread of the worker does for a loop. */
struct errand {
	struct loop *loop;
	void (*run)(void *context);
	void (*done)(void *context);
	void *context;
};

static void finish_errand(void *context)
{
	struct errand *errand = context;
	errand->done(errand->context);
	free(errand);
}

static void run_errand(void *context)
{
	struct errand *errand = context;
	errand->run(errand->context);
	loop_post(errand->loop, finish_errand, errand);
}

static void submit(struct worker *worker, const struct errand *given)
{
	struct error err = { 0 };
	struct errand *errand = xcalloc(1, sizeof(*errand));
	*errand = *given;
	if (worker_submit(worker, run_errand, finish_errand, errand, &err))
		return;
	log_warn("A request is turned away", "error", err.message);
	loop_post(errand->loop, finish_errand, errand);
}

void loop_offload(
	struct loop *loop, void (*run)(void *context), void (*done)(void *context), void *context)
{
	submit(loop->worker, &(struct errand){ loop, run, done, context });
}

void loop_offload_waiting(
	struct loop *loop, void (*run)(void *context), void (*done)(void *context), void *context)
{
	submit(loop->waiting_worker, &(struct errand){ loop, run, done, context });
}

static void offload(void *loop, void (*run)(void *job), void (*done)(void *job), void *job)
{
	loop_offload(loop, run, done, job);
}

static bool init_servers(struct loop *loop, const struct loop_config *config, struct error *err)
{
	const struct http_server_config client = {
		.base = loop->base,
		.listener = config->client_listener,
		.tls = config->client_tls,
		.handle = client_api_handle,
		.context = config->core,
		.offload = offload,
		.offload_context = loop,
		.takes_time = client_api_takes_time,
		.body_max = BODY_MAX,
		.connections_max = config->client_connections,
		.idle_seconds = IDLE_SECONDS,
		.error_level = config->http_error_level,
	};
	const struct http_server_config metrics = {
		.base = loop->base,
		.listener = config->metrics_listener,
		.handle = metrics_api_handle,
		.context = config->core,
		.idle_seconds = IDLE_SECONDS,
	};
	loop->client_server = http_server_new(&client, err);
	if (config->metrics_listener >= 0) {
		loop->metrics_server = http_server_new(&metrics, err);
		if (!loop->metrics_server)
			return false;
	}
	loop->mesh_server = mesh_api_serve(loop, config->mesh_listener, config->mesh_tls,
		config->mesh_connections, IDLE_SECONDS, err);
	return loop->client_server && loop->mesh_server;
}

bool loop_init(struct loop *loop, const struct loop_config *config, struct error *err)
{
	*loop = (struct loop){ .core = config->core,
		.worker = config->worker,
		.waiting_worker = config->waiting_worker,
		.wake = { -1, -1 } };
	pthread_mutex_init(&loop->lock, NULL);
	loop->base = event_base_new();
	if (!loop->base)
		return error_set(err, ERROR_INTERNAL, "cannot set up an event loop");
	return init_waking(loop, err) && init_servers(loop, config, err);
}

void loop_run(struct loop *loop)
{
	event_base_dispatch(loop->base);
}

static void wake(struct loop *loop)
{
	/* a full pipe wakes as well */
	(void)!write(loop->wake[1], "", 1);
}

static void stop_here(void *context)
{
	struct loop *loop = context;
	loop->is_stopping = true;
}

void loop_stop(struct loop *loop)
{
	loop_post(loop, stop_here, loop);
}

void loop_post(struct loop *loop, void (*run)(void *context), void *context)
{
	struct loop_task *task = xcalloc(1, sizeof(*task));
	task->run = run;
	task->context = context;
	pthread_mutex_lock(&loop->lock);
	task->next = loop->tasks;
	loop->tasks = task;
	pthread_mutex_unlock(&loop->lock);
	wake(loop);
}

void loop_close(struct loop *loop)
{
	if (!loop->base)
		return;
	http_server_free(loop->client_server);
	http_server_free(loop->metrics_server);
	grpc_server_free(loop->mesh_server);
	loop->client_server = NULL;
	loop->metrics_server = NULL;
	loop->mesh_server = NULL;
	/* libevent frees a connection in two more turns of the loop, or never */
	while (event_base_get_num_events(loop->base, EVENT_BASE_COUNT_ACTIVE) > 0)
		event_base_loop(loop->base, EVLOOP_NONBLOCK);
}

void loop_free(struct loop *loop)
{
	if (!loop->base)
		return;
	run_tasks(loop);
	if (loop->woken)
		event_free(loop->woken);
	auto_close(&loop->wake[0]);
	auto_close(&loop->wake[1]);
	event_base_free(loop->base);
	pthread_mutex_destroy(&loop->lock);
}
