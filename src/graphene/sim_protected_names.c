/* SPDX-License-Identifier: Apache-2.0 */
/* What is done with protected files by name; see sim_protected.h. */
#include "graphene/sim_protected_private.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

bool sim_protected_is_side(const char *path, size_t *length)
{
	size_t all = strlen(path);
	size_t suffix = strlen(SIDE_FILE_SUFFIX);
	if (all <= suffix || strcmp(path + all - suffix, SIDE_FILE_SUFFIX) != 0)
		return false;
	if (length)
		*length = all - suffix;
	return true;
}

static bool stat_open(struct sim_protected *all, struct stat *st)
{
	struct sim_protected_file *file = sim_protected_find(all, st);
	if (!file)
		return false;
	pthread_mutex_lock(&file->lock);
	st->st_size = (off_t)protected_file_size(file->content);
	if (protected_file_is_dirty(file->content))
		st->st_mtim = file->changed;
	pthread_mutex_unlock(&file->lock);
	return true;
}

bool sim_protected_stat(
	struct sim_protected *all, const struct sim_protected_name *name, struct stat *st)
{
	AUTO(sim_protected_unlock) struct sim_protected *locked = sim_protected_lock(all);
	struct error err = { 0 };
	if (stat_open(locked, st) || !name)
		return true;
	AUTO(auto_protected_file)
	struct protected_file *content = sim_protected_peek(all, name, &err);
	st->st_size = content ? (off_t)protected_file_size(content) : 0;
	if (!content)
		log_debug(
			"Cannot look at protected file", "file", name->path, "reason", err.message);
	return content != NULL;
}

int sim_protected_truncate(
	struct sim_protected *all, const struct sim_protected_name *name, uint64_t size)
{
	struct sim_protected_file *file;
	int fd;
	int error = sim_protected_open(all, name, O_RDWR, 0, &file, &fd);
	if (error)
		return error;
	close(fd);
	error = sim_protected_resize(file, size);
	if (!error)
		error = sim_protected_flush(file);
	sim_protected_close(file);
	return error;
}

/* NULL if it is not open. With the list locked. */
static struct sim_protected_file *find_by_path(struct sim_protected *all, const char *path)
{
	struct stat st;
	return stat(path, &st) ? NULL : sim_protected_find(all, &st);
}

int sim_protected_settle(struct sim_protected *all, const char *path)
{
	AUTO(sim_protected_unlock) struct sim_protected *locked = sim_protected_lock(all);
	struct sim_protected_file *file = find_by_path(locked, path);
	return file ? sim_protected_flush(file) : 0;
}

/* For a file whose name goes; who has it open keeps it. With the list locked. */
static void take_name(struct sim_protected_file *file)
{
	if (!file)
		return;
	pthread_mutex_lock(&file->lock);
	protected_file_forget_side(file->content);
	free(file->path);
	file->path = NULL;
	pthread_mutex_unlock(&file->lock);
}

int sim_protected_unlink(struct sim_protected *all, const char *path)
{
	AUTO(sim_protected_unlock) struct sim_protected *locked = sim_protected_lock(all);
	struct sim_protected_file *file = find_by_path(locked, path);
	if (unlink(path))
		return errno;
	take_name(file);
	side_file_remove_beside(path);
	return 0;
}

/* Gives the name back when the host does not rename. */
static int rename_bound(struct sim_protected_file *file, const char *new_path)
{
	struct error err = { 0 };
	if (!protected_file_rename(file->content, new_path, &err))
		return sim_protected_failed(file->path, "Cannot rename protected file", &err);
	if (!rename(file->path, new_path))
		return 0;
	int error = errno;
	if (!protected_file_rename(file->content, file->path, &err))
		log_error("Cannot bind protected file to its old path again", "file", file->path,
			"reason", err.message);
	return error;
}

/* A new name is no change of the content, though it is written to the file. */
static void keep_time(const struct sim_protected_file *file, const struct stat *before)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, before->st_mtim };
	(void)futimens(file->fd, times);
}

static int rename_open(
	struct sim_protected *all, struct sim_protected_file *file, const char *new_path)
{
	struct stat before;
	int flushed = sim_protected_flush(file);
	if (flushed || fstat(file->fd, &before))
		return flushed ? flushed : errno;
	struct sim_protected_file *replaced = find_by_path(all, new_path);
	pthread_mutex_lock(&file->lock);
	int error = file->path ? rename_bound(file, new_path) : ENOENT;
	if (!error) {
		keep_time(file, &before);
		/* the side file has the old name, and is of no use any more */
		side_file_remove_beside(file->path);
		side_file_remove_beside(new_path);
		protected_file_move_side(file->content);
		free(file->path);
		file->path = xstrdup(new_path);
	}
	pthread_mutex_unlock(&file->lock);
	if (!error && replaced != file)
		take_name(replaced);
	return error;
}

int sim_protected_rename(
	struct sim_protected *all, const struct sim_protected_name *name, const char *new_path)
{
	AUTO(sim_protected_unlock) struct sim_protected *locked = sim_protected_lock(all);
	struct sim_protected_file *file;
	int fd;
	int error = sim_protected_open_locked(locked, name, O_RDWR, 0, &file, &fd);
	if (error)
		return error;
	close(fd);
	error = rename_open(all, file, new_path);
	sim_protected_close_locked(file);
	return error;
}
