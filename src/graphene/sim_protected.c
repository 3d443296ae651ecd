/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_protected.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"
#include "graphene/sim_protected_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

struct sim_protected *sim_protected_new(
	enum graphene_generation generation, struct sim_attestation *attestation)
{
	struct sim_protected *all = xcalloc(1, sizeof(*all));
	/* what every release of that generation can read */
	all->format = generation == GRAPHENE_GENERATION_GRAPHENE ? PROTECTED_GRAPHENE
								 : PROTECTED_GRAMINE_1;
	all->attestation = attestation;
	pthread_mutex_init(&all->lock, NULL);
	return all;
}

struct sim_protected *sim_protected_lock(struct sim_protected *all)
{
	pthread_mutex_lock(&all->lock);
	return all;
}

void sim_protected_unlock(struct sim_protected **all)
{
	pthread_mutex_unlock(&(*all)->lock);
}

static struct sim_protected_file *lock_file(struct sim_protected_file *file)
{
	pthread_mutex_lock(&file->lock);
	return file;
}

static void unlock_file(struct sim_protected_file **file)
{
	pthread_mutex_unlock(&(*file)->lock);
}

int sim_protected_failed(const char *path, const char *event, const struct error *err)
{
	int error = err->kind == ERROR_INTERNAL ? errno : EACCES;
	log_error(event, "file", path, "reason", err->message);
	return error;
}

static int failed(const struct sim_protected_file *file, const char *event, const struct error *err)
{
	return sim_protected_failed(file->path ? file->path : "(deleted)", event, err);
}

static struct sim_protected_file *file_of_side(struct side_file *side)
{
	return (struct sim_protected_file *)side;
}

static struct host_file *open_side(struct side_file *side, bool create)
{
	const char *path = file_of_side(side)->path;
	struct host_file *opened = side_file_open_beside(path, create);
	if (!opened && create)
		log_warn(
			"Cannot make the side file of a protected file; a crash while it is written "
			"will leave it corrupted",
			"file", path, "reason", strerror(errno));
	return opened;
}

static void remove_side(struct side_file *side)
{
	side_file_remove_beside(file_of_side(side)->path);
}

struct sim_protected_file *sim_protected_find(struct sim_protected *all, const struct stat *st)
{
	struct sim_protected_file *file = all->files;
	while (file && (file->device != st->st_dev || file->inode != st->st_ino))
		file = file->next;
	return file;
}

/* The host's file, for reading and writing, since others may want to write it while it is open. */
static int open_host(const struct sim_protected_name *name, int flags, bool *is_read_only, int *fd)
{
	int always = O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	*fd = open(name->path, O_RDWR | always);
	*is_read_only =
		*fd < 0 && (errno == EACCES || errno == EROFS) && !(flags & (O_ACCMODE | O_TRUNC));
	if (*is_read_only)
		*fd = open(name->path, O_RDONLY | always);
	return *fd < 0 ? errno : 0;
}

static struct protected_options options_of(
	const struct sim_protected *all, const struct sim_protected_name *name, int fd)
{
	return (struct protected_options){
		.host = host_file_of_fd(fd),
		.path = name->path,
		.format = all->format,
		.upgrade = name->enable_recovery,
	};
}

struct protected_file *sim_protected_peek(
	struct sim_protected *all, const struct sim_protected_name *name, struct error *err)
{
	uint8_t key[GRAPHENE_WRAP_KEY_SIZE];
	if (!sim_attestation_get_key(all->attestation, name->key_name, key, err))
		return NULL;
	int fd = open(name->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		error_errno(err, "cannot open it");
		return NULL;
	}
	struct protected_options options = options_of(all, name, fd);
	memcpy(options.key, key, sizeof(options.key));
	struct protected_file *content = protected_file_open(&options, err);
	memory_wipe(key, sizeof(key));
	memory_wipe(&options, sizeof(options));
	return content;
}

static void free_file(struct sim_protected_file *file)
{
	protected_file_close(file->content);
	pthread_mutex_destroy(&file->lock);
	free(file->path);
	free(file);
}

DEFINE_AUTO_FREE(auto_file, struct sim_protected_file *, free_file)

/* Takes the descriptor over. */
static struct sim_protected_file *new_file(struct sim_protected *all,
	const struct sim_protected_name *name, const uint8_t *key, int fd, const struct stat *st,
	struct error *err)
{
	AUTO(auto_file) struct sim_protected_file *file = xcalloc(1, sizeof(*file));
	*file = (struct sim_protected_file){ .side = { open_side, remove_side },
		.all = all,
		.path = xstrdup(name->path),
		.fd = fd,
		.device = st->st_dev,
		.inode = st->st_ino };
	pthread_mutex_init(&file->lock, NULL);
	struct protected_options options = options_of(all, name, fd);
	options.side = &file->side;
	memcpy(options.key, key, sizeof(options.key));
	file->content = protected_file_open(&options, err);
	memory_wipe(&options, sizeof(options));
	if (!file->content)
		return NULL;
	file->next = all->files;
	all->files = file;
	return TAKE(file);
}

/* Takes the descriptor over. */
static int fill_new(struct sim_protected *all, const struct sim_protected_name *name,
	const uint8_t *key, int fd)
{
	struct error err = { 0 };
	struct protected_options options = options_of(all, name, fd);
	memcpy(options.key, key, sizeof(options.key));
	AUTO(auto_protected_file)
	struct protected_file *content = protected_file_create(&options, &err);
	memory_wipe(&options, sizeof(options));
	return content ? 0 : sim_protected_failed(name->path, "Cannot make protected file", &err);
}

/*
 * A new file gets its name when it is one already, so that nobody who dies leaves an empty one,
 * which could not be opened. Until then it has the name that its side file would have.
 */
static int make_new(struct sim_protected *all, const struct sim_protected_name *name,
	const uint8_t *key, mode_t mode)
{
	AUTO(auto_free) char *unfinished = xasprintf("%s" SIDE_FILE_SUFFIX, name->path);
	if (!access(name->path, F_OK))
		return EEXIST;
	int fd = open(unfinished, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode | 0600);
	if (fd < 0)
		return errno;
	int error = fill_new(all, name, key, fd);
	if (!error && rename(unfinished, name->path))
		error = errno;
	if (error)
		unlink(unfinished);
	return error;
}

/* The file that a descriptor of the host leads to: open already, or from now on. */
static int attach(struct sim_protected *all, const struct sim_protected_name *name,
	const uint8_t *key, int fd, struct sim_protected_file **file)
{
	struct error err = { 0 };
	struct stat st;
	if (fstat(fd, &st))
		return errno;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	*file = sim_protected_find(all, &st);
	if (*file)
		return 0;
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		return errno;
	*file = new_file(all, name, key, own, &st, &err);
	return *file ? 0 : sim_protected_failed(name->path, "Cannot open protected file", &err);
}

int sim_protected_open_locked(struct sim_protected *all, const struct sim_protected_name *name,
	int flags, mode_t mode, struct sim_protected_file **file, int *fd)
{
	struct error err = { 0 };
	uint8_t key[GRAPHENE_WRAP_KEY_SIZE];
	AUTO(auto_close) int host = -1;
	struct sim_protected_file *opened = NULL;
	bool is_read_only;
	if (!sim_attestation_get_key(all->attestation, name->key_name, key, &err))
		return sim_protected_failed(name->path, "Cannot open protected file", &err);
	int error = flags & O_CREAT ? make_new(all, name, key, mode) : 0;
	if (error == EEXIST && !(flags & O_EXCL))
		error = 0;
	if (!error)
		error = open_host(name, flags, &is_read_only, &host);
	if (!error)
		error = attach(all, name, key, host, &opened);
	memory_wipe(key, sizeof(key));
	if (!opened)
		return error;
	if (opened->handles++ == 0)
		opened->is_read_only = is_read_only;
	else if (opened->is_read_only && flags & (O_ACCMODE | O_TRUNC))
		error = EACCES;
	if (!error && flags & O_TRUNC)
		error = sim_protected_resize(opened, 0);
	if (error) {
		sim_protected_close_locked(opened);
		return error;
	}
	*file = opened;
	*fd = take_fd(&host);
	return 0;
}

int sim_protected_open(struct sim_protected *all, const struct sim_protected_name *name, int flags,
	mode_t mode, struct sim_protected_file **file, int *fd)
{
	AUTO(sim_protected_unlock) struct sim_protected *locked = sim_protected_lock(all);
	return sim_protected_open_locked(locked, name, flags, mode, file, fd);
}

void sim_protected_close_locked(struct sim_protected_file *file)
{
	if (--file->handles)
		return;
	(void)sim_protected_flush(file);
	struct sim_protected_file **at = &file->all->files;
	while (*at != file)
		at = &(*at)->next;
	*at = file->next;
	free_file(file);
}

void sim_protected_close(struct sim_protected_file *file)
{
	/* what takes long is done before all others have to wait */
	(void)sim_protected_flush(file);
	AUTO(sim_protected_unlock) struct sim_protected *all = sim_protected_lock(file->all);
	(void)all;
	sim_protected_close_locked(file);
}

int sim_protected_read(
	struct sim_protected_file *file, uint64_t offset, size_t size, struct buf *out)
{
	AUTO(unlock_file) struct sim_protected_file *locked = lock_file(file);
	struct error err = { 0 };
	size_t before = out->size;
	size_t got;
	if (!protected_file_read(
		    locked->content, offset, buf_extend(out, size), size, &got, &err)) {
		out->size = before;
		return failed(file, "Cannot read protected file", &err);
	}
	out->size = before + got;
	return 0;
}

/* After a change that may have failed in the middle. */
static int note_change(struct sim_protected_file *file, bool done, const struct error *err)
{
	clock_gettime(CLOCK_REALTIME_COARSE, &file->changed);
	return done ? 0 : failed(file, "Cannot write protected file", err);
}

int sim_protected_write(
	struct sim_protected_file *file, uint64_t offset, struct bytes data, bool appends)
{
	AUTO(unlock_file) struct sim_protected_file *locked = lock_file(file);
	struct error err = { 0 };
	if (appends)
		offset = protected_file_size(locked->content);
	return note_change(file,
		protected_file_write(file->content, offset, data.data, data.size, &err), &err);
}

int sim_protected_resize(struct sim_protected_file *file, uint64_t size)
{
	AUTO(unlock_file) struct sim_protected_file *locked = lock_file(file);
	struct error err = { 0 };
	return note_change(file, protected_file_resize(locked->content, size, &err), &err);
}

int sim_protected_grow(struct sim_protected_file *file, uint64_t size)
{
	return size > sim_protected_size(file) ? sim_protected_resize(file, size) : 0;
}

uint64_t sim_protected_size(struct sim_protected_file *file)
{
	AUTO(unlock_file) struct sim_protected_file *locked = lock_file(file);
	return protected_file_size(locked->content);
}

/* The host's file gets the time of the last change, which is what the application has seen. */
static int write_out(struct sim_protected_file *file, bool durable)
{
	AUTO(unlock_file) struct sim_protected_file *locked = lock_file(file);
	struct error err = { 0 };
	bool was_dirty = protected_file_is_dirty(locked->content);
	if (!(durable ? protected_file_sync(file->content, &err)
		      : protected_file_flush(file->content, &err)))
		return failed(file, "Cannot write protected file", &err);
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, file->changed };
	if (was_dirty && file->changed.tv_sec)
		(void)futimens(file->fd, times);
	return 0;
}

int sim_protected_flush(struct sim_protected_file *file)
{
	return write_out(file, false);
}

int sim_protected_sync(struct sim_protected_file *file)
{
	return write_out(file, true);
}

void sim_protected_finish(struct sim_protected *all)
{
	pthread_mutex_lock(&all->lock);
	for (struct sim_protected_file *file = all->files; file;) {
		struct sim_protected_file *next = file->next;
		file->handles = 1;
		sim_protected_close_locked(file);
		file = next;
	}
}
