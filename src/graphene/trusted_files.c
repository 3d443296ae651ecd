/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/trusted_files.h"

#include "base/hex.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypto/digest.h"

#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

struct trusted_files trusted_files_start(
	enum graphene_generation generation, const char *chroot, json_t *hashed)
{
	return (struct trusted_files){ .generation = generation,
		.chroot = chroot,
		.hashed = hashed,
		.uris = json_object(),
		.checksums = json_object(),
		.list = json_array(),
		.seen = json_object() };
}

void trusted_files_free(struct trusted_files *files)
{
	json_decref(files->uris);
	json_decref(files->checksums);
	json_decref(files->list);
	json_decref(files->seen);
}

bool trusted_files_hash(
	const char *path, char sha256[TRUSTED_FILES_HASH_TEXT], json_t *hashed, struct error *err)
{
	uint8_t digest[SHA256_SIZE];
	if (!sha256_file(path, digest, NULL, err))
		return false;
	hex_format(sha256, digest, sizeof(digest));
	json_array_append_new(hashed, json_string(path));
	return true;
}

static void append(
	struct trusted_files *files, const char *key, const char *path, const char *sha256)
{
	AUTO(auto_free) char *uri = xasprintf("file:%s", path);
	if (files->generation == GRAPHENE_GENERATION_GRAPHENE) {
		json_object_set_new(files->uris, key, json_string(uri));
		json_object_set_new(files->checksums, key, json_string(sha256));
	} else if (!json_object_get(files->seen, path)) {
		json_object_set_new(files->seen, path, json_true());
		json_array_append_new(
			files->list, json_pack("{s:s, s:s}", "uri", uri, "sha256", sha256));
	}
}

static char *host_path(const struct trusted_files *files, const char *path)
{
	if (files->chroot)
		return xasprintf("%s/%s", files->chroot, path);
	return xstrdup(*path ? path : ".");
}

static bool add_file(struct trusted_files *files, const char *key, const char *path,
	const char *host, struct error *err)
{
	char sha256[TRUSTED_FILES_HASH_TEXT];
	if (!trusted_files_hash(host, sha256, files->hashed, err))
		return false;
	append(files, key, path, sha256);
	return true;
}

/* What cannot be read below a folder is an error in Graphene and left out in Gramine. */
static bool is_left_out(
	const struct trusted_files *files, const struct error *reason, struct error *err)
{
	if (files->generation == GRAPHENE_GENERATION_GRAPHENE)
		return error_set(err, reason->kind, "%s", reason->message);
	log_warn("left out of a trusted folder", "reason", reason->message);
	return true;
}

/* Files that a folder brings have no key of their own: Graphene makes one of the path. */
static bool add_found(
	struct trusted_files *files, const char *path, const char *host, struct error *err)
{
	uint8_t digest[SHA256_SIZE];
	char key[TRUSTED_FILES_HASH_TEXT];
	struct error reason = { 0 };
	sha256(path, strlen(path), digest);
	hex_format(key, digest, sizeof(digest));
	return add_file(files, key, path, host, &reason) || is_left_out(files, &reason, err);
}

static int compare_names(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/*
 * Links to files count as files; links to folders are not followed, so that a walk ends. A link to
 * nothing counts: reading it tells what is wrong.
 */
static bool is_file(const FTSENT *entry)
{
	struct stat target;
	if (entry->fts_info == FTS_SL)
		return stat(entry->fts_accpath, &target) != 0 || S_ISREG(target.st_mode);
	return entry->fts_info == FTS_F;
}

static void auto_fts_close(FTS **walk)
{
	if (*walk)
		fts_close(*walk);
}

/* `path` is that of the folder in the manifest, which the walk started from as `root`. */
static bool add_walked(struct trusted_files *files, const char *path, const char *root,
	const FTSENT *entry, struct error *err)
{
	struct error reason = { 0 };
	if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_NS || entry->fts_info == FTS_ERR) {
		errno = entry->fts_errno;
		error_errno(&reason, "cannot read %s", entry->fts_path);
		return is_left_out(files, &reason, err);
	}
	if (!is_file(entry))
		return true;
	const char *below = entry->fts_path + strlen(root);
	AUTO(auto_free)
	char *joined = xasprintf("%s%s%s", path, *path ? "/" : "", below + (*below == '/'));
	AUTO(auto_free) char *found = graphene_normalise_path(joined);
	return add_found(files, found, entry->fts_path, err);
}

static bool add_folder(struct trusted_files *files, const char *path, char *root, struct error *err)
{
	char *roots[] = { root, NULL };
	AUTO(auto_fts_close)
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, compare_names);
	if (!walk)
		return error_errno(err, "cannot read %s", root);
	for (FTSENT *entry; (errno = 0, entry = fts_read(walk));) {
		if (!add_walked(files, path, root, entry, err))
			return false;
	}
	return !errno || error_errno(err, "cannot read %s", root);
}

/* Graphene takes any folder; Gramine one that is written as such. */
static bool check_spelling(const struct trusted_files *files, const struct graphene_file *file,
	bool is_folder, struct error *err)
{
	if (files->generation == GRAPHENE_GENERATION_GRAPHENE || is_folder == file->is_folder)
		return true;
	if (is_folder)
		return error_set(err, ERROR_INVALID,
			"\"file:%s\" is a folder; write \"file:%s/\" to trust all files in it",
			file->path, file->path);
	return error_set(
		err, ERROR_INVALID, "\"file:%s/\" is no folder; remove the slash", file->path);
}

static bool add_entry(
	struct trusted_files *files, const struct graphene_file *file, struct error *err)
{
	struct stat status;
	AUTO(auto_free) char *host = host_path(files, file->path);
	if (file->has_sha256 && files->generation == GRAPHENE_GENERATION_GRAMINE) {
		char sha256[TRUSTED_FILES_HASH_TEXT];
		hex_format(sha256, file->sha256, sizeof(file->sha256));
		append(files, file->name, file->path, sha256);
		return true;
	}
	if (stat(host, &status))
		return error_set(err, ERROR_NOT_FOUND,
			"Cannot resolve \"file:%s\" or the file does not exist (looked for %s)",
			file->path, host);
	if (!check_spelling(files, file, S_ISDIR(status.st_mode), err))
		return false;
	if (S_ISDIR(status.st_mode))
		return add_folder(files, file->path, host, err);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_INVALID,
			"\"file:%s\" is neither a regular file nor a folder", file->path);
	return add_file(files, file->name, file->path, host, err);
}

bool trusted_files_add_list(
	struct trusted_files *files, const struct graphene_file_list *list, struct error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct graphene_file *file = &list->items[i];
		if (add_entry(files, file, err))
			continue;
		if (file->name)
			return error_prefix(err, "'sgx.trusted_files.%s'", file->name);
		return error_prefix(err, "'sgx.trusted_files[%zu]'", i);
	}
	return true;
}

bool trusted_files_add_uri(
	struct trusted_files *files, const char *key, const char *uri, struct error *err)
{
	AUTO(auto_free) char *normal = graphene_normalise_uri(uri, err);
	if (!normal)
		return false;
	const char *path = normal + strcspn(normal, ":") + 1;
	return add_file(files, key, path, path, err);
}
