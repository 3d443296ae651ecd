/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that the kernel knows by number: each is a name below a parent, so that a path can be
 * told for it at any time, also after folders above it were renamed. A node lives as long as the
 * kernel, a child or an open handle refers to it. Functions may be called from several threads.
 */
#ifndef GRAPHENE_SIM_NODES_H
#define GRAPHENE_SIM_NODES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct sim_nodes;
struct sim_node;

/* What a name stood for when it was looked up; a host that puts another file there shows by it. */
struct sim_identity {
	dev_t device;
	ino_t inode;
};

/* An open host file, member of the list of its node. */
struct sim_handle {
	int fd;
	struct sim_node *node;
	struct sim_handle *next;
};

struct sim_nodes *sim_nodes_new(void);
void sim_nodes_free(struct sim_nodes *nodes);

struct sim_node *sim_nodes_root(struct sim_nodes *nodes);

/* Path inside; with a name, that of this child. NULL when it was removed. The caller frees. */
char *sim_nodes_path(struct sim_nodes *nodes, const struct sim_node *node, const char *name);

/* The node of a name, made if need be, with one reference of the kernel more. */
struct sim_node *sim_nodes_look_up(struct sim_nodes *nodes, struct sim_node *parent,
	const char *name, struct sim_identity identity);
/* Drops so many references of the kernel. */
void sim_nodes_forget(struct sim_nodes *nodes, struct sim_node *node, uint64_t count);

/* Removes the name; who has the file open keeps it. */
void sim_nodes_remove(struct sim_nodes *nodes, struct sim_node *parent, const char *name);
/* Gives the name to another place, whose old file loses it. */
void sim_nodes_rename(struct sim_nodes *nodes, struct sim_node *parent, const char *name,
	struct sim_node *new_parent, const char *new_name);

/* Opening takes the handle over, closing frees it and closes its descriptor. */
void sim_nodes_add_handle(
	struct sim_nodes *nodes, struct sim_node *node, struct sim_handle *handle);
void sim_nodes_drop_handle(struct sim_nodes *nodes, struct sim_handle *handle);
/* A duplicate of a descriptor of the file, for what has no name any more; -1 if it is not open. */
int sim_nodes_dup_open(struct sim_nodes *nodes, const struct sim_node *node);

/* True if the node was looked up as this file; always for the root. */
bool sim_nodes_is(
	const struct sim_nodes *nodes, const struct sim_node *node, struct sim_identity identity);

/*
 * FIFOs and sockets exist in this instance alone. Their mode is kept until they are removed; 0
 * stands for everything else. A name means that child of the node.
 */
void sim_nodes_add_special(
	struct sim_nodes *nodes, struct sim_node *parent, const char *name, mode_t mode);
mode_t sim_nodes_special(struct sim_nodes *nodes, const struct sim_node *node, const char *name);
/* The n-th of a folder, NULL behind the last one; the caller frees. */
char *sim_nodes_special_name(struct sim_nodes *nodes, const struct sim_node *parent, size_t n);

#endif
