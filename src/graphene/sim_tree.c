/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_tree.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "graphene/sim_path.h"

#include <string.h>
#include <sys/stat.h>

#define FILE_SCHEME "file:"
#define DEV_SCHEME  "dev:"

/* Takes target over. */
static struct sim_mount *add_mount(
	struct sim_tree *tree, enum sim_mount_kind kind, const char *path, char *target)
{
	tree->mounts = xreallocarray(tree->mounts, tree->count + 1, sizeof(*tree->mounts));
	struct sim_mount *mount = &tree->mounts[tree->count++];
	*mount = (struct sim_mount){ .kind = kind, .path = xstrdup(path), .target = target };
	return mount;
}

static void add_link(struct sim_tree *tree, const char *path, const char *target)
{
	add_mount(tree, SIM_MOUNT_LINK, path, xstrdup(target));
}

/* A device is what it is on the host: nothing that a manifest says can make it missing. */
static void add_device(struct sim_tree *tree, const char *path)
{
	add_mount(tree, SIM_MOUNT_DEVICE, path, xstrdup(path));
}

/* What every Graphene instance has (spec graphene-process-model.md clause 7). */
static void add_builtin_mounts(struct sim_tree *tree)
{
	add_mount(tree, SIM_MOUNT_PROC, "/proc", NULL);
	add_mount(tree, SIM_MOUNT_FOLDER, "/sys", NULL);
	add_mount(tree, SIM_MOUNT_FOLDER, "/dev", NULL);
	add_device(tree, "/dev/null");
	add_device(tree, "/dev/zero");
	add_device(tree, "/dev/random");
	add_device(tree, "/dev/urandom");
	add_device(tree, "/dev/tty");
	add_link(tree, "/dev/fd", "/proc/self/fd");
	add_link(tree, "/dev/stdin", "/proc/self/fd/0");
	add_link(tree, "/dev/stdout", "/proc/self/fd/1");
	add_link(tree, "/dev/stderr", "/proc/self/fd/2");
	add_mount(tree, SIM_MOUNT_ATTESTATION, "/dev/attestation", NULL);
}

static bool check_on_host(
	const struct sim_mount *mount, const char *uri, struct stat *found, struct error *err)
{
	if (!stat(sim_path_on_host(mount->target), found))
		return true;
	error_errno(err, "Looking up mountpoint %s failed: %s", mount->path, uri);
	if (err)
		err->kind = ERROR_NOT_FOUND;
	return false;
}

/* "dev:tty" is Graphene's name for the terminal; other URIs carry a path. */
static char *device_path(const char *uri)
{
	const char *path = uri + strlen(DEV_SCHEME);
	AUTO(auto_free) char *absolute = *path == '/' ? xstrdup(path) : sim_path_join("/dev", path);
	return graphene_normalise_path(absolute);
}

/* No file policy stands between the application and a device, so it must not be anything else. */
static bool check_is_device(
	const struct sim_mount *mount, const struct stat *found, struct error *err)
{
	if (S_ISCHR(found->st_mode) || S_ISBLK(found->st_mode) ||
		sim_path_covers("/dev", mount->target))
		return true;
	return error_set(err, ERROR_INVALID,
		"mount %s: %s is no device and not in /dev; for files of the host use a \"file:\" URI",
		mount->path, mount->target);
}

static bool add_host_mount(
	struct sim_tree *tree, const struct graphene_mount *wanted, struct error *err)
{
	struct stat found;
	struct sim_mount *mount;
	if (!strncmp(wanted->uri, FILE_SCHEME, strlen(FILE_SCHEME))) {
		mount = add_mount(tree, SIM_MOUNT_HOST, wanted->path,
			xstrdup(wanted->uri + strlen(FILE_SCHEME)));
		return check_on_host(mount, wanted->uri, &found, err);
	}
	mount = add_mount(tree, SIM_MOUNT_DEVICE, wanted->path, device_path(wanted->uri));
	if (!check_on_host(mount, wanted->uri, &found, err) || !check_is_device(mount, &found, err))
		return false;
	mount->host_is_folder = S_ISDIR(found.st_mode);
	return true;
}

/* The manifest lets it have no other URI than that of a file. */
static void add_encrypted_mount(struct sim_tree *tree, const struct graphene_mount *wanted)
{
	struct sim_mount *mount = add_mount(
		tree, SIM_MOUNT_HOST, wanted->path, xstrdup(wanted->uri + strlen(FILE_SCHEME)));
	mount->key_name = xstrdup(wanted->key_name);
	mount->enable_recovery = wanted->enable_recovery;
}

static bool add_listed_mount(
	struct sim_tree *tree, const struct graphene_mount *wanted, struct error *err)
{
	switch (wanted->type) {
	case GRAPHENE_MOUNT_TMPFS:
		add_mount(tree, SIM_MOUNT_TMPFS, wanted->path, NULL);
		return true;
	case GRAPHENE_MOUNT_ENCRYPTED:
		add_encrypted_mount(tree, wanted);
		return true;
	default:
		return add_host_mount(tree, wanted, err);
	}
}

bool sim_tree_build(
	struct sim_tree *tree, const struct graphene_manifest *manifest, struct error *err)
{
	if (!add_listed_mount(tree, &manifest->root, err))
		return false;
	add_builtin_mounts(tree);
	for (size_t i = 0; i < manifest->mount_count; i++) {
		if (!add_listed_mount(tree, &manifest->mounts[i], err))
			return false;
	}
	return true;
}

void sim_tree_free(struct sim_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		free(tree->mounts[i].path);
		free(tree->mounts[i].target);
		free(tree->mounts[i].key_name);
	}
	free(tree->mounts);
	*tree = (struct sim_tree){ 0 };
}

/* The host path of what stands at a path inside; NULL if that is no host file that exists. */
static char *find_host_file(const struct sim_tree *tree, const char *path)
{
	struct sim_place place = sim_tree_find(tree, path);
	if (place.mount->kind != SIM_MOUNT_HOST)
		return NULL;
	AUTO(auto_free) char *host = sim_place_on_host(&place);
	struct stat found;
	return !stat(sim_path_on_host(host), &found) && S_ISREG(found.st_mode) ? TAKE(host) : NULL;
}

static char *search_library(const struct sim_tree *tree, const char *folders, const char *name)
{
	for (const char *next = folders; *next;) {
		size_t length = strcspn(next, ":");
		AUTO(auto_free) char *folder = xstrndup(next, length);
		next += length + strspn(next + length, ":");
		if (*folder != '/')
			continue;
		AUTO(auto_free) char *path = sim_path_join(folder, name);
		char *host = find_host_file(tree, path);
		if (host)
			return host;
	}
	return NULL;
}

void sim_tree_add_interpreters(struct sim_tree *tree, const char *ld_library_path)
{
	/* what compilers for x86-64 put into PT_INTERP */
	static const char *const interpreters[] = { "/lib64/ld-linux-x86-64.so.2",
		"/lib/ld-musl-x86_64.so.1" };
	for (size_t i = 0; i < sizeof(interpreters) / sizeof(*interpreters); i++) {
		const char *name = strrchr(interpreters[i], '/') + 1;
		char *host = search_library(
			tree, ld_library_path ? ld_library_path : "/lib:/lib64", name);
		if (host)
			add_mount(tree, SIM_MOUNT_HOST, interpreters[i], host);
	}
}

/* The last of the first `count` mounts, of which there is at least the root, that covers path. */
static struct sim_place find_among(const struct sim_tree *tree, size_t count, const char *path)
{
	for (size_t i = count; i-- > 1;) {
		const char *below = sim_path_below(tree->mounts[i].path, path);
		if (below)
			return (struct sim_place){ &tree->mounts[i], below };
	}
	return (struct sim_place){ &tree->mounts[0], path + (*path == '/') };
}

struct sim_place sim_tree_find(const struct sim_tree *tree, const char *path)
{
	return find_among(tree, tree->count, path);
}

const struct sim_mount *sim_tree_base(const struct sim_tree *tree, const struct sim_mount *mount)
{
	size_t position = (size_t)(mount - tree->mounts);
	return position ? find_among(tree, position, mount->path).mount : NULL;
}

char *sim_place_on_host(const struct sim_place *place)
{
	return sim_path_join(place->mount->target, place->below);
}

/* A mount that a later one covers is out of sight. */
static bool is_visible(const struct sim_tree *tree, const struct sim_mount *mount)
{
	return sim_tree_find(tree, mount->path).mount == mount;
}

bool sim_tree_has_mounts_below(const struct sim_tree *tree, const char *path)
{
	size_t position = 0;
	AUTO(auto_free) char *name = sim_tree_next_name(tree, path, &position);
	return name != NULL;
}

char *sim_tree_next_name(const struct sim_tree *tree, const char *path, size_t *position)
{
	while (*position < tree->count) {
		const struct sim_mount *mount = &tree->mounts[(*position)++];
		const char *below = sim_path_below(path, mount->path);
		if (below && *below && is_visible(tree, mount))
			return xstrndup(below, strcspn(below, "/"));
	}
	return NULL;
}
