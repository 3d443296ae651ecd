/* SPDX-License-Identifier: Apache-2.0 */
/* What sim_protected.c (open files) and sim_protected_names.c (files by name) share. */
#ifndef GRAPHENE_SIM_PROTECTED_PRIVATE_H
#define GRAPHENE_SIM_PROTECTED_PRIVATE_H

#include "graphene/sim_protected.h"
#include "protected/file.h"

#include <pthread.h>

struct sim_protected {
	enum protected_format format; /* of new files */
	struct sim_attestation *attestation;
	pthread_mutex_t lock; /* for the list, and for host paths and names of its files */
	struct sim_protected_file *files;
};

struct sim_protected_file {
	struct side_file side;
	struct sim_protected *all;
	char *path; /* on the host, as long as it has one */
	int fd;     /* the host's file, which `content` closes */
	dev_t device;
	ino_t inode;
	bool is_read_only;
	size_t handles;
	struct sim_protected_file *next;

	pthread_mutex_t lock; /* for what follows; taken after that of `all` */
	struct protected_file *content;
	struct timespec changed; /* when, as long as it is dirty */
};

/* The errno for a failure, which is logged. */
int sim_protected_failed(const char *path, const char *event, const struct error *err);

/* All with the list locked. */
struct sim_protected_file *sim_protected_find(struct sim_protected *all, const struct stat *st);
int sim_protected_open_locked(struct sim_protected *all, const struct sim_protected_name *name,
	int flags, mode_t mode, struct sim_protected_file **file, int *fd);
void sim_protected_close_locked(struct sim_protected_file *file);
int sim_protected_flush_locked(struct sim_protected_file *file);
/* Opens a file that is there for looking at it. NULL with the reason in err. */
struct protected_file *sim_protected_peek(
	struct sim_protected *all, const struct sim_protected_name *name, struct error *err);

struct sim_protected *sim_protected_lock(struct sim_protected *all);
void sim_protected_unlock(struct sim_protected **all);

#endif
