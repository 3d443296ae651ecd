/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/collateral_stamps.h"

#include "base/clock.h"
#include "dcap/collateral_folder.h"

#include <fcntl.h>

/* Longer than the steps of any file system's clock. */
#define SETTLED_AFTER 2 /* seconds */

static struct stamp from_info(const struct stat *info)
{
	return (struct stamp){ info->st_dev, info->st_ino, info->st_size, info->st_mtim,
		info->st_ctim };
}

struct stamp stamp_of(const char *path)
{
	struct stat info;
	return stat(path, &info) == 0 ? from_info(&info) : (struct stamp){ 0 };
}

static bool is_settled(const struct stamp *stamp)
{
	return stamp->modified.tv_sec && stamp->modified.tv_sec + SETTLED_AFTER <= clock_now();
}

struct stamps stamps_start(const struct stamp *outer, int inner)
{
	struct stat info;
	struct stamps stamps = { .outer = *outer, .are_settled = true };
	if (fstat(inner, &info) == 0)
		stamps.inner = from_info(&info);
	return stamps;
}

void stamps_put(struct stamps *stamps, enum collateral_file file, const struct stat *info)
{
	stamps->files[file] = from_info(info);
	stamps->are_settled = stamps->are_settled && is_settled(&stamps->files[file]);
}

struct stamps stamps_take(const struct stamp *outer, int inner)
{
	struct stamps stamps = stamps_start(outer, inner);
	for (int i = 0; i < COLLATERAL_FILES; i++) {
		enum collateral_file file = (enum collateral_file)i;
		struct stat info = { 0 };
		if (fstatat(inner, collateral_file_name(file), &info, 0) != 0)
			info = (struct stat){ 0 };
		stamps_put(&stamps, file, &info);
	}
	return stamps;
}

static bool time_equal(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool stamp_equal(const struct stamp *x, const struct stamp *y)
{
	return x->device == y->device && x->inode == y->inode && x->size == y->size &&
	       time_equal(&x->modified, &y->modified) && time_equal(&x->changed, &y->changed);
}

bool stamps_say_unchanged(const struct stamps *kept, const struct stamps *now)
{
	for (size_t i = 0; i < COLLATERAL_FILES; i++) {
		if (!stamp_equal(&kept->files[i], &now->files[i]))
			return false;
	}
	return kept->are_settled;
}

bool stamp_says_unchanged(const struct stamp *kept, const struct stamp *now)
{
	return stamp_equal(kept, now) && (!now->modified.tv_sec || is_settled(now));
}
