/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/capture.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#define STEP 4096

DEFINE_AUTO_FREE(auto_actions, posix_spawn_file_actions_t *, posix_spawn_file_actions_destroy)

static bool start(const char *const argv[], int output, pid_t *child, struct error *err)
{
	posix_spawn_file_actions_t storage;
	if (posix_spawn_file_actions_init(&storage))
		return error_set(err, ERROR_INTERNAL, "cannot run %s", argv[0]);
	AUTO(auto_actions) posix_spawn_file_actions_t *actions = &storage;
	errno = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!errno)
		errno = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
	if (!errno)
		errno = posix_spawnp(child, argv[0], actions, NULL, (char *const *)argv, environ);
	if (!errno)
		return true;
	bool missing = errno == ENOENT;
	error_errno(err, "cannot run %s", argv[0]);
	if (err && missing)
		err->kind = ERROR_NOT_FOUND;
	return false;
}

static bool read_all(int fd, size_t max, struct buf *out)
{
	size_t before = out->size;
	for (;;) {
		uint8_t *step = buf_extend(out, STEP);
		ssize_t got = read(fd, step, STEP);
		out->size -= STEP - (got > 0 ? (size_t)got : 0);
		out->data[out->size] = 0;
		if (got == 0)
			return true;
		if ((got < 0 && errno != EINTR) || out->size - before > max)
			return false;
	}
}

static bool wait_for(pid_t child, int *status)
{
	while (waitpid(child, status, 0) < 0) {
		if (errno != EINTR)
			return false;
	}
	return true;
}

bool capture_output(const char *const argv[], size_t max, struct buf *out, struct error *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC))
		return error_errno(err, "cannot run %s", argv[0]);
	AUTO(auto_close) int input = ends[0];
	pid_t child = 0;
	bool started = start(argv, ends[1], &child, err);
	close(ends[1]);
	if (!started)
		return false;
	int status = 0;
	bool complete = read_all(input, max, out);
	close(input);
	input = -1;
	if (!wait_for(child, &status))
		return error_errno(err, "cannot wait for %s", argv[0]);
	if (!complete)
		return error_set(err, ERROR_STATE, "%s printed too much", argv[0]);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_set(err, ERROR_STATE, "%s failed with status %d", argv[0],
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return true;
}
