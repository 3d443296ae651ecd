/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_nodes.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "graphene/sim_path.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#define FIRST_BUCKETS 256

struct sim_node {
	struct sim_node *parent;
	char *name; /* NULL once it was removed, and for the root */
	struct sim_identity identity;
	mode_t special;   /* keeps the node alive while it is not 0 */
	uint64_t lookups; /* references of the kernel */
	size_t children;
	struct sim_handle *handles;
	struct sim_node *next; /* in its bucket */
};

struct sim_nodes {
	pthread_mutex_t lock;
	struct sim_node root;
	struct sim_node **buckets;
	size_t bucket_count; /* a power of two */
	size_t count;
};

struct sim_nodes *sim_nodes_new(void)
{
	struct sim_nodes *nodes = xcalloc(1, sizeof(*nodes));
	pthread_mutex_init(&nodes->lock, NULL);
	nodes->bucket_count = FIRST_BUCKETS;
	nodes->buckets = xcalloc(nodes->bucket_count, sizeof(*nodes->buckets));
	return nodes;
}

static void free_node(struct sim_node *node)
{
	free(node->name);
	free(node);
}

void sim_nodes_free(struct sim_nodes *nodes)
{
	if (!nodes)
		return;
	for (size_t i = 0; i < nodes->bucket_count; i++) {
		while (nodes->buckets[i]) {
			struct sim_node *node = nodes->buckets[i];
			nodes->buckets[i] = node->next;
			free_node(node);
		}
	}
	free(nodes->buckets);
	pthread_mutex_destroy(&nodes->lock);
	free(nodes);
}

struct sim_node *sim_nodes_root(struct sim_nodes *nodes)
{
	return &nodes->root;
}

static struct sim_node **bucket_of(
	struct sim_nodes *nodes, const struct sim_node *parent, const char *name)
{
	uint64_t hash = sim_path_hash((uintptr_t)parent >> 4, name);
	return &nodes->buckets[(hash ^ hash >> 32) & (nodes->bucket_count - 1)];
}

static struct sim_node *find(
	struct sim_nodes *nodes, const struct sim_node *parent, const char *name)
{
	struct sim_node *node = *bucket_of(nodes, parent, name);
	while (node && (node->parent != parent || strcmp(node->name, name) != 0))
		node = node->next;
	return node;
}

static void link_node(struct sim_nodes *nodes, struct sim_node *node)
{
	struct sim_node **bucket = bucket_of(nodes, node->parent, node->name);
	node->next = *bucket;
	*bucket = node;
}

static void grow(struct sim_nodes *nodes)
{
	struct sim_node **old = nodes->buckets;
	size_t old_count = nodes->bucket_count;
	nodes->bucket_count *= 2;
	nodes->buckets = xcalloc(nodes->bucket_count, sizeof(*nodes->buckets));
	for (size_t i = 0; i < old_count; i++) {
		while (old[i]) {
			struct sim_node *node = old[i];
			old[i] = node->next;
			link_node(nodes, node);
		}
	}
	free(old);
}

static struct sim_node *add(struct sim_nodes *nodes, struct sim_node *parent, const char *name)
{
	if (nodes->count >= nodes->bucket_count)
		grow(nodes);
	struct sim_node *node = xcalloc(1, sizeof(*node));
	node->parent = parent;
	node->name = xstrdup(name);
	parent->children++;
	nodes->count++;
	link_node(nodes, node);
	return node;
}

static void unlink_node(struct sim_nodes *nodes, struct sim_node *node)
{
	struct sim_node **at = bucket_of(nodes, node->parent, node->name);
	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
}

/* Takes the name from a node, which then only lives for those who hold it. */
static void detach(struct sim_nodes *nodes, struct sim_node *node)
{
	unlink_node(nodes, node);
	free(node->name);
	node->name = NULL;
	node->special = 0;
}

/* Frees a node that nobody refers to, then perhaps its parent, and so on. */
static void release(struct sim_nodes *nodes, struct sim_node *node)
{
	while (node != &nodes->root && !node->lookups && !node->children && !node->handles &&
		!node->special) {
		struct sim_node *parent = node->parent;
		if (node->name)
			unlink_node(nodes, node);
		nodes->count--;
		free_node(node);
		parent->children--;
		node = parent;
	}
}

/* Length of the path of a node, 0 for the root, -1 when it or a folder above was removed. */
static ssize_t path_length(const struct sim_nodes *nodes, const struct sim_node *node)
{
	size_t length = 0;
	for (; node != &nodes->root; node = node->parent) {
		if (!node->name)
			return -1;
		length += 1 + strlen(node->name);
	}
	return (ssize_t)length;
}

static char *path_of(const struct sim_nodes *nodes, const struct sim_node *node, const char *name)
{
	ssize_t length = path_length(nodes, node);
	if (length < 0)
		return NULL;
	if (!length)
		return xasprintf("/%s", name ? name : "");
	char *path = xmalloc((size_t)length + 1 + (name ? strlen(name) + 1 : 0));
	path[length] = 0;
	for (char *at = path + length; node != &nodes->root; node = node->parent) {
		size_t part = strlen(node->name);
		at -= part;
		memcpy(at, node->name, part);
		*--at = '/';
	}
	if (name) {
		path[length] = '/';
		memcpy(path + length + 1, name, strlen(name) + 1);
	}
	return path;
}

char *sim_nodes_path(struct sim_nodes *nodes, const struct sim_node *node, const char *name)
{
	pthread_mutex_lock(&nodes->lock);
	char *path = path_of(nodes, node, name);
	pthread_mutex_unlock(&nodes->lock);
	return path;
}

bool sim_nodes_is(
	const struct sim_nodes *nodes, const struct sim_node *node, struct sim_identity identity)
{
	return node == &nodes->root ||
	       (node->identity.device == identity.device && node->identity.inode == identity.inode);
}

struct sim_node *sim_nodes_look_up(struct sim_nodes *nodes, struct sim_node *parent,
	const char *name, struct sim_identity identity)
{
	pthread_mutex_lock(&nodes->lock);
	struct sim_node *node = find(nodes, parent, name);
	if (node && !node->special && !sim_nodes_is(nodes, node, identity)) {
		detach(nodes, node);
		release(nodes, node);
		node = NULL;
	}
	if (!node) {
		node = add(nodes, parent, name);
		node->identity = identity;
	}
	node->lookups++;
	pthread_mutex_unlock(&nodes->lock);
	return node;
}

void sim_nodes_forget(struct sim_nodes *nodes, struct sim_node *node, uint64_t count)
{
	pthread_mutex_lock(&nodes->lock);
	node->lookups -= count < node->lookups ? count : node->lookups;
	release(nodes, node);
	pthread_mutex_unlock(&nodes->lock);
}

void sim_nodes_remove(struct sim_nodes *nodes, struct sim_node *parent, const char *name)
{
	pthread_mutex_lock(&nodes->lock);
	struct sim_node *node = find(nodes, parent, name);
	if (node) {
		detach(nodes, node);
		release(nodes, node);
	}
	pthread_mutex_unlock(&nodes->lock);
}

void sim_nodes_rename(struct sim_nodes *nodes, struct sim_node *parent, const char *name,
	struct sim_node *new_parent, const char *new_name)
{
	pthread_mutex_lock(&nodes->lock);
	struct sim_node *old = find(nodes, new_parent, new_name);
	struct sim_node *node = find(nodes, parent, name);
	if (old && old != node) {
		detach(nodes, old);
		release(nodes, old);
	}
	if (node && old != node) {
		unlink_node(nodes, node);
		free(node->name);
		node->name = xstrdup(new_name);
		node->parent = new_parent;
		new_parent->children++;
		link_node(nodes, node);
		parent->children--;
	}
	pthread_mutex_unlock(&nodes->lock);
}

void sim_nodes_add_handle(struct sim_nodes *nodes, struct sim_node *node, struct sim_handle *handle)
{
	pthread_mutex_lock(&nodes->lock);
	handle->node = node;
	handle->next = node->handles;
	node->handles = handle;
	pthread_mutex_unlock(&nodes->lock);
}

void sim_nodes_drop_handle(struct sim_nodes *nodes, struct sim_handle *handle)
{
	pthread_mutex_lock(&nodes->lock);
	struct sim_handle **at = &handle->node->handles;
	while (*at != handle)
		at = &(*at)->next;
	*at = handle->next;
	release(nodes, handle->node);
	pthread_mutex_unlock(&nodes->lock);
	close(handle->fd);
	free(handle);
}

int sim_nodes_dup_open(struct sim_nodes *nodes, const struct sim_node *node)
{
	pthread_mutex_lock(&nodes->lock);
	int fd = node->handles ? fcntl(node->handles->fd, F_DUPFD_CLOEXEC, 0) : -1;
	pthread_mutex_unlock(&nodes->lock);
	return fd;
}

void sim_nodes_add_special(
	struct sim_nodes *nodes, struct sim_node *parent, const char *name, mode_t mode)
{
	pthread_mutex_lock(&nodes->lock);
	struct sim_node *node = find(nodes, parent, name);
	if (node)
		detach(nodes, node);
	if (node)
		release(nodes, node);
	add(nodes, parent, name)->special = mode;
	pthread_mutex_unlock(&nodes->lock);
}

mode_t sim_nodes_special(struct sim_nodes *nodes, const struct sim_node *node, const char *name)
{
	pthread_mutex_lock(&nodes->lock);
	if (name)
		node = find(nodes, node, name);
	mode_t mode = node ? node->special : 0;
	pthread_mutex_unlock(&nodes->lock);
	return mode;
}

char *sim_nodes_special_name(struct sim_nodes *nodes, const struct sim_node *parent, size_t n)
{
	char *name = NULL;
	pthread_mutex_lock(&nodes->lock);
	for (size_t i = 0; i < nodes->bucket_count && !name; i++) {
		for (struct sim_node *node = nodes->buckets[i]; node && !name; node = node->next) {
			if (node->special && node->parent == parent && !n--)
				name = xstrdup(node->name);
		}
	}
	pthread_mutex_unlock(&nodes->lock);
	return name;
}
