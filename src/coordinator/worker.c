/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/worker.h"

#include "base/memory.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define WAITING_MAX 256 /* each may hold a request of 4 MiB */

struct task {
	struct task *next;
	void (*run)(void *context);
	void (*drop)(void *context);
	void *context;
};

struct worker {
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t changed;
	pthread_t *threads;
	size_t threads_max;
	size_t thread_count;
	size_t idle_count;
	struct task *first;
	struct task **last;
	size_t waiting;
	bool is_ending;
};

struct worker *worker_new(size_t threads_max)
{
	struct worker *worker = xcalloc(1, sizeof(*worker));
	worker->threads_max = threads_max;
	worker->threads = xcalloc(threads_max, sizeof(*worker->threads));
	worker->last = &worker->first;
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->changed, NULL);
	return worker;
}

static struct task *take(struct worker *worker)
{
	struct task *task = worker->first;
	if (!task)
		return NULL;
	worker->first = task->next;
	if (!worker->first)
		worker->last = &worker->first;
	worker->waiting--;
	return task;
}

/* The next task; NULL when the worker ends. */
static struct task *wait_for_task(struct worker *worker)
{
	struct task *task = NULL;
	pthread_mutex_lock(&worker->lock);
	worker->idle_count++;
	while (!worker->is_ending && !(task = take(worker)))
		pthread_cond_wait(&worker->changed, &worker->lock);
	worker->idle_count--;
	pthread_mutex_unlock(&worker->lock);
	return task;
}

static void *work(void *context)
{
	sigset_t all;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL); /* signals are for the main thread */
	for (struct task *task; (task = wait_for_task(context)); free(task))
		task->run(task->context);
	return NULL;
}

/* One more thread if those there are busy. */
static bool have_thread(struct worker *worker)
{
	if (worker->idle_count > worker->waiting || worker->thread_count == worker->threads_max)
		return true;
	if (!pthread_create(&worker->threads[worker->thread_count], NULL, work, worker))
		worker->thread_count++;
	return worker->thread_count > 0;
}

static void append(struct worker *worker, struct task *task)
{
	*worker->last = task;
	worker->last = &task->next;
	worker->waiting++;
	pthread_cond_signal(&worker->changed);
}

bool worker_submit(struct worker *worker, void (*run)(void *context), void (*drop)(void *context),
	void *context, struct error *err)
{
	bool accepted = false;
	pthread_mutex_lock(&worker->lock);
	if (worker->waiting == WAITING_MAX) {
		error_set(err, ERROR_UNAVAILABLE, "too many requests wait: try again later");
	} else if (!have_thread(worker)) {
		error_set(err, ERROR_UNAVAILABLE,
			"cannot start a thread: allow more threads (sgx.max_threads)");
	} else {
		struct task *task = xcalloc(1, sizeof(*task));
		*task = (struct task){ .run = run, .drop = drop, .context = context };
		append(worker, task);
		accepted = true;
	}
	pthread_mutex_unlock(&worker->lock);
	return accepted;
}

void worker_free(struct worker *worker)
{
	if (!worker)
		return;
	pthread_mutex_lock(&worker->lock);
	worker->is_ending = true;
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
	for (size_t i = 0; i < worker->thread_count; i++)
		pthread_join(worker->threads[i], NULL);
	for (struct task *task; (task = take(worker)); free(task))
		task->drop(task->context);
	pthread_cond_destroy(&worker->changed);
	pthread_mutex_destroy(&worker->lock);
	free(worker->threads);
	free(worker);
}
