/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a Coordinator: lets one of its calls on files below FAULT_FOLDER fail, or kills
 * the process there. FAULT_AT is the number of the call, from 1; FAULT_KIND is `kill`, `torn` (a
 * write that gets half of its bytes to the file before the kill), `short` (a write that says so),
 * or the name of an errno. Calls count once the file FAULT_FOLDER.armed is there.
 */
/* ftruncate and ftruncate64 are two functions here */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int calls;

static bool is_armed(const char *folder)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s.armed", folder);
	return !access(path, F_OK);
}

static bool is_below(const char *path)
{
	const char *folder = getenv("FAULT_FOLDER");
	return folder && !strncmp(path, folder, strlen(folder)) && is_armed(folder);
}

static bool is_file_below(int fd)
{
	char link[64];
	char path[PATH_MAX];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t size = readlink(link, path, sizeof(path) - 1);
	path[size > 0 ? size : 0] = 0;
	return is_below(path);
}

static bool is_kind(const char *kind)
{
	const char *wanted = getenv("FAULT_KIND");
	return wanted && !strcmp(wanted, kind);
}

/* Is it this call's turn? */
static bool is_due(void)
{
	const char *at = getenv("FAULT_AT");
	return at && atomic_fetch_add(&calls, 1) + 1 == (int)strtol(at, NULL, 10);
}

/* Kills, or sets errno. */
static int fail(void)
{
	if (is_kind("kill") || is_kind("torn"))
		kill(getpid(), SIGKILL);
	errno = is_kind("EIO") ? EIO : ENOSPC;
	return -1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): libc's names are reserved */
ssize_t write(int fd, const void *data, size_t size)
{
	if (!is_file_below(fd) || !is_due())
		return REAL(write)(fd, data, size);
	ssize_t written = is_kind("torn") || is_kind("short") ? REAL(write)(fd, data, size / 2) : 0;
	if (is_kind("short") && written > 0)
		return written;
	return fail();
}

int fsync(int fd)
{
	return is_file_below(fd) && is_due() ? fail() : REAL(fsync)(fd);
}

int rename(const char *from, const char *to)
{
	return is_below(from) && is_due() ? fail() : REAL(rename)(from, to);
}

int unlink(const char *path)
{
	return is_below(path) && is_due() ? fail() : REAL(unlink)(path);
}

int ftruncate(int fd, off_t size)
{
	return is_file_below(fd) && is_due() ? fail() : REAL(ftruncate)(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
	return ftruncate(fd, size);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
