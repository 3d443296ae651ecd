/* SPDX-License-Identifier: Apache-2.0 */
/* The launcher's side of sim_seccomp.h: answers to uname and to the making of threads. */
#include "graphene/sim_seccomp.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"
#include "graphene/sim_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

/*
 * A thread that was joined may be counted for a moment longer: before a thread is refused, the
 * number is looked at again, this often and with such a pause.
 */
#define RECOUNTS         20
#define RECOUNT_PAUSE_NS 1000000L

/* Spec graphene-process-model.md clause 1. */
static const struct utsname libos = {
	.sysname = "Linux",
	.nodename = "localhost",
	.release = "3.10.0",
	.version = "1",
	.machine = "x86_64",
	.domainname = "(none)",
};

/* Writes to the memory of the thread that waits for the answer. 0 or an errno. */
static int answer_uname(int listener, const struct seccomp_notif *call)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%u/mem", call->pid);
	AUTO(auto_close) int memory = open(path, O_WRONLY | O_CLOEXEC);
	if (memory < 0)
		return EFAULT;
	/* the thread may be gone and its number in use again: then the descriptor is a stranger's
	 */
	if (seccomp_notify_id_valid(listener, call->id))
		return ESRCH;
	ssize_t written = pwrite(memory, &libos, sizeof(libos), (off_t)call->data.args[0]);
	return written == sizeof(libos) ? 0 : EFAULT;
}

static void report_refusal(const struct sim_answers *answers)
{
	AUTO(auto_free)
	char *message = xasprintf(
		"No more threads: sgx.thread_num (sgx.max_threads) = %u leaves %u to a process",
		answers->thread_num, answers->max_threads);
	log_error(message, "remedy", "raise it in the manifest and sign again");
}

/* Two threads that start threads at the same moment may both get the last free place. */
static int answer_clone(const struct sim_answers *answers, int proc,
	const struct seccomp_notif *call, bool *reported)
{
	for (int i = 0; i < RECOUNTS; i++) {
		unsigned threads = sim_process_threads(proc, (pid_t)call->pid);
		if (!threads)
			return ESRCH;
		if (threads < answers->max_threads)
			return 0;
		nanosleep(&(struct timespec){ .tv_nsec = RECOUNT_PAUSE_NS }, NULL);
	}
	if (!*reported)
		report_refusal(answers);
	*reported = true;
	return EAGAIN;
}

/* False when everybody under the filter is gone. */
static bool wait_for_call(int listener)
{
	struct pollfd ready = { .fd = listener, .events = POLLIN };
	while (poll(&ready, 1, -1) < 0 && errno == EINTR)
		;
	return ready.revents & POLLIN;
}

void sim_seccomp_answer(const struct sim_answers *answers)
{
	struct seccomp_notif *call = NULL;
	struct seccomp_notif_resp *answer = NULL;
	AUTO(auto_close) int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool reported = false;
	if (proc < 0 || seccomp_notify_alloc(&call, &answer))
		return;
	while (wait_for_call(answers->listener)) {
		memset(call, 0, sizeof(*call));
		memset(answer, 0, sizeof(*answer));
		if (seccomp_notify_receive(answers->listener, call))
			continue; /* the caller died meanwhile */
		bool is_clone = call->data.nr == SCMP_SYS(clone);
		answer->id = call->id;
		answer->error = -(is_clone ? answer_clone(answers, proc, call, &reported)
					   : answer_uname(answers->listener, call));
		if (is_clone && !answer->error)
			answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		/* fails when the thread does not wait any more, which is fine */
		(void)seccomp_notify_respond(answers->listener, answer);
	}
	seccomp_notify_free(call, answer);
}
