/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access to test data that is not part of the repository: in $MARBLERUN_VECTORS, or else in
 * ../shared/vectors next to the source. Include after unit.h. Paths are formats below that folder.
 */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include "base/buf.h"

#include <jansson.h>

/* Ends the test as skipped, saying so, when the folder is not there. */
void vectors_or_skip(void);
/* The caller frees. */
char *vectors_path(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* These end the test as failed when the file is not there. */
void vectors_read(struct buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
json_t *vectors_json(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
