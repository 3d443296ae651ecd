/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "cli/elf_section.h"
#include "cli/enclave_file.h"

#include <elf.h>

#define EXPONENT_OFFSET 512

static void put_sigstruct(struct buf *out, uint16_t isv_svn)
{
	static const uint8_t header_1[] = { 6, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0 };
	static const uint8_t header_2[] = { 1, 1, 0, 0, 0x60, 0, 0, 0, 0x60, 0, 0, 0, 1, 0, 0, 0 };
	uint8_t file[SIGSTRUCT_SIZE] = { 0 };
	memcpy(file, header_1, sizeof(header_1));
	memcpy(file + 24, header_2, sizeof(header_2));
	file[EXPONENT_OFFSET] = 3;
	memset(file + 960, 0xe1, SGX_HASH_SIZE);
	memcpy(file + 1026, &isv_svn, sizeof(isv_svn));
	buf_put(out, file, sizeof(file));
}

static void a_sigstruct_is_found_wherever_it_starts(void **state)
{
	(void)state;
	for (size_t before = 0; before < 40; before++) {
		AUTO(buf_free) struct buf data = { 0 };
		struct sigstruct found;
		struct error err = { 0 };
		buf_put_zeros(&data, before);
		put_sigstruct(&data, 9);
		buf_put_zeros(&data, before % 3);
		assert_success(sigstruct_find(buf_bytes(&data), &found, &err), err);
		assert_int_equal(found.isv_svn, 9);
		assert_int_equal(found.mr_enclave[31], 0xe1);
	}
}

static void what_only_starts_like_a_sigstruct_is_passed_over(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf data = { 0 };
	struct sigstruct found;
	struct error err = { 0 };
	put_sigstruct(&data, 1);
	data.data[EXPONENT_OFFSET] = 0;
	data.size = 100;
	put_sigstruct(&data, 2);
	put_sigstruct(&data, 3);
	assert_success(sigstruct_find(buf_bytes(&data), &found, &err), err);
	assert_int_equal(found.isv_svn, 2);
}

static void a_sigstruct_that_is_cut_off_is_none(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf data = { 0 };
	struct sigstruct found;
	struct error err = { 0 };
	put_sigstruct(&data, 1);
	for (size_t size = 0; size < data.size; size += 16)
		assert_failure(sigstruct_find((struct bytes){ data.data, size }, &found, &err), err,
			ERROR_NOT_FOUND, "it contains no SIGSTRUCT");
}

/* Two sections, ".x" with 4 bytes and the table of names, and their headers at the end. */
static void put_elf(struct buf *out, Elf64_Shdr sections[3])
{
	static const char names[] = "\0.x\0.names";
	Elf64_Ehdr header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_shoff = sizeof(Elf64_Ehdr) + 4 + sizeof(names),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 3,
		.e_shstrndx = 2 };
	memset(sections, 0, 3 * sizeof(*sections));
	sections[1] = (Elf64_Shdr){
		.sh_name = 1, .sh_type = SHT_PROGBITS, .sh_offset = sizeof(header), .sh_size = 4
	};
	sections[2] = (Elf64_Shdr){ .sh_name = 4,
		.sh_type = SHT_STRTAB,
		.sh_offset = sizeof(header) + 4,
		.sh_size = sizeof(names) };
	buf_put(out, &header, sizeof(header));
	buf_put_text(out, "abcd");
	buf_put(out, names, sizeof(names));
}

static void assert_section(struct buf *start, const Elf64_Shdr sections[3],
	enum error_kind expected, const char *message)
{
	AUTO(buf_free) struct buf file = { 0 };
	struct bytes found = { 0 };
	struct error err = { 0 };
	buf_put(&file, start->data, start->size);
	buf_put(&file, sections, 3 * sizeof(*sections));
	if (expected != ERROR_NONE) {
		assert_failure(elf_find_section(buf_bytes(&file), ".x", &found, &err), err,
			expected, message);
		return;
	}
	assert_success(elf_find_section(buf_bytes(&file), ".x", &found, &err), err);
	assert_int_equal(found.size, 4);
	assert_memory_equal(found.data, "abcd", 4);
}

static void sections_are_found_by_name(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf start = { 0 };
	Elf64_Shdr sections[3];
	put_elf(&start, sections);
	assert_section(&start, sections, ERROR_NONE, "");
	sections[1].sh_name = 2; /* "x" is another name */
	assert_section(&start, sections, ERROR_NOT_FOUND, "it has no ELF section .x");
	sections[1].sh_name = 1;
	sections[1].sh_type = SHT_NOBITS;
	assert_section(&start, sections, ERROR_NOT_FOUND, "it has no ELF section .x");
}

static void offsets_that_leave_the_file_are_refused(void **state)
{
	(void)state;
	static const uint64_t wrong[] = { 4096, UINT32_MAX, UINT64_MAX, UINT64_MAX - 3 };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		AUTO(buf_free) struct buf start = { 0 };
		Elf64_Shdr sections[3];
		put_elf(&start, sections);
		sections[1].sh_offset = wrong[i];
		assert_section(&start, sections, ERROR_INVALID, "section .x leaves the file");
		sections[1].sh_offset = 64;
		sections[1].sh_size = wrong[i];
		assert_section(&start, sections, ERROR_INVALID, "section .x leaves the file");
		sections[1].sh_size = 4;
		sections[1].sh_name = (uint32_t)wrong[i];
		assert_section(&start, sections, ERROR_NOT_FOUND, "no ELF section");
		sections[1].sh_name = 1;
		sections[2].sh_offset = wrong[i];
		assert_section(&start, sections, ERROR_NOT_FOUND, "no ELF section");
		memcpy(start.data + offsetof(Elf64_Ehdr, e_shoff), &wrong[i], 8);
		assert_section(&start, sections, ERROR_INVALID, "section headers are damaged");
	}
}

static void files_that_are_cut_off_are_refused(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf file = { 0 };
	Elf64_Shdr sections[3];
	put_elf(&file, sections);
	buf_put(&file, sections, sizeof(sections));
	for (size_t size = 0; size < file.size; size++) {
		/* a copy of exact size, so that the sanitizers see a byte too much */
		AUTO(auto_free) uint8_t *copy = xmalloc(size);
		struct bytes found;
		struct error err = { 0 };
		if (size)
			memcpy(copy, file.data, size);
		assert_failure(elf_find_section((struct bytes){ copy, size }, ".x", &found, &err),
			err, ERROR_INVALID, "ELF");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sigstruct_is_found_wherever_it_starts),
		cmocka_unit_test(what_only_starts_like_a_sigstruct_is_passed_over),
		cmocka_unit_test(a_sigstruct_that_is_cut_off_is_none),
		cmocka_unit_test(sections_are_found_by_name),
		cmocka_unit_test(offsets_that_leave_the_file_are_refused),
		cmocka_unit_test(files_that_are_cut_off_are_refused),
	};
	return cmocka_run_group_tests_name("cli_enclave_file", tests, NULL, NULL);
}
