/* SPDX-License-Identifier: Apache-2.0 */
/* Sections of 64-bit little-endian ELF files, which is what enclaves are. */
#ifndef CLI_ELF_SECTION_H
#define CLI_ELF_SECTION_H

#include "base/buf.h"
#include "base/error.h"

/*
 * Finds the content of the first section of this name; it points into `file`. ERROR_NOT_FOUND when
 * there is none, ERROR_INVALID when the file is no such ELF file or its tables leave it.
 */
bool elf_find_section(
	struct bytes file, const char *name, struct bytes *section, struct error *err);

#endif
