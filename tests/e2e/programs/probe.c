/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an application finds out about the world it runs in: probe COMMAND [ARGUMENT]... A failed
 * call ends it with status 1 and the name of the errno on stdout.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static int number(const char *text)
{
	return (int)strtol(text, NULL, 10);
}

static int failed(void)
{
	printf("%s\n", strerrorname_np(errno));
	return 1;
}

static int show_arguments(char **args)
{
	for (; *args; args++)
		printf("%s\n", *args);
	return 0;
}

static int show_environment(char **args)
{
	(void)args;
	return show_arguments(environ);
}

static int show_entry(const char *path, const struct stat *info, int type, struct FTW *place)
{
	(void)place;
	if (type != FTW_F)
		return 0;
	printf("file %o ", info->st_mode & 07777);
	FILE *file = fopen(path, "r");
	for (int byte; file && (byte = getc(file)) != EOF;)
		printf("%02x", (unsigned)byte);
	printf(" %s%c", path, 0);
	return file ? fclose(file) : -1;
}

/*
 * All that a program is given: arguments, environment, and the files below the folders that are
 * named. Each fact ends with NUL.
 */
static int show_world(char **args)
{
	for (char **argument = args - 2; *argument; argument++)
		printf("argument %s%c", *argument, 0);
	for (char **variable = environ; *variable; variable++)
		printf("variable %s%c", *variable, 0);
	for (; *args; args++) {
		if (nftw(*args, show_entry, 8, FTW_PHYS))
			return failed();
	}
	return 0;
}

static int show_system(char **args)
{
	(void)args;
	struct utsname name;
	if (uname(&name))
		return failed();
	printf("%s\n%s\n%s\n%s\n%s\n%s\n", name.sysname, name.nodename, name.release, name.version,
		name.machine, name.domainname);
	return 0;
}

static int uname_nowhere(char **args)
{
	(void)args;
	return syscall(SYS_uname, 16L) ? failed() : 0;
}

static int show_identity(char **args)
{
	(void)args;
	mode_t mask = umask(0);
	printf("uid %u %u gid %u %u groups %d umask %03o pgrp %d sid %d ppid %d\n", getuid(),
		geteuid(), getgid(), getegid(), getgroups(0, NULL), mask, getpgrp() == getpid(),
		getsid(0), getppid());
	return 0;
}

static int show_descriptors(char **args)
{
	(void)args;
	DIR *entries = opendir("/proc/self/fd");
	for (struct dirent *entry; entries && (entry = readdir(entries));) {
		if (entry->d_name[0] != '.' && number(entry->d_name) != dirfd(entries))
			printf("%s\n", entry->d_name);
	}
	return entries ? 0 : failed();
}

static int show_limits(char **args)
{
	(void)args;
	static const int resources[] = { RLIMIT_AS, RLIMIT_STACK, RLIMIT_NOFILE, RLIMIT_CORE };
	for (size_t i = 0; i < 4; i++) {
		struct rlimit limit;
		getrlimit(resources[i], &limit);
		printf("%lu\n", limit.rlim_cur);
	}
	return 0;
}

static int take_memory(char **args)
{
	size_t size = strtoull(args[0], NULL, 0) << 20;
	void *memory = malloc(size);
	if (!memory)
		return failed();
	free(memory);
	return puts("got it") < 0;
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *wait_at_gate(void *unused)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	return unused;
}

/* How many threads can live at the same time, the first one counted. */
static int count_threads(char **args)
{
	int wanted = number(args[0]);
	pthread_t threads[256];
	int count = 0;
	pthread_mutex_lock(&gate);
	while (count + 1 < wanted &&
		!(errno = pthread_create(&threads[count], NULL, wait_at_gate, NULL)))
		count++;
	printf("%d %s\n", count + 1, count + 1 < wanted ? strerrorname_np(errno) : "enough");
	pthread_mutex_unlock(&gate);
	while (count)
		pthread_join(threads[--count], NULL);
	return 0;
}

/* Starts and joins one thread after the other, as many as said. */
static int repeat_threads(char **args)
{
	pthread_t thread;
	for (int i = number(args[0]); i; i--) {
		if ((errno = pthread_create(&thread, NULL, wait_at_gate, NULL)))
			return failed();
		pthread_join(thread, NULL);
	}
	return 0;
}

static int fork_once(char **args)
{
	(void)args;
	pid_t child = fork();
	if (child < 0)
		return failed();
	if (!child)
		_exit(7);
	int status;
	waitpid(child, &status, 0);
	printf("child %d\n", WEXITSTATUS(status));
	return 0;
}

static int exit_with(char **args)
{
	exit(number(args[0]));
}

static int die_by(char **args)
{
	raise(number(args[0]));
	return failed();
}

static int use_stack(int frames)
{
	volatile char frame[4096];
	frame[0] = 1;
	return frames ? use_stack(frames - 1) + frame[0] : 0;
}

static int use_stack_pages(char **args)
{
	printf("%d\n", use_stack(number(args[0])));
	return 0;
}

/* Says which signals arrive, until SIGTERM. */
static int await_signals(char **args)
{
	(void)args;
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int signal = sigwaitinfo(&all, NULL);
		printf("%s\n", sigabbrev_np(signal));
		fflush(stdout);
		if (signal == SIGTERM)
			return 33;
	}
}

/* Starts a child that stays behind, then waits for stdin to end. */
static int leave_child(char **args)
{
	(void)args;
	char byte;
	if (!fork()) {
		for (;;)
			pause();
	}
	puts("ready");
	fflush(stdout);
	return (int)read(0, &byte, 1);
}

static void tell(const char *call, long result)
{
	printf("%s %s\n", call, result < 0 ? strerrorname_np(errno) : "succeeded");
}

static int call_forbidden(char **args)
{
	(void)args;
	tell("unshare", unshare(CLONE_NEWUSER));
	tell("setns", setns(0, 0));
	tell("clone3", syscall(SYS_clone3, NULL, 0L));
	tell("keyctl", syscall(SYS_keyctl, 0L, -3L, 0L));
	tell("newuser", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
	tell("tiocsti", ioctl(0, TIOCSTI, "x"));
	tell("mount", mount("x", "/", "tmpfs", 0, NULL));
	tell("chroot", chroot("/"));
	tell("ptrace", ptrace(PTRACE_ATTACH, 1, 0, 0));
	return 0;
}

static bool put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return written;
}

/* Report data of the quote that this process gets, as text. */
static void show_report_data(const char *who)
{
	char quote[8192] = { 0 };
	int fd = open("/dev/attestation/quote", O_RDONLY);
	if (fd < 0 || read(fd, quote, sizeof(quote)) < 432)
		printf("%s has no quote\n", who);
	else
		printf("%s \"%.64s\"\n", who, quote + 368);
	fflush(stdout);
	close(fd);
}

static void *show_in_thread(void *unused)
{
	show_report_data("thread");
	return unused;
}

/* Whose report data goes where: threads, forked children, programs that follow. */
static int share_report_data(char **args)
{
	pthread_t thread;
	if (args[0]) {
		show_report_data("exec");
		return 0;
	}
	if (!put_file("/dev/attestation/user_report_data", "of the parent"))
		return failed();
	pthread_create(&thread, NULL, show_in_thread, NULL);
	pthread_join(thread, NULL);
	pid_t child = fork();
	if (!child) {
		show_report_data("child");
		put_file("/dev/attestation/user_report_data", "of the child");
		show_report_data("child");
		_exit(0);
	}
	waitpid(child, NULL, 0);
	execl("/proc/self/exe", "probe", "report-data", "again", NULL);
	return failed();
}

static const struct {
	const char *name;
	int (*run)(char **args);
} commands[] = {
	{ "args", show_arguments },
	{ "env", show_environment },
	{ "world", show_world },
	{ "uname", show_system },
	{ "uname-nowhere", uname_nowhere },
	{ "id", show_identity },
	{ "fds", show_descriptors },
	{ "limits", show_limits },
	{ "memory", take_memory },
	{ "threads", count_threads },
	{ "repeat-threads", repeat_threads },
	{ "fork", fork_once },
	{ "exit", exit_with },
	{ "die", die_by },
	{ "stack", use_stack_pages },
	{ "signals", await_signals },
	{ "leave", leave_child },
	{ "forbidden", call_forbidden },
	{ "report-data", share_report_data },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++) {
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argv + 2);
	}
	/* without a command of ours: what a program is started with, all of it */
	return show_arguments(argv);
}
