/* SPDX-License-Identifier: Apache-2.0 */
/* Files that the user asked for by name. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "base/buf.h"
#include "base/error.h"

#include <sys/types.h>

/*
 * Writes the file as a whole or not at all, through symbolic links. Devices and pipes (/dev/stdout)
 * are written to, not replaced.
 */
bool output_write(const char *path, struct bytes content, mode_t mode, struct error *err);

#endif
