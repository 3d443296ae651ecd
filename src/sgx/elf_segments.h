/* SPDX-License-Identifier: Apache-2.0 */
/* What of an ELF file is loaded into memory: its PT_LOAD segments. */
#ifndef SGX_ELF_SEGMENTS_H
#define SGX_ELF_SEGMENTS_H

#include "base/buf.h"
#include "base/error.h"

#define ELF_SEGMENTS_MAX 16
#define ELF_SPAN_MAX     (UINT64_C(256) << 20) /* bytes of memory that a file may ask for */

struct elf_segment {
	uint64_t address;
	uint64_t size; /* in memory */
	struct bytes content;
	bool readable;
	bool writable;
	bool executable;
};

struct elf_segments {
	struct elf_segment items[ELF_SEGMENTS_MAX];
	size_t count;
	uint64_t start; /* of the first page of all */
	uint64_t end;   /* behind the last page */
	uint64_t entry;
};

/* Reads a 64-bit file for x86-64. The contents point into `file`. */
bool elf_segments_parse(struct bytes file, struct elf_segments *out, struct error *err);

#endif
