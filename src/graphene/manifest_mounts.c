/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/manifest_mounts.h"

#include "base/log.h"
#include "base/memory.h"
#include "graphene/manifest_keys.h"
#include "graphene/manifest_value.h"
#include "graphene/manifest_wrap_keys.h"
#include "graphene/toml.h"

#include <string.h>

struct mount_type {
	const char *name;
	enum graphene_mount_type type;
	bool takes_files;
	bool takes_devices;
};

static const struct mount_type mount_types[] = {
	{ "chroot", GRAPHENE_MOUNT_CHROOT, true, true },
	{ "tmpfs", GRAPHENE_MOUNT_TMPFS, false, false },
	{ "encrypted", GRAPHENE_MOUNT_ENCRYPTED, true, false },
	{ "untrusted_shm", GRAPHENE_MOUNT_UNTRUSTED_SHM, false, true },
};

#define MOUNT_TYPES (sizeof(mount_types) / sizeof(mount_types[0]))

/* Where an entry comes from and which rules that brings. */
struct mount_reader {
	const char *where;  /* "fs.mounts[2]" */
	bool has_path;      /* not fs.root */
	bool is_table_form; /* fs.mount.NAME: everything must be said */
	bool strict;
	struct error *err;
};

static bool fail(const struct mount_reader *reader, const char *reason)
{
	error_set(reader->err, ERROR_INVALID, "%s", reason);
	return error_prefix(reader->err, "'%s'", reader->where);
}

static bool check_members(const struct mount_reader *reader, const json_t *table)
{
	static const char *const strings[] = { "type", "path", "uri", "key_name" };
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)table, name, value)
	{
		AUTO(buf_free) struct buf where = { 0 };
		buf_printf(&where, "%s.", reader->where);
		toml_put_key(name, &where);
		bool flag;
		bool known = !strcmp(name, "enable_recovery");
		if (known && !manifest_read_bool(value, &flag))
			return manifest_cannot_parse(
				reader->err, buf_text(&where), "true or false");
		for (size_t i = 0; i < 4 && !known; i++) {
			known = !strcmp(name, strings[i]);
			if (known && !json_is_string(value))
				return manifest_cannot_parse(
					reader->err, buf_text(&where), "a string");
		}
		if (!known && !manifest_unknown_key(buf_text(&where), reader->strict, reader->err))
			return false;
	}
	return true;
}

static const struct mount_type *find_type(const struct mount_reader *reader, const json_t *table)
{
	const char *name = json_string_value(json_object_get(table, "type"));
	if (!name && reader->is_table_form) {
		fail(reader, "the type is missing, such as type = \"chroot\"");
		return NULL;
	}
	for (size_t i = 0; i < MOUNT_TYPES; i++) {
		if (!strcmp(name ? name : "chroot", mount_types[i].name))
			return &mount_types[i];
	}
	fail(reader, "unknown type of mount; it is chroot, tmpfs, encrypted or untrusted_shm");
	return NULL;
}

static bool read_path(
	const struct mount_reader *reader, const json_t *table, struct graphene_mount *mount)
{
	const char *path = json_string_value(json_object_get(table, "path"));
	if (!path)
		return fail(reader, "the path is missing");
	if (!strcmp(path, ".") || !strcmp(path, ".."))
		return fail(reader, "a mount on \".\" or \"..\" is not possible");
	if (*path != '/' && !reader->is_table_form) {
		error_set(reader->err, ERROR_INVALID, "Relative mount path \"%s\" is disallowed!",
			path);
		return error_prefix(reader->err, "'%s'", reader->where);
	}
	AUTO(auto_free) char *absolute = xasprintf("/%s", path);
	mount->path = graphene_normalise_path(absolute);
	if (!strcmp(mount->path, "/"))
		return fail(reader, "\"/\" is mounted already; use fs.root to change it");
	return true;
}

/* What a mount of these folders shows comes from the host and tells about the host. */
static void warn_of_host_folders(const struct mount_reader *reader, const char *uri)
{
	static const char *const folders[] = { "file:/proc", "file:/sys", "file:/dev" };
	for (size_t i = 0; i < 3; i++) {
		size_t length = strlen(folders[i]);
		if (!strncmp(uri, folders[i], length) && (!uri[length] || uri[length] == '/'))
			log_warn("insecure mount of a pseudo file system of the host", "mount",
				reader->where, "uri", uri);
	}
}

static bool read_uri(const struct mount_reader *reader, const struct mount_type *type,
	const json_t *table, struct graphene_mount *mount)
{
	const char *uri = json_string_value(json_object_get(table, "uri"));
	bool ignored = !type->takes_files && !type->takes_devices;
	if (!uri && (!ignored || reader->is_table_form))
		return fail(reader, "the uri is missing");
	if (ignored)
		return true;
	mount->uri = graphene_normalise_uri(uri, reader->err);
	if (!mount->uri)
		return error_prefix(reader->err, "'%s'", reader->where);
	bool is_device = !strncmp(mount->uri, "dev:", 4);
	if (is_device ? !type->takes_devices : !type->takes_files)
		return fail(reader, is_device ? "this type of mount takes a \"file:\" URI"
					      : "this type of mount takes a \"dev:\" URI");
	if (type->type == GRAPHENE_MOUNT_CHROOT)
		warn_of_host_folders(reader, mount->uri);
	return true;
}

/* The name becomes that of a file in /dev/attestation/keys. */
static bool read_key_name(
	const struct mount_reader *reader, const json_t *table, struct graphene_mount *mount)
{
	if (mount->type != GRAPHENE_MOUNT_ENCRYPTED)
		return true;
	const char *name = json_string_value(json_object_get(table, "key_name"));
	mount->key_name = xstrdup(name ? name : GRAPHENE_DEFAULT_KEY);
	name = mount->key_name;
	(void)manifest_read_bool(
		json_object_get(table, "enable_recovery"), &mount->enable_recovery);
	if (!manifest_is_key_name(name))
		return fail(reader, "the key_name is no name of a file");
	if (*name == '_' && strcmp(name, GRAPHENE_MRENCLAVE_KEY) != 0 &&
		strcmp(name, GRAPHENE_MRSIGNER_KEY) != 0)
		return fail(reader, "the key_name starts with \"_\", which is reserved for "
				    "_sgx_mrenclave and _sgx_mrsigner");
	return true;
}

static bool read_mount(
	const struct mount_reader *reader, const json_t *table, struct graphene_mount *mount)
{
	if (!json_is_object(table))
		return manifest_cannot_parse(reader->err, reader->where, "a table");
	if (!check_members(reader, table))
		return false;
	const struct mount_type *type = find_type(reader, table);
	if (!type)
		return false;
	mount->type = type->type;
	return (!reader->has_path || read_path(reader, table, mount)) &&
	       read_uri(reader, type, table, mount) && read_key_name(reader, table, mount);
}

static bool read_root(
	const json_t *tree, bool strict, struct graphene_mount *root, struct error *err)
{
	const json_t *table = manifest_value(tree, "fs.root");
	root->path = xstrdup("/");
	if (!table) {
		root->uri = xstrdup("file:");
		return true;
	}
	struct mount_reader reader = { .where = "fs.root", .strict = strict, .err = err };
	return read_mount(&reader, table, root);
}

static bool read_array(
	const json_t *array, bool strict, struct graphene_manifest *manifest, struct error *err)
{
	size_t i;
	json_t *element;
	json_array_foreach(array, i, element)
	{
		AUTO(auto_free) char *where = xasprintf("fs.mounts[%zu]", i);
		struct mount_reader reader = {
			.where = where, .has_path = true, .strict = strict, .err = err
		};
		if (!read_mount(&reader, element, &manifest->mounts[manifest->mount_count++]))
			return false;
	}
	return true;
}

static bool read_table(
	const json_t *table, bool strict, struct graphene_manifest *manifest, struct error *err)
{
	const char *name;
	json_t *element;
	json_object_foreach((json_t *)table, name, element)
	{
		AUTO(buf_free) struct buf where = { 0 };
		buf_put_text(&where, "fs.mount.");
		toml_put_key(name, &where);
		struct mount_reader reader = { .where = buf_text(&where),
			.has_path = true,
			.is_table_form = true,
			.strict = strict,
			.err = err };
		if (!read_mount(&reader, element, &manifest->mounts[manifest->mount_count++]))
			return false;
	}
	return true;
}

/* Shortest path first, for those of one length the order of the file (of the array, that is). */
static int compare_lengths(const void *a, const void *b)
{
	const struct graphene_mount *const *x = a;
	const struct graphene_mount *const *y = b;
	size_t x_length = strlen((*x)->path);
	size_t y_length = strlen((*y)->path);
	if (x_length != y_length)
		return x_length < y_length ? -1 : 1;
	return (*x > *y) - (*x < *y);
}

static void sort_by_length(struct graphene_mount *mounts, size_t count)
{
	AUTO(auto_free) struct graphene_mount *unsorted = xcalloc(count, sizeof(*mounts));
	AUTO(auto_free)
	const struct graphene_mount **order = xcalloc(count, sizeof(struct graphene_mount *));
	for (size_t i = 0; i < count; i++) {
		unsorted[i] = mounts[i];
		order[i] = &unsorted[i];
	}
	qsort(order, count, sizeof(struct graphene_mount *), compare_lengths);
	for (size_t i = 0; i < count; i++)
		mounts[i] = *order[i];
}

static bool read_mounts(
	const json_t *tree, bool strict, struct graphene_manifest *manifest, struct error *err)
{
	const json_t *table = manifest_value(tree, "fs.mount");
	const json_t *array = manifest_value(tree, "fs.mounts");
	if (table && !json_is_object(table))
		return manifest_cannot_parse(err, "fs.mount", "a table");
	if (array && !json_is_array(array))
		return manifest_cannot_parse(err, "fs.mounts", "an array of tables");
	manifest->mounts = xcalloc(
		json_object_size(table) + json_array_size(array), sizeof(*manifest->mounts));
	if (!read_table(table, strict, manifest, err))
		return false;
	sort_by_length(manifest->mounts, manifest->mount_count);
	return read_array(array, strict, manifest, err);
}

bool manifest_read_mounts(
	const json_t *tree, bool strict, struct graphene_manifest *manifest, struct error *err)
{
	AUTO(auto_free)
	char *start_dir = xasprintf("/%s", manifest_string(tree, "fs.start_dir", ""));
	manifest->start_dir = graphene_normalise_path(start_dir);
	return read_root(tree, strict, &manifest->root, err) &&
	       read_mounts(tree, strict, manifest, err);
}

void manifest_free_mount(struct graphene_mount *mount)
{
	free(mount->path);
	free(mount->uri);
	free(mount->key_name);
}
