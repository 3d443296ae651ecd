/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tells one state of a folder with collateral from another without reading its files, which
 * takes a few system calls instead of many: in an enclave each of them leaves it.
 */
#ifndef DCAP_COLLATERAL_STAMPS_H
#define DCAP_COLLATERAL_STAMPS_H

#include "dcap/collateral.h"

#include <sys/stat.h>
#include <time.h>

/* Of one file or folder; zeros where there is none. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
	struct timespec changed;
};

struct stamps {
	struct stamp outer; /* of the folder that was named */
	struct stamp inner; /* of the one in it where the files are, or the same */
	struct stamp files[COLLATERAL_FILES];
	/*
	 * False while a file is so young, or the system tells so little about its age, that it
	 * could change once more under the same stamp.
	 */
	bool are_settled;
};

struct stamp stamp_of(const char *path);

/* Looks at the files in the open folder `inner`; -1 finds nothing, and reading it will say why. */
struct stamps stamps_take(const struct stamp *outer, int inner);
/* Starts from nothing; stamps_put notes each file when it is opened. */
struct stamps stamps_start(const struct stamp *outer, int inner);
void stamps_put(struct stamps *stamps, enum collateral_file file, const struct stat *info);

/* The files are the same, and not too young to tell. */
bool stamps_say_unchanged(const struct stamps *kept, const struct stamps *now);

/*
 * A folder is as it was: no file in it was replaced, while one may have been written in place. Of a
 * system that tells no times this much is not known; it is then taken for granted.
 */
bool stamp_says_unchanged(const struct stamp *kept, const struct stamp *now);

#endif
