/* SPDX-License-Identifier: Apache-2.0 */
#include "sgx/elf_segments.h"

#include "base/reader.h"

#include <elf.h>
#include <string.h>

#define PAGE UINT64_C(4096)

static const uint8_t identity[] = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB };

/* Reads the file header: the entry point, and where the program headers are. */
static bool parse_header(struct reader *r, uint64_t *entry, uint64_t *headers, uint16_t *count)
{
	uint8_t ident[EI_NIDENT];
	reader_copy(r, ident, sizeof(ident));
	reader_u16(r); /* type */
	bool is_x86_64 = reader_u16(r) == EM_X86_64;
	reader_u32(r); /* version */
	*entry = reader_u64(r);
	*headers = reader_u64(r);
	reader_bytes(r, 14); /* section headers, flags, size of this header */
	bool sizes_match = reader_u16(r) == sizeof(Elf64_Phdr);
	*count = reader_u16(r);
	return !r->bad && !memcmp(ident, identity, sizeof(identity)) && is_x86_64 && sizes_match;
}

static bool add_segment(
	struct bytes file, const Elf64_Phdr *header, struct elf_segments *out, struct error *err)
{
	if (out->count == ELF_SEGMENTS_MAX)
		return error_set(err, ERROR_INVALID, "the ELF file has more than %d segments",
			ELF_SEGMENTS_MAX);
	if (header->p_vaddr > UINT64_MAX / 2 || header->p_memsz > ELF_SPAN_MAX ||
		header->p_filesz > header->p_memsz || header->p_offset > file.size ||
		header->p_filesz > file.size - header->p_offset)
		return error_set(err, ERROR_INVALID,
			"segment %zu of the ELF file does not fit the file or is too large",
			out->count);
	struct elf_segment *segment = &out->items[out->count++];
	segment->address = header->p_vaddr;
	segment->size = header->p_memsz;
	segment->content = (struct bytes){ (const uint8_t *)file.data + header->p_offset,
		(size_t)header->p_filesz };
	segment->readable = header->p_flags & PF_R;
	segment->writable = header->p_flags & PF_W;
	segment->executable = header->p_flags & PF_X;
	uint64_t start = header->p_vaddr & ~(PAGE - 1);
	uint64_t end = (header->p_vaddr + header->p_memsz + PAGE - 1) & ~(PAGE - 1);
	out->start = out->count == 1 || start < out->start ? start : out->start;
	out->end = end > out->end ? end : out->end;
	return true;
}

static Elf64_Phdr read_program_header(struct reader *r)
{
	Elf64_Phdr header = { 0 };
	header.p_type = reader_u32(r);
	header.p_flags = reader_u32(r);
	header.p_offset = reader_u64(r);
	header.p_vaddr = reader_u64(r);
	reader_u64(r); /* physical address */
	header.p_filesz = reader_u64(r);
	header.p_memsz = reader_u64(r);
	reader_u64(r); /* alignment */
	return header;
}

bool elf_segments_parse(struct bytes file, struct elf_segments *out, struct error *err)
{
	struct reader r = reader_of(file.data, file.size);
	uint64_t headers = 0;
	uint16_t count = 0;
	*out = (struct elf_segments){ 0 };
	if (!parse_header(&r, &out->entry, &headers, &count))
		return error_set(err, ERROR_INVALID, "not an ELF file for x86-64");
	r = reader_of(file.data, file.size);
	reader_bytes(&r, headers);
	for (uint16_t i = 0; i < count && !r.bad; i++) {
		Elf64_Phdr header = read_program_header(&r);
		if (!r.bad && header.p_type == PT_LOAD && !add_segment(file, &header, out, err))
			return false;
	}
	if (r.bad || !out->count)
		return error_set(err, ERROR_INVALID, "the ELF file has no segments to load");
	if (out->end - out->start > ELF_SPAN_MAX)
		return error_set(
			err, ERROR_INVALID, "the segments of the ELF file lie too far apart");
	return true;
}
