/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder with collateral, or with one sub-folder of it per FMSPC; beside the collateral for SGX
 * that for TDX may stand in a folder tdx. Sets that were verified are kept as long as their files
 * do not change.
 */
#ifndef DCAP_COLLATERAL_FOLDER_H
#define DCAP_COLLATERAL_FOLDER_H

#include "dcap/collateral.h"

/* The name of one file in such a folder, and the most bytes that are accepted of it. */
const char *collateral_file_name(enum collateral_file file);
size_t collateral_file_max(enum collateral_file file);
/* Appends the contents of one such folder. */
bool collateral_folder_read(
	const char *path, struct buf files[COLLATERAL_FILES], struct error *err);

/*
 * Where in `path` collateral for SGX of such platforms is: its sub-folder for them, if there is
 * one. The caller frees.
 */
char *collateral_folder_of(const char *path, const uint8_t fmspc[PCK_FMSPC_SIZE]);

/* May be used by any number of threads at once. */
struct collateral_folder;

/*
 * `anchor` must outlive it. Files that were looked at are taken to be as they were for `look_again`
 * milliseconds, unless one was replaced, added or removed; 0: they are looked at at each use.
 * ERROR_NOT_FOUND if `path` is no folder.
 */
struct collateral_folder *collateral_folder_open(
	const char *path, const struct anchor *anchor, unsigned look_again, struct error *err);
void collateral_folder_close(struct collateral_folder *folder);

/*
 * The collateral for SGX, or for TDX, of a platform whose PCK certificate `pck_ca` issued, as the
 * files are now. The caller releases it. NULL with ERROR_NOT_FOUND if a file is missing, else what
 * collateral_new says.
 */
struct collateral *collateral_folder_get(struct collateral_folder *folder,
	const uint8_t fmspc[PCK_FMSPC_SIZE], bool is_tdx, const struct certificate *pck_ca,
	struct error *err);

#endif
