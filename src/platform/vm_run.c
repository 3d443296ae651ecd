/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/vm_run.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/namespace.h"
#include "base/supervise.h"
#include "platform/vm_fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define KERNEL_FOLDER "/sys/kernel"
#define CONFIG_FOLDER KERNEL_FOLDER "/config"

DEFINE_AUTO_FREE(auto_closedir, DIR *, closedir)

/* Root, unless it is one of a container without privileges, needs no user namespace. */
static bool enter_namespaces(const struct namespace_ids *ids, struct error *err)
{
	if (!ids->uid && !unshare(CLONE_NEWNS))
		return namespace_separate_mounts(err);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return namespace_refuse("cannot make namespaces", err);
	return namespace_map_ids(ids, err) && namespace_separate_mounts(err);
}

static bool make_place(const char *path, bool is_folder, struct error *err)
{
	AUTO(auto_close) int file = -1;
	if (!is_folder)
		file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0444);
	return (is_folder ? !mkdir(path, 0755) : file >= 0) ||
	       error_errno(err, "cannot make a place to mount on %s", path);
}

/* Puts one thing that was there back. */
static bool put_back(int old, const char *name, struct error *err)
{
	AUTO(auto_free) char *path = xasprintf(KERNEL_FOLDER "/%s", name);
	AUTO(auto_close)
	int mount = open_tree(old, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	struct stat st;
	if (mount < 0 || fstat(mount, &st))
		return error_errno(err, "cannot take over %s", path);
	return make_place(path, S_ISDIR(st.st_mode), err) && namespace_attach(mount, path, err);
}

static bool put_all_back(DIR *old, struct error *err)
{
	for (const struct dirent *entry; (entry = readdir(old));) {
		bool is_dots = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
		if (!is_dots && !put_back(dirfd(old), entry->d_name, err))
			return false;
	}
	return true;
}

/*
 * A kernel without configfs has no place to mount on, and in its sysfs none can be made: its parent
 * is put together anew.
 */
static bool make_config_folder(struct error *err)
{
	static const char *const options[][2] = { { "source", "graphene-platform" },
		{ "mode", "0755" }, { NULL, NULL } };
	AUTO(auto_closedir) DIR *old = opendir(KERNEL_FOLDER);
	if (!old)
		return error_errno(err, "cannot read " KERNEL_FOLDER);
	AUTO(auto_close)
	int folder =
		namespace_make_mount("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err);
	return folder >= 0 && namespace_attach(folder, KERNEL_FOLDER, err) &&
	       put_all_back(old, err) && make_place(CONFIG_FOLDER, true, err);
}

/* Sets the descriptor that is to be served. */
static bool mount_config(const struct namespace_ids *ids, int *device, struct error *err)
{
	if (access(CONFIG_FOLDER, F_OK) && !make_config_folder(err))
		return false;
	*device = namespace_open_fuse(err);
	if (*device < 0)
		return false;
	AUTO(auto_close)
	int config = namespace_make_fuse("graphene-platform", *device, ids, true, err);
	return config >= 0 && namespace_attach(config, CONFIG_FOLDER, err);
}

struct start {
	char *const *command;
	sigset_t signals; /* mask that the command starts with */
	pid_t parent;
	bool own_group;
};

static _Noreturn void become_command(const struct start *start)
{
	/* it does not outlive the kernel that it sees */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != start->parent)
		_exit(VM_EXIT_NO_START);
	if (start->own_group)
		setpgid(0, 0);
	sigprocmask(SIG_SETMASK, &start->signals, NULL);
	execvp(start->command[0], start->command);
	int status = errno == ENOENT ? VM_EXIT_NOT_FOUND : VM_EXIT_NO_START;
	fprintf(stderr, "graphene-platform: cannot start %s: %m\n", start->command[0]);
	_exit(status);
}

static bool start_command(const struct start *start, pid_t *child, struct error *err)
{
	*child = fork();
	if (!*child)
		become_command(start);
	return *child > 0 || error_errno(err, "cannot start a process");
}

bool vm_run(const struct vm_kernel *kernel, char *const *command, int *status, struct error *err)
{
	const struct namespace_ids ids = { geteuid(), getegid(), geteuid(), getegid() };
	struct start start = {
		.command = command, .parent = getpid(), .own_group = supervise_own_group()
	};
	sigset_t signals;
	int device = -1;
	pid_t child;
	supervise_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, &start.signals);
	(void)signal(SIGCHLD, SIG_DFL);
	/* forked before there are threads; what it asks for waits until it is served */
	if (!enter_namespaces(&ids, err) || !mount_config(&ids, &device, err) ||
		!start_command(&start, &child, err))
		return false;
	if (!vm_fs_serve(vm_reports_new(kernel), device, ids.uid, ids.gid, err)) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		return false;
	}
	*status = supervise(child, start.own_group);
	return true;
}
