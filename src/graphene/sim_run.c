/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_run.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/supervise.h"
#include "graphene/paths.h"
#include "graphene/sim_channel.h"
#include "graphene/sim_enclave.h"
#include "graphene/sim_fuse.h"
#include "graphene/sim_init.h"
#include "graphene/sim_notice.h"
#include "graphene/sim_platform.h"
#include "graphene/sim_seccomp.h"

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>

/* Everything about one run; lives until the process ends, as threads use it. */
struct run {
	const struct sim_options *options;
	struct sim_enclave enclave;
	struct sim_policy *policy;
	struct sim_program program;
	struct sim_tree tree;
	struct sim_fs fs;
	int channel; /* to PID 1 */
	pid_t init;
	bool own_group;
};

bool sim_set_log_level(const char *name)
{
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = { { "none", LOG_OFF }, { "error", LOG_ERROR }, { "warning", LOG_WARN },
		{ "debug", LOG_DEBUG }, { "trace", LOG_DEBUG }, { "all", LOG_DEBUG } };
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		if (!strcmp(levels[i].name, name)) {
			log_configure(levels[i].level, LOG_CONSOLE);
			return true;
		}
	}
	return false;
}

/* All that can be known before anything is started. */
static bool prepare(struct run *run, struct error *err)
{
	const struct sim_options *options = run->options;
	/* what is odd about a manifest was told when it was signed */
	log_configure(LOG_ERROR, LOG_CONSOLE);
	if (!sim_enclave_load(&run->enclave, options->host.app, err))
		return false;
	const struct graphene_manifest *manifest = run->enclave.manifest;
	sim_set_log_level(options->log_level ? options->log_level : manifest->log_level);
	run->policy = sim_policy_new(manifest, err);
	if (!run->policy ||
		!sim_program_prepare(&run->program, manifest, run->policy, &options->host, err) ||
		!sim_tree_build(&run->tree, manifest, err))
		return false;
	sim_tree_add_interpreters(&run->tree, sim_program_getenv(&run->program, "LD_LIBRARY_PATH"));
	return true;
}

/* Files of the application are files of this process: it needs room for all processes' together. */
static void raise_fd_limit(void)
{
	struct rlimit fds;
	if (getrlimit(RLIMIT_NOFILE, &fds))
		return;
	fds.rlim_cur = fds.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &fds);
}

/* Those that are waited for. */
static void block_signals(sigset_t *before)
{
	sigset_t waited_for;
	supervise_signals(&waited_for);
	sigprocmask(SIG_BLOCK, &waited_for, before);
}

static bool start_sandbox(struct run *run, struct error *err)
{
	int ends[2];
	struct sim_sandbox sandbox = { &run->tree,
		{ run->enclave.manifest->uid, run->enclave.manifest->gid, geteuid(), getegid() } };
	struct sim_start start = { &sandbox, run->enclave.manifest, &run->program, -1, { { 0 } },
		run->own_group };
	/* only root can do without the groups of its session, and needs them least */
	(void)setgroups(0, NULL);
	block_signals(&start.signals);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return error_errno(err, "cannot make a channel to the sandbox");
	run->init = sim_sandbox_fork(err);
	close(ends[run->init ? 1 : 0]);
	if (run->init) {
		run->channel = ends[0];
		/* PID 1 ends with us, so until the application runs a signal does what it always
		 * does */
		sigaddset(&start.signals, SIGCHLD);
		sigprocmask(SIG_SETMASK, &start.signals, NULL);
		return run->init > 0;
	}
	start.channel = ends[1];
	sim_init_run(&start);
}

struct einit {
	const struct sim_enclave *enclave;
	const char *libpal;
	struct sgx_report_body self;
	struct error err;
	bool passed;
};

static void *verify_enclave(void *argument)
{
	struct einit *einit = argument;
	einit->passed =
		sim_enclave_verify(einit->enclave, einit->libpal, &einit->self, &einit->err);
	return NULL;
}

/* Measures the enclave and hashes the trusted files at the same time. */
static bool verify(struct run *run, struct sgx_report_body *self, struct error *err)
{
	AUTO(auto_free)
	char *libpal = run->options->libpal ? xstrdup(run->options->libpal)
					    : graphene_libdir_path(GRAPHENE_LIBPAL, err);
	if (!libpal)
		return false;
	struct einit einit = { .enclave = &run->enclave, .libpal = libpal };
	pthread_t thread;
	errno = pthread_create(&thread, NULL, verify_enclave, &einit);
	if (errno)
		return error_errno(err, "cannot start a thread");
	bool trusted = sim_policy_verify(run->policy, (unsigned)get_nprocs(), err);
	pthread_join(thread, NULL);
	if (!einit.passed && err)
		*err = einit.err;
	*self = einit.self;
	return trusted && einit.passed;
}

static struct platform *open_platform(void *context, struct error *err)
{
	const struct run *run = context;
	return sim_platform_open(run->options->platform, err);
}

static bool process_lives(void *context, const struct sim_process *process)
{
	const struct run *run = context;
	return sim_process_lives(run->fs.proc, process);
}

static bool start_attestation(
	struct run *run, const struct sgx_report_body *self, struct error *err)
{
	const struct graphene_manifest *manifest = run->enclave.manifest;
	struct sim_attestation_host host = { open_platform, process_lives, run };
	run->fs.attestation = sim_attestation_new(manifest, self, &host);
	/* what the user has asked for must be there; else it is enough when it is needed */
	run->fs.protected_files = sim_protected_new(manifest->generation, run->fs.attestation);
	bool now = run->options->platform || manifest->attestation != GRAPHENE_ATTESTATION_NONE;
	return !now || sim_attestation_open_platform(run->fs.attestation, err);
}

/* Takes the last that the sandbox sends, then answers its system calls. */
static void *answer(void *argument)
{
	struct run *run = argument;
	struct sim_answers answers = {
		.listener = sim_channel_receive(run->channel, NULL),
		.max_threads = sim_enclave_app_threads(&run->enclave),
		.thread_num = run->enclave.manifest->thread_num,
	};
	if (answers.listener >= 0)
		sim_seccomp_answer(&answers);
	return NULL;
}

static bool serve(struct run *run, struct error *err)
{
	pthread_t thread;
	run->fs.proc = sim_channel_receive(run->channel, err);
	int fuse = run->fs.proc < 0 ? -1 : sim_channel_receive(run->channel, err);
	if (fuse < 0)
		return false;
	run->fs.tree = &run->tree;
	run->fs.policy = run->policy;
	run->fs.uid = run->enclave.manifest->uid;
	run->fs.gid = run->enclave.manifest->gid;
	sim_fs_set_up(&run->fs);
	if (!sim_fuse_serve(&run->fs, fuse, err))
		return false;
	errno = pthread_create(&thread, NULL, answer, run);
	if (errno)
		return error_errno(err, "cannot start a thread");
	pthread_detach(thread);
	return true;
}

/* The sandbox waits for its file system, so nothing of the application runs before this is done. */
static bool start_application(struct run *run, struct error *err)
{
	struct sgx_report_body self;
	if (!verify(run, &self, err) || !start_attestation(run, &self, err))
		return false;
	if (log_enabled(LOG_FATAL))
		sim_notice_insecurity(run->enclave.manifest);
	/* files get exactly the mode that the application asks for, after its own umask */
	umask(0);
	signal(SIGPIPE, SIG_IGN);
	/* a file that the host lets grow no further is the application's error, not our end */
	signal(SIGXFSZ, SIG_IGN);
	block_signals(NULL);
	return serve(run, err);
}

int sim_run(const struct sim_options *options)
{
	struct error err = { 0 };
	struct run *run = xcalloc(1, sizeof(*run));
	run->options = options;
	run->own_group = supervise_own_group();
	signal(SIGCHLD, SIG_DFL);
	if (!prepare(run, &err)) {
		sim_complain(&err);
		return err.kind == ERROR_NOT_FOUND && !run->enclave.manifest ? SIM_EXIT_NO_MANIFEST
									     : SIM_EXIT_FAILED;
	}
	if (!start_sandbox(run, &err)) {
		sim_complain(&err);
		return SIM_EXIT_FAILED;
	}
	raise_fd_limit();
	if (start_application(run, &err)) {
		int status = supervise(run->init, run->own_group);
		sim_protected_finish(run->fs.protected_files);
		return status;
	}
	/* PID 1 has said itself why it does not answer */
	if (err.kind != ERROR_UNAVAILABLE)
		sim_complain(&err);
	kill(run->init, SIGKILL);
	waitpid(run->init, NULL, 0);
	return SIM_EXIT_FAILED;
}
