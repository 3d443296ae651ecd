/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_init.h"

#include "base/cleanup.h"
#include "base/supervise.h"
#include "graphene/sim_channel.h"
#include "graphene/sim_notice.h"
#include "graphene/sim_seccomp.h"

#include <errno.h>
#include <linux/close_range.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define START_FAILED  1
#define FD_LIMIT_HARD 65536 /* spec graphene-process-model.md clause 1 */

/* Lowers a limit; an unprivileged process cannot raise the hard one. */
static bool limit(int resource, rlim_t soft, rlim_t hard, const char *key, struct error *err)
{
	struct rlimit old;
	if (getrlimit(resource, &old))
		return error_errno(err, "cannot read the limit for %s", key);
	hard = hard < old.rlim_max ? hard : old.rlim_max;
	struct rlimit wanted = { soft < hard ? soft : hard, hard };
	return !setrlimit(resource, &wanted) ||
	       error_errno(err, "cannot set the limit for %s", key);
}

static bool set_limits(const struct graphene_manifest *manifest, struct error *err)
{
	rlim_t fds = manifest->fd_limit;
	return limit(RLIMIT_CORE, 0, 0, "core dumps", err) &&
	       limit(RLIMIT_NOFILE, fds, fds > FD_LIMIT_HARD ? fds : FD_LIMIT_HARD, "sys.fds.limit",
		       err) &&
	       limit(RLIMIT_STACK, manifest->stack_size, RLIM_INFINITY, "sys.stack.size", err) &&
	       limit(RLIMIT_AS, manifest->enclave_size, manifest->enclave_size, "sgx.enclave_size",
		       err);
}

static bool hand_over_listener(const struct sim_start *start, struct error *err)
{
	AUTO(auto_close)
	int listener = sim_seccomp_install(start->manifest->disallow_subprocesses, err);
	return listener >= 0 && sim_channel_send(start->channel, listener, err);
}

static bool explain_exec(const struct sim_program *program, struct error *err)
{
	struct stat st;
	if (errno == ENOENT && !stat(program->path, &st))
		return error_set(err, ERROR_NOT_FOUND,
			"cannot start %s: its ELF interpreter is in no folder of LD_LIBRARY_PATH; "
			"mount the runtime on /lib and set loader.env.LD_LIBRARY_PATH",
			program->path);
	error_errno(err, "cannot start %s", program->path);
	if (errno == EACCES)
		error_prefix(err,
			"program and ELF interpreter must be trusted or allowed, and executable");
	return false;
}

/* The last steps, in the process that becomes the application. Returns only on failure. */
static bool become_application(const struct sim_start *start, struct error *err)
{
	const struct graphene_manifest *manifest = start->manifest;
	umask(022);
	if (start->own_group && setpgid(0, 0))
		return error_errno(err, "cannot make a process group");
	if (chdir(manifest->start_dir))
		return error_errno(err, "cannot change to fs.start_dir %s", manifest->start_dir);
	/* nothing of ours, and nothing that the launcher was started with, but 0, 1 and 2 */
	if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC))
		return error_errno(err, "cannot close descriptors");
	if (!hand_over_listener(start, err) || !set_limits(manifest, err))
		return false;
	sigprocmask(SIG_SETMASK, &start->signals, NULL);
	execve(start->program->path, start->program->argv.items, start->program->envp.items);
	return explain_exec(start->program, err);
}

static pid_t start_application(const struct sim_start *start)
{
	pid_t child = fork();
	if (child)
		return child;
	struct error err = { 0 };
	become_application(start, &err);
	sim_complain(&err);
	_exit(START_FAILED);
}

/* Reaps whoever is dead; ends with the application's status when that is among them. */
static void reap(pid_t application)
{
	int status;
	for (pid_t dead; (dead = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (dead == application)
			_exit(supervise_exit_status(status));
	}
}

static _Noreturn void serve_application(pid_t application)
{
	sigset_t signals;
	supervise_signals(&signals);
	for (;;) {
		int signal = sigwaitinfo(&signals, NULL);
		if (signal == SIGCHLD)
			reap(application);
		else if (signal > 0)
			kill(application, signal);
	}
}

void sim_init_run(const struct sim_start *start)
{
	struct error err = { 0 };
	if (!sim_sandbox_enter(start->sandbox, start->channel, &err)) {
		sim_complain(&err);
		_exit(START_FAILED);
	}
	pid_t application = start_application(start);
	if (application < 0) {
		error_errno(&err, "cannot start a process");
		sim_complain(&err);
		_exit(START_FAILED);
	}
	/* a terminal signals its foreground group; what is meant for us comes from the launcher */
	setpgid(0, 0);
	close(start->channel);
	serve_application(application);
}
