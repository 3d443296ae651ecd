/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "coordinator/worker.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#define LIMIT 256

/* What tasks tell, and what they wait for. */
struct told {
	sem_t started;
	sem_t may_end;
	sem_t ended;
	atomic_int run;
	atomic_int dropped;
};

static void run(void *context)
{
	struct told *told = context;
	sem_post(&told->started);
	sem_wait(&told->may_end);
	told->run++;
	sem_post(&told->ended);
}

static void drop(void *context)
{
	struct told *told = context;
	told->dropped++;
}

static void init(struct told *told)
{
	*told = (struct told){ .run = 0 };
	sem_init(&told->started, 0, 0);
	sem_init(&told->may_end, 0, 0);
	sem_init(&told->ended, 0, 0);
}

static void submit(struct worker *worker, struct told *told)
{
	struct error err = { 0 };
	assert_success(worker_submit(worker, run, drop, told, &err), err);
}

static void tasks_run_side_by_side_up_to_the_number_of_threads(void **state)
{
	(void)state;
	struct told told;
	init(&told);
	struct worker *worker = worker_new(2);
	for (int i = 0; i < 3; i++)
		submit(worker, &told);
	sem_wait(&told.started);
	sem_wait(&told.started);
	assert_int_equal(sem_trywait(&told.started), -1); /* the third waits */
	sem_post(&told.may_end);
	sem_wait(&told.ended);
	sem_wait(&told.started); /* … for one of the others to end */
	sem_post(&told.may_end);
	sem_post(&told.may_end);
	sem_wait(&told.ended);
	sem_wait(&told.ended);
	submit(worker, &told); /* a thread that had nothing to do takes it */
	sem_wait(&told.started);
	sem_post(&told.may_end);
	worker_free(worker);
	assert_int_equal(told.run, 4);
	assert_int_equal(told.dropped, 0);
}

static void what_waits_at_the_end_is_dropped(void **state)
{
	(void)state;
	struct told told;
	init(&told);
	struct worker *worker = worker_new(1);
	for (int i = 0; i < 5; i++)
		submit(worker, &told);
	sem_wait(&told.started);
	for (int i = 0; i < 5; i++)
		sem_post(&told.may_end);
	worker_free(worker);
	assert_true(told.run >= 1);
	assert_int_equal(told.run + told.dropped, 5);
}

static void too_many_are_refused(void **state)
{
	(void)state;
	struct told told;
	struct error err = { 0 };
	init(&told);
	struct worker *worker = worker_new(1);
	submit(worker, &told);
	sem_wait(&told.started);
	for (int i = 0; i < LIMIT; i++)
		submit(worker, &told);
	assert_failure(worker_submit(worker, run, drop, &told, &err), err, ERROR_UNAVAILABLE,
		"too many requests wait");
	for (int i = 0; i < LIMIT + 1; i++)
		sem_post(&told.may_end);
	worker_free(worker);
	assert_int_equal(told.run + told.dropped, LIMIT + 1);
}

static void a_worker_without_work_ends(void **state)
{
	(void)state;
	worker_free(worker_new(3));
	worker_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_run_side_by_side_up_to_the_number_of_threads),
		cmocka_unit_test(what_waits_at_the_end_is_dropped),
		cmocka_unit_test(too_many_are_refused),
		cmocka_unit_test(a_worker_without_work_ends),
	};
	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
