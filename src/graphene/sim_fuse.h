/* SPDX-License-Identifier: Apache-2.0 */
/* Serves a struct sim_fs to the kernel, and the three parts that this is made of. */
#ifndef GRAPHENE_SIM_FUSE_H
#define GRAPHENE_SIM_FUSE_H

#define FUSE_USE_VERSION FUSE_MAKE_VERSION(3, 12)

#include "base/error.h"
#include "graphene/sim_fs.h"

#include <fuse_lowlevel.h>

/*
 * Starts threads that answer the requests of the mounted FUSE descriptor until this process ends.
 * Takes fd over. `fs` must live as long as the process.
 */
bool sim_fuse_serve(struct sim_fs *fs, int fd, struct error *err);

/* Each part sets the operations that it has: on names, on open files, on open folders. */
void sim_fuse_add_name_operations(struct fuse_lowlevel_ops *operations);
void sim_fuse_add_file_operations(struct fuse_lowlevel_ops *operations);
void sim_fuse_add_folder_operations(struct fuse_lowlevel_ops *operations);

/* The file system and the node of a request. */
struct sim_fs *sim_fuse_fs(fuse_req_t request);
struct sim_node *sim_fuse_node(fuse_req_t request, fuse_ino_t number);

/* Fills the reply for a name that was found, which gives the kernel a reference. 0 or an errno. */
int sim_fuse_enter(struct sim_fs *fs, struct sim_node *parent, const char *name,
	const struct sim_spot *spot, struct fuse_entry_param *entry);

/* An open file: one of the host, which may be protected, or a pseudo file. */
struct sim_open_file {
	struct sim_handle *host;
	struct sim_protected_file *protected_file;
	struct sim_pseudo_file *pseudo;
	char *trusted; /* host path of a trusted file, else NULL */
};

struct sim_open_file *sim_fuse_open_file(const struct fuse_file_info *info);

/* Requests about an open protected file. */
void sim_fuse_read_protected(
	fuse_req_t request, struct sim_protected_file *file, size_t size, off_t offset);
void sim_fuse_write_protected(fuse_req_t request, struct sim_protected_file *file,
	struct bytes data, off_t offset, bool appends);
void sim_fuse_allocate_protected(
	fuse_req_t request, struct sim_protected_file *file, int mode, off_t offset, off_t length);
void sim_fuse_seek_protected(
	fuse_req_t request, struct sim_protected_file *file, off_t offset, int whence);

/* Of modes Graphene's host calls know the permissions alone: nothing becomes set-user-ID. */
#define SIM_FUSE_PERMISSIONS 0777

/* The process that makes a request; false when it is gone. */
bool sim_fuse_process(fuse_req_t request, struct sim_process *process);

#endif
