/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "graphene/sim_process.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static int open_proc(void)
{
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(proc >= 0);
	return proc;
}

/* What a thread sees, which stays until it is joined. */
struct seen {
	pid_t thread;
	unsigned threads;
	bool found;
	struct sim_process process;
};

static void *look(void *argument)
{
	struct seen *seen = argument;
	AUTO(auto_close) int proc = open_proc();
	seen->thread = gettid();
	seen->threads = sim_process_threads(proc, getpid());
	seen->found = sim_process_of_thread(proc, seen->thread, &seen->process);
	return NULL;
}

static void all_threads_belong_to_one_process(void **state)
{
	(void)state;
	AUTO(auto_close) int proc = open_proc();
	struct sim_process own;
	assert_true(sim_process_of_thread(proc, getpid(), &own));
	assert_int_equal(own.id, getpid());
	assert_true(own.started > 0);
	pthread_t thread;
	struct seen seen = { 0 };
	assert_int_equal(pthread_create(&thread, NULL, look, &seen), 0);
	pthread_join(thread, NULL);
	assert_int_not_equal(seen.thread, getpid());
	assert_true(seen.threads >= 2);
	assert_true(seen.found);
	assert_int_equal(seen.process.id, own.id);
	assert_int_equal(seen.process.started, own.started);
}

static void a_name_with_parentheses_does_not_confuse(void **state)
{
	(void)state;
	AUTO(auto_close) int proc = open_proc();
	struct sim_process before;
	struct sim_process after;
	assert_true(sim_process_of_thread(proc, getpid(), &before));
	assert_int_equal(prctl(PR_SET_NAME, ") Z 1 2 (", 0, 0, 0), 0);
	assert_true(sim_process_of_thread(proc, getpid(), &after));
	assert_int_equal(after.id, before.id);
	assert_int_equal(after.started, before.started);
}

static void a_process_that_is_gone_is_not_found(void **state)
{
	(void)state;
	AUTO(auto_close) int proc = open_proc();
	struct sim_process child;
	int gate[2];
	assert_int_equal(pipe(gate), 0);
	pid_t pid = fork();
	if (!pid) {
		char byte;
		close(gate[1]);
		(void)!read(gate[0], &byte, 1);
		_exit(0);
	}
	assert_true(sim_process_of_thread(proc, pid, &child));
	assert_true(sim_process_lives(proc, &child));
	struct sim_process earlier = { child.id, child.started - 1 };
	assert_false(sim_process_lives(proc, &earlier));
	close(gate[0]);
	close(gate[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(sim_process_lives(proc, &child));
	assert_false(sim_process_of_thread(proc, pid, &child));
	assert_int_equal(sim_process_threads(proc, pid), 0);
	assert_false(sim_process_of_thread(proc, 0, &child));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_threads_belong_to_one_process),
		cmocka_unit_test(a_name_with_parentheses_does_not_confuse),
		cmocka_unit_test(a_process_that_is_gone_is_not_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
