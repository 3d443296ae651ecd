/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/elf_section.h"

#include "base/reader.h"

#include <elf.h>
#include <string.h>

#define ENTRY_SIZE 64 /* of a section header */

struct tables {
	struct bytes file;
	uint64_t offset; /* of the section headers */
	uint16_t count;
	uint16_t names; /* index of the section that holds the names */
};

struct section {
	uint32_t name; /* offset in the section of names */
	uint32_t type;
	uint64_t offset;
	uint64_t size;
};

/* A reader over file[offset, offset + size); bad when that is not inside. */
static struct reader part_of(struct bytes file, uint64_t offset, uint64_t size)
{
	struct reader r = reader_of(file.data, file.size);
	reader_bytes(&r, offset);
	return reader_sub(&r, size);
}

static bool read_header(struct bytes file, struct tables *tables, struct error *err)
{
	static const uint8_t magic[] = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB };
	struct reader r = reader_of(file.data, file.size);
	const uint8_t *ident = reader_bytes(&r, EI_NIDENT);
	if (!ident || memcmp(ident, magic, sizeof(magic)) != 0)
		return error_set(err, ERROR_INVALID, "it is no 64-bit ELF file");
	reader_bytes(&r, 2 + 2 + 4 + 8 + 8); /* type, machine, version, entry, program headers */
	tables->file = file;
	tables->offset = reader_u64(&r);
	reader_bytes(&r, 4 + 2 + 2 + 2); /* flags, sizes of this and of the program headers */
	uint16_t entry_size = reader_u16(&r);
	tables->count = reader_u16(&r);
	tables->names = reader_u16(&r);
	if (r.bad || (tables->count && entry_size != ENTRY_SIZE))
		return error_set(err, ERROR_INVALID, "its ELF header is damaged");
	return true;
}

static bool read_section(
	const struct tables *tables, size_t index, struct section *section, struct error *err)
{
	struct reader table =
		part_of(tables->file, tables->offset, (uint64_t)tables->count * ENTRY_SIZE);
	reader_bytes(&table, index * ENTRY_SIZE);
	struct reader r = reader_sub(&table, ENTRY_SIZE);
	section->name = reader_u32(&r);
	section->type = reader_u32(&r);
	reader_bytes(&r, 8 + 8); /* flags, address */
	section->offset = reader_u64(&r);
	section->size = reader_u64(&r);
	return !r.bad || error_set(err, ERROR_INVALID, "its ELF section headers are damaged");
}

static bool has_name(struct reader names, const struct section *section, const char *name)
{
	reader_bytes(&names, section->name);
	const uint8_t *found = reader_bytes(&names, strlen(name) + 1);
	return found && !memcmp(found, name, strlen(name) + 1);
}

bool elf_find_section(struct bytes file, const char *name, struct bytes *section, struct error *err)
{
	struct tables tables = { 0 };
	struct section names = { 0 };
	if (!read_header(file, &tables, err))
		return false;
	if (tables.count && !read_section(&tables, tables.names, &names, err))
		return false;
	struct reader name_part = part_of(file, names.offset, names.size);
	for (size_t i = 0; i < tables.count; i++) {
		struct section candidate;
		if (!read_section(&tables, i, &candidate, err))
			return false;
		if (!has_name(name_part, &candidate, name) || candidate.type == SHT_NOBITS)
			continue;
		struct reader content = part_of(file, candidate.offset, candidate.size);
		*section = (struct bytes){ content.next, content.left };
		return !content.bad ||
		       error_set(err, ERROR_INVALID, "its section %s leaves the file", name);
	}
	return error_set(err, ERROR_NOT_FOUND, "it has no ELF section %s", name);
}
