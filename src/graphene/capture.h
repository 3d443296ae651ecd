/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a program for what it prints. */
#ifndef GRAPHENE_CAPTURE_H
#define GRAPHENE_CAPTURE_H

#include "base/buf.h"
#include "base/error.h"

/*
 * Runs argv[0], found in PATH, without input, and appends its standard output. Its messages go to
 * ours. ERROR_NOT_FOUND when there is no such program; ERROR_STATE when it did not exit with 0, or
 * printed more than max bytes.
 */
bool capture_output(const char *const argv[], size_t max, struct buf *out, struct error *err);

#endif
