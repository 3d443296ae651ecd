/* SPDX-License-Identifier: Apache-2.0 */
#include "premain/files.h"

#include "base/file.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/strmap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define HEX_KEY_SIZE 32 /* characters of protected_files_key */
#define RAW_KEY_SIZE 16 /* bytes of keys/NAME */

/* In the order of writing. */
enum file_class { NAMED_KEY, PROTECTED_FILES_KEY, ORDINARY, CLASS_COUNT };

/* The part of path below folder, NULL if it is elsewhere. */
static const char *name_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);
	return strncmp(path, folder, length) || path[length] != '/' ? NULL : path + length + 1;
}

static enum file_class class_of(const char *path, const char *folder)
{
	const char *name = name_below(path, folder);
	if (name && name_below(name, "keys"))
		return NAMED_KEY;
	return name && !strcmp(name, "protected_files_key") ? PROTECTED_FILES_KEY : ORDINARY;
}

static bool is_hex(struct bytes text)
{
	AUTO(buf_free) struct buf decoded = { 0 };
	return hex_decode(&decoded, text.data, text.size);
}

/* Manifests of Graphene's first days have the 64 digits of SealKey, of which it took the first. */
static bool check_hex_key(struct planned_file *file, struct error *err)
{
	if (file->content.size == 2 * (size_t)HEX_KEY_SIZE && is_hex(file->content)) {
		file->content.size = HEX_KEY_SIZE;
		log_info("taking the first 32 of 64 hex digits as protected_files_key");
	}
	if (file->content.size == HEX_KEY_SIZE && is_hex(file->content))
		return true;
	return error_set(err, ERROR_INVALID,
		"%s: the key must be 32 hex digits, but the manifest gives %zu bytes: use "
		"{{ hex .Secrets.NAME }} with a symmetric-key secret of size 128",
		file->path, file->content.size);
}

static bool check_raw_key(const struct planned_file *file, struct error *err)
{
	if (file->content.size == RAW_KEY_SIZE)
		return true;
	return error_set(err, ERROR_INVALID,
		"%s: the key must be 16 bytes, but the manifest gives %zu: use "
		"{{ raw .Secrets.NAME }} with a symmetric-key secret of size 128",
		file->path, file->content.size);
}

static bool check_file(struct planned_file *file, enum file_class class, struct error *err)
{
	if (!*file->path)
		return error_set(err, ERROR_INVALID, "Files of the manifest has an empty path");
	if (class == NAMED_KEY)
		return check_raw_key(file, err);
	return class != PROTECTED_FILES_KEY || check_hex_key(file, err);
}

/* Adds the files of one class to the plan. */
static bool plan_class(const struct strmap *given, enum file_class class, const char *folder,
	struct file_plan *plan, struct error *err)
{
	bool has_folder = !access(folder, F_OK);
	for (size_t i = 0; i < given->count; i++) {
		const Rpc__Parameters__FilesEntry *entry = given->entries[i].value;
		if (class_of(entry->key, folder) != class)
			continue;
		struct planned_file *file = &plan->files[plan->count];
		file->path = entry->key;
		file->content = (struct bytes){ entry->value.data, entry->value.len };
		file->is_pseudo = name_below(entry->key, folder) != NULL;
		if (file->is_pseudo && !has_folder)
			log_warn("not written, since nothing here protects files", "path",
				file->path);
		else if (check_file(file, class, err))
			plan->count++;
		else
			return false;
	}
	return true;
}

/* Those that only a runtime with protected files has. */
static bool check_no_pseudo(const struct strmap *given, const char *folder, struct error *err)
{
	for (size_t i = 0; i < given->count; i++) {
		const Rpc__Parameters__FilesEntry *entry = given->entries[i].value;
		if (name_below(entry->key, folder))
			return error_set(err, ERROR_INVALID,
				"%s: a confidential VM has no protected files", entry->key);
	}
	return true;
}

bool files_plan(const Rpc__Parameters *parameters, enum libos libos, const char *folder,
	struct file_plan *plan, struct error *err)
{
	struct strmap given = { 0 };
	for (size_t i = 0; i < parameters->n_files; i++)
		strmap_add(&given, parameters->files[i]->key, parameters->files[i]);
	strmap_sort(&given, NULL);
	*plan = (struct file_plan){ .files = xcalloc(given.count, sizeof(*plan->files)) };
	bool good = libos != LIBOS_VM || check_no_pseudo(&given, folder, err);
	for (int class = 0; class < CLASS_COUNT && good; class ++)
		good = plan_class(&given, (enum file_class) class, folder, plan, err);
	strmap_free(&given, NULL);
	return good;
}

void file_plan_free(struct file_plan *plan)
{
	free(plan->files);
	*plan = (struct file_plan){ 0 };
}

/* The runtime takes each write for a whole value, and may refuse it only when the file is closed.
 */
static bool write_pseudo(const struct planned_file *file, struct error *err)
{
	int fd = open(file->path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, "cannot open %s", file->path);
	ssize_t written = write(fd, file->content.data, file->content.size);
	int reason = written < 0 ? errno : EIO;
	if (!close(fd) && written == (ssize_t)file->content.size)
		return true;
	if (written != (ssize_t)file->content.size)
		errno = reason;
	return error_errno(err, "cannot write %s", file->path);
}

static bool write_ordinary(const struct planned_file *file, struct error *err)
{
	if (!file_make_parents(file->path, 0700, err))
		return false;
	int fd = open(file->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(err, "cannot create %s", file->path);
	bool written = file_write_all(fd, file->content.data, file->content.size);
	int reason = errno;
	/* some file systems tell of a write that failed only now */
	if (!close(fd) && written)
		return true;
	if (!written)
		errno = reason;
	return error_errno(err, "cannot write %s", file->path);
}

bool files_write(const struct file_plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct planned_file *file = &plan->files[i];
		if (!(file->is_pseudo ? write_pseudo(file, err) : write_ordinary(file, err)))
			return error_prefix(err, "creating files from manifest");
	}
	return true;
}
