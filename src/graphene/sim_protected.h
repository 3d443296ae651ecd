/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protected files that are open, each once however many handles it has, and what is done with
 * protected files by name. Host paths are in the form to which files are bound. Functions return 0
 * or an errno, EACCES for whatever is wrong with key, content or path, after a log line with the
 * reason. They may be called from several threads at once.
 */
#ifndef GRAPHENE_SIM_PROTECTED_H
#define GRAPHENE_SIM_PROTECTED_H

#include "base/buf.h"
#include "graphene/manifest.h"
#include "graphene/sim_attestation.h"

#include <sys/stat.h>

struct sim_protected;
struct sim_protected_file;

/* A protected file by name. */
struct sim_protected_name {
	const char *path;
	const char *key_name;
	bool enable_recovery; /* as the mount says: then it gets, or keeps, Gramine's format 2 */
};

struct sim_protected *sim_protected_new(
	enum graphene_generation generation, struct sim_attestation *attestation);

/* Flushes what is open. Nothing can be done with protected files afterwards; calls do not return.
 */
void sim_protected_finish(struct sim_protected *all);

/*
 * `flags` as for open(2), `mode` that of a new file. `fd` gets a descriptor of the host's file for
 * the caller to close, good for fstat alone.
 */
int sim_protected_open(struct sim_protected *all, const struct sim_protected_name *name, int flags,
	mode_t mode, struct sim_protected_file **file, int *fd);
void sim_protected_close(struct sim_protected_file *file);

/* Appends at most size bytes. */
int sim_protected_read(
	struct sim_protected_file *file, uint64_t offset, size_t size, struct buf *out);
/* With `appends` the offset is the end of the file. */
int sim_protected_write(
	struct sim_protected_file *file, uint64_t offset, struct bytes data, bool appends);
int sim_protected_resize(struct sim_protected_file *file, uint64_t size);
/* Makes the file at least so large. */
int sim_protected_grow(struct sim_protected_file *file, uint64_t size);
uint64_t sim_protected_size(struct sim_protected_file *file);
int sim_protected_flush(struct sim_protected_file *file);
int sim_protected_sync(struct sim_protected_file *file);

/*
 * Puts the size of the data, and the time of the last change, in the place of the host's. A file
 * that cannot be decrypted has size 0; then false. Without name only a file that is open is looked
 * for.
 */
bool sim_protected_stat(
	struct sim_protected *all, const struct sim_protected_name *name, struct stat *st);

int sim_protected_truncate(
	struct sim_protected *all, const struct sim_protected_name *name, uint64_t size);
/* Writes what an open file has changed, so that its times on the host may be set. */
int sim_protected_settle(struct sim_protected *all, const char *path);
/* Needs no key. */
int sim_protected_unlink(struct sim_protected *all, const char *path);
/* Binds the file to the new path, replacing what is there. */
int sim_protected_rename(
	struct sim_protected *all, const struct sim_protected_name *name, const char *new_path);

/* True for the name of a side file; `length`, unless NULL, gets that of its main file's name. */
bool sim_protected_is_side(const char *path, size_t *length);

#endif
