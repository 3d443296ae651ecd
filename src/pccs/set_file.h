/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of collateral in one file, so that it is replaced as a whole: 8 bytes "mrcoll 1", 8 bytes
 * when it was fetched, then each part in the order of enum collateral_file, 4 bytes of length in
 * front. Integers are little-endian. What is read is verified like anything from outside.
 */
#ifndef PCCS_SET_FILE_H
#define PCCS_SET_FILE_H

#include "base/buf.h"
#include "base/error.h"
#include "dcap/collateral.h"

#include <stdint.h>

void set_file_put(struct buf *out, const struct buf files[COLLATERAL_FILES], int64_t fetched_at);
/* Appends the parts to `files`. ERROR_INVALID if it is none, or a part is longer than accepted. */
bool set_file_parse(struct bytes data, struct buf files[COLLATERAL_FILES], int64_t *fetched_at,
	struct error *err);

/* The same for the file at `path`. ERROR_NOT_FOUND if it is not there. */
bool set_file_write(const char *path, const struct buf files[COLLATERAL_FILES], int64_t fetched_at,
	struct error *err);
bool set_file_read(const char *path, struct buf files[COLLATERAL_FILES], int64_t *fetched_at,
	struct error *err);

#endif
