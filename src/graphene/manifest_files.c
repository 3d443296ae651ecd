/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/manifest_files.h"

#include "base/memory.h"
#include "graphene/manifest_value.h"
#include "graphene/toml.h"

#include <string.h>

struct list_reader {
	const char *path; /* of the list in the manifest */
	bool may_have_hashes;
	bool may_be_devices;
	const json_t *checksums; /* trusted_checksum of the table form; NULL for none */
	struct graphene_file_list *list;
	struct error *err;
};

static bool read_hash(
	const json_t *hash, struct graphene_file *file, const char *where, struct error *err)
{
	if (!hash)
		return true;
	file->has_sha256 = manifest_read_sha256(hash, file->sha256);
	return file->has_sha256 ||
	       manifest_cannot_parse(err, where, "64 hexadecimal digits as SHA-256");
}

static bool read_uri(const struct list_reader *reader, const char *uri, struct graphene_file *file)
{
	static const char scheme[] = "file:";
	size_t length = strlen(uri);
	bool is_file = !strncmp(uri, scheme, strlen(scheme));
	AUTO(auto_free) char *normal = graphene_normalise_uri(uri, reader->err);
	if (!normal)
		return false;
	if (!is_file && !reader->may_be_devices)
		return error_set(reader->err, ERROR_INVALID,
			"\"%s\" is a device; a file starts with \"%s\"", uri, scheme);
	file->path = xstrdup(is_file ? normal + strlen(scheme) : normal);
	file->is_folder = length && uri[length - 1] == '/';
	return true;
}

/* Reads one entry, which the list owns from now on. `name` is NULL in the array form. */
static bool read_file(const struct list_reader *reader, const char *name, const json_t *uri,
	const json_t *hash, const char *where)
{
	struct graphene_file *file = &reader->list->items[reader->list->count++];
	*file = (struct graphene_file){ .name = name ? xstrdup(name) : NULL };
	if (!json_is_string(uri))
		return manifest_cannot_parse(reader->err, where, "a string");
	if (!read_uri(reader, json_string_value(uri), file))
		return error_prefix(reader->err, "'%s'", where);
	if (hash && file->is_folder && !name)
		return error_set(reader->err, ERROR_INVALID,
			"'%s': a folder cannot have a sha256; list its files", where);
	return read_hash(hash, file, where, reader->err);
}

static bool read_table(const struct list_reader *reader, const json_t *table)
{
	const char *name;
	json_t *uri;
	json_object_foreach((json_t *)table, name, uri)
	{
		AUTO(buf_free) struct buf where = { 0 };
		buf_printf(&where, "%s.", reader->path);
		toml_put_key(name, &where);
		const json_t *hash = json_object_get(reader->checksums, name);
		if (!read_file(reader, name, uri, hash, buf_text(&where)))
			return false;
	}
	return true;
}

static bool read_array(const struct list_reader *reader, const json_t *array)
{
	size_t i;
	json_t *element;
	json_array_foreach(array, i, element)
	{
		AUTO(auto_free) char *where = xasprintf("%s[%zu]", reader->path, i);
		const json_t *uri = element;
		const json_t *hash = NULL;
		if (reader->may_have_hashes && json_is_object(element)) {
			uri = json_object_get(element, "uri");
			hash = json_object_get(element, "sha256");
		}
		if (!read_file(reader, NULL, uri, hash, where))
			return false;
	}
	return true;
}

static bool read_list(const json_t *tree, const struct list_reader *reader)
{
	const json_t *value = manifest_value(tree, reader->path);
	size_t count = json_is_array(value) ? json_array_size(value) : json_object_size(value);
	reader->list->items = xcalloc(count, sizeof(*reader->list->items));
	if (json_is_object(value))
		return read_table(reader, value);
	return !value || (json_is_array(value) && read_array(reader, value)) ||
	       (!json_is_array(value) &&
		       manifest_cannot_parse(reader->err, reader->path, "a list of URIs"));
}

static int compare_paths(const void *a, const void *b)
{
	const struct graphene_file *const *x = a;
	const struct graphene_file *const *y = b;
	return strcmp((*x)->path, (*y)->path);
}

/* One file cannot have two contents. */
static bool check_hashes_agree(const struct graphene_file_list *list, struct error *err)
{
	AUTO(auto_free)
	const struct graphene_file **sorted =
		xcalloc(list->count + 1, sizeof(struct graphene_file *));
	for (size_t i = 0; i < list->count; i++)
		sorted[i] = &list->items[i];
	qsort(sorted, list->count, sizeof(struct graphene_file *), compare_paths);
	for (size_t i = 1; i < list->count; i++) {
		const struct graphene_file *a = sorted[i - 1];
		const struct graphene_file *b = sorted[i];
		if (!strcmp(a->path, b->path) && a->has_sha256 && b->has_sha256 &&
			memcmp(a->sha256, b->sha256, sizeof(a->sha256)) != 0)
			return error_set(err, ERROR_INVALID,
				"trusted file \"file:%s\" is listed with two different hashes",
				a->path);
	}
	return true;
}

bool manifest_read_files(const json_t *tree, struct graphene_manifest *manifest, struct error *err)
{
	struct list_reader trusted = { .path = "sgx.trusted_files",
		.may_have_hashes = true,
		.checksums = manifest_value(tree, "sgx.trusted_checksum"),
		.list = &manifest->trusted,
		.err = err };
	struct list_reader allowed = { .path = "sgx.allowed_files",
		.may_be_devices = true,
		.list = &manifest->allowed,
		.err = err };
	struct list_reader protected_files = {
		.path = "sgx.protected_files", .list = &manifest->protected_files, .err = err
	};
	struct list_reader of_enclave = { .path = "sgx.protected_mrenclave_files",
		.list = &manifest->protected_mrenclave_files,
		.err = err };
	struct list_reader of_signer = { .path = "sgx.protected_mrsigner_files",
		.list = &manifest->protected_mrsigner_files,
		.err = err };
	if (trusted.checksums && !json_is_object(trusted.checksums))
		return manifest_cannot_parse(err, "sgx.trusted_checksum", "a table");
	return read_list(tree, &trusted) && read_list(tree, &allowed) &&
	       read_list(tree, &protected_files) && read_list(tree, &of_enclave) &&
	       read_list(tree, &of_signer) && check_hashes_agree(&manifest->trusted, err);
}

void manifest_free_files(struct graphene_file_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].name);
		free(list->items[i].path);
	}
	free(list->items);
	*list = (struct graphene_file_list){ 0 };
}
