/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "sgx/measurement.h"
#include "sgx/sigstruct.h"

#include <elf.h>
#include <openssl/rsa.h>

static EVP_PKEY *make_key(unsigned bits, unsigned exponent)
{
	AUTO(auto_pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
	AUTO(auto_bn) BIGNUM *e = BN_new();
	EVP_PKEY *key = NULL;
	assert_true(BN_set_word(e, exponent) && EVP_PKEY_keygen_init(ctx) == 1 &&
		    EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) == 1 &&
		    EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e) == 1 &&
		    EVP_PKEY_generate(ctx, &key) == 1);
	return key;
}

static int make_signing_key(void **state)
{
	*state = make_key(3072, 3);
	return 0;
}

static int free_signing_key(void **state)
{
	EVP_PKEY_free(*state);
	return 0;
}

static struct sigstruct example(void)
{
	struct sigstruct fields = { .date = 0x20210705,
		.misc_select = 1,
		.misc_mask = UINT32_MAX,
		.attributes = { .flags = 6, .xfrm = 7 },
		.attribute_mask = { .flags = UINT64_MAX, .xfrm = 0xfff9ff1b },
		.isv_prod_id = 0x1112,
		.isv_svn = 0x2122 };
	memset(fields.mr_enclave, 0xe1, sizeof(fields.mr_enclave));
	return fields;
}

static void put_signed(EVP_PKEY *key, const struct sigstruct *fields, struct buf *out)
{
	struct error err = { 0 };
	assert_success(sigstruct_sign(fields, key, out, &err), err);
	assert_int_equal(out->size, SIGSTRUCT_SIZE);
}

static void a_signed_file_has_the_fields_at_their_offsets(void **state)
{
	struct sigstruct fields = example();
	AUTO(buf_free) struct buf file = { 0 };
	put_signed(*state, &fields, &file);
	const uint8_t *d = file.data;
	assert_memory_equal(d + 20, "\x05\x07\x21\x20", 4);
	assert_memory_equal(d + 512, "\x03\x00\x00\x00", 4);
	assert_int_equal(d[900], 1);
	assert_memory_equal(d + 904, "\xff\xff\xff\xff", 4);
	assert_int_equal(d[928], 6);
	assert_int_equal(d[936], 7);
	assert_int_equal(d[952], 0x1b);
	assert_memory_equal(d + 960, fields.mr_enclave, 32);
	assert_memory_equal(d + 1024, "\x12\x11\x22\x21", 4);
	struct sigstruct again;
	struct error err = { 0 };
	assert_success(sigstruct_parse(buf_bytes(&file), &again, &err), err);
	assert_int_equal(again.date, 0x20210705);
	assert_false(again.date_is_binary);
	assert_int_equal(again.attribute_mask.xfrm, 0xfff9ff1b);
	assert_int_equal(again.isv_svn, 0x2122);
	uint8_t mr_signer[SHA256_SIZE];
	sha256(d + 128, 384, mr_signer);
	assert_memory_equal(again.mr_signer, mr_signer, SHA256_SIZE);
	assert_success(sigstruct_verify(buf_bytes(&file), &err), err);
}

static void the_older_form_of_the_date_is_written_and_told_apart(void **state)
{
	struct sigstruct fields = example();
	fields.date_is_binary = true;
	AUTO(buf_free) struct buf file = { 0 };
	put_signed(*state, &fields, &file);
	assert_memory_equal(file.data + 20, "\xe5\x07\x07\x05", 4);
	struct sigstruct again;
	assert_true(sigstruct_parse(buf_bytes(&file), &again, NULL));
	assert_int_equal(again.date, 0x20210705);
	assert_true(again.date_is_binary);
	static const uint32_t dates[] = { 0x20191231, 0x20200101, 0x20991130, 0x19991231 };
	for (size_t i = 0; i < 4; i++) {
		fields.date = dates[i];
		for (int binary = 0; binary < 2; binary++) {
			fields.date_is_binary = binary;
			buf_clear(&file);
			put_signed(*state, &fields, &file);
			assert_true(sigstruct_parse(buf_bytes(&file), &again, NULL));
			assert_int_equal(again.date, dates[i]);
		}
	}
}

static void every_changed_part_spoils_the_signature(void **state)
{
	struct sigstruct fields = example();
	AUTO(buf_free) struct buf file = { 0 };
	put_signed(*state, &fields, &file);
	struct error err = { 0 };
	static const struct {
		size_t offset;
		const char *message;
	} changes[] = { { 20, "invalid signature" }, { 140, "invalid signature" },
		{ 520, "invalid signature" }, { 904, "invalid signature" },
		{ 960, "invalid signature" }, { 1026, "invalid signature" }, { 1040, "q1 and q2" },
		{ 1423, "q1 and q2" }, { 1424, "q1 and q2" }, { 1807, "q1 and q2" } };
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		file.data[changes[i].offset] ^= 1;
		assert_failure(sigstruct_verify(buf_bytes(&file), &err), err, ERROR_DENIED,
			changes[i].message);
		file.data[changes[i].offset] ^= 1;
	}
	memset(file.data + 516, 0xff, 384);
	assert_failure(sigstruct_verify(buf_bytes(&file), &err), err, ERROR_DENIED, "out of range");
}

static void other_files_are_refused(void **state)
{
	struct sigstruct fields = example();
	AUTO(buf_free) struct buf file = { 0 };
	put_signed(*state, &fields, &file);
	struct error err = { 0 };
	struct sigstruct parsed;
	struct bytes shorter = { file.data, file.size - 1 };
	assert_failure(sigstruct_parse(shorter, &parsed, &err), err, ERROR_INVALID,
		"1807 bytes instead of 1808");
	static const struct {
		size_t offset;
		const char *message;
	} changes[] = { { 0, "header" }, { 24, "header" }, { 512, "exponent 2" },
		{ 44, "reserved" }, { 992, "reserved" }, { 1039, "reserved" } };
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		file.data[changes[i].offset] ^= 1;
		assert_failure(sigstruct_parse(buf_bytes(&file), &parsed, &err), err, ERROR_INVALID,
			changes[i].message);
		file.data[changes[i].offset] ^= 1;
	}
}

static void other_keys_do_not_sign(void **state)
{
	(void)state;
	struct sigstruct fields = example();
	AUTO(buf_free) struct buf file = { 0 };
	struct error err = { 0 };
	AUTO(auto_pkey) EVP_PKEY *small = make_key(2048, 3);
	assert_failure(sigstruct_sign(&fields, small, &file, &err), err, ERROR_INVALID,
		"2048 bits and exponent 3");
	AUTO(auto_pkey) EVP_PKEY *usual = make_key(3072, 65537);
	assert_failure(sigstruct_sign(&fields, usual, &file, &err), err, ERROR_INVALID,
		"3072 bits and exponent 65537");
	AUTO(auto_pkey) EVP_PKEY *ec = EVP_EC_gen("P-256");
	assert_failure(
		sigstruct_sign(&fields, ec, &file, &err), err, ERROR_INVALID, "not an RSA key");
	assert_int_equal(file.size, 0);
}

/* An ELF file with one segment for code of 300 bytes at 0x1010 and one for data, larger in memory.
 */
static void put_elf(struct buf *out)
{
	Elf64_Ehdr header = { .e_ident = ELFMAG,
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_entry = 0x1020,
		.e_phoff = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2 };
	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	Elf64_Phdr segments[2] = { { .p_type = PT_LOAD,
					   .p_flags = PF_R | PF_X,
					   .p_offset = 0x10,
					   .p_vaddr = 0x1010,
					   .p_filesz = 300,
					   .p_memsz = 300 },
		{ .p_type = PT_LOAD,
			.p_flags = PF_R | PF_W,
			.p_offset = 0x40,
			.p_vaddr = 0x3040,
			.p_filesz = 100,
			.p_memsz = 0x1000 } };
	buf_put(out, &header, sizeof(header));
	buf_put(out, segments, sizeof(segments));
	buf_put_zeros(out, 512 - out->size);
}

static void note_area(const struct enclave_area *area, void *context)
{
	buf_printf(context, "%llx-%llx %x %s%s\n", (unsigned long long)area->start,
		(unsigned long long)area->end, (unsigned)area->secinfo_flags, area->name,
		area->measured ? "" : " unmeasured");
}

static void areas_lie_as_the_spec_orders_them(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf elf = { 0 };
	AUTO(buf_free) struct buf areas = { 0 };
	put_elf(&elf);
	struct enclave_layout layout = { .manifest = bytes_of_text("x = 1\n"),
		.libpal = buf_bytes(&elf),
		.enclave_size = 1 << 20,
		.thread_num = 2 };
	uint8_t mr_enclave[SGX_HASH_SIZE];
	struct error err = { 0 };
	assert_success(enclave_measure(&layout, mr_enclave, note_area, &areas, &err), err);
	assert_string_equal(buf_text(&areas), "ff000-100000 201 manifest\n"
					      "ef000-ff000 203 ssa\n"
					      "ed000-ef000 100 tcs\n"
					      "eb000-ed000 203 tls\n"
					      "ab000-eb000 203 stack\n"
					      "6b000-ab000 203 stack\n"
					      "5b000-6b000 203 sig_stack\n"
					      "4b000-5b000 203 sig_stack\n"
					      "47000-48000 205 code\n"
					      "49000-4b000 203 data\n"
					      "0-47000 207 free unmeasured\n");
	buf_clear(&areas);
	layout.base_is_zero = true;
	assert_true(enclave_measure(&layout, mr_enclave, note_area, &areas, &err));
	assert_non_null(strstr(buf_text(&areas), "\n10000-47000 207 free"));
	buf_clear(&areas);
	layout.without_heap = true;
	assert_true(enclave_measure(&layout, mr_enclave, note_area, &areas, &err));
	assert_null(strstr(buf_text(&areas), "free"));
}

/* The numbers were computed by tests/e2e/sgx_peer.py, which shares no code with this. */
static void the_measurement_is_that_of_the_specification(void **state)
{
	(void)state;
	static const char *const expected[] = {
		"a532375ef329f0b671557c31bfb38b13ceb264d5bc516b54a0d6795803f9c650",
		"230d54510f382d2ce8b7077116dd8498dc3a6e7ad594c447665debbab5ee30cd",
	};
	AUTO(buf_free) struct buf elf = { 0 };
	put_elf(&elf);
	for (int zero = 0; zero < 2; zero++) {
		struct enclave_layout layout = { .manifest = bytes_of_text("x = 1\n"),
			.libpal = buf_bytes(&elf),
			.enclave_size = 1 << 20,
			.thread_num = 2,
			.base_is_zero = zero };
		uint8_t mr_enclave[SGX_HASH_SIZE];
		char text[2 * SGX_HASH_SIZE + 1];
		struct error err = { 0 };
		assert_success(enclave_measure(&layout, mr_enclave, NULL, NULL, &err), err);
		hex_format(text, mr_enclave, sizeof(mr_enclave));
		assert_string_equal(text, expected[zero]);
	}
}

static void layouts_that_cannot_be_are_refused(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf elf = { 0 };
	put_elf(&elf);
	struct enclave_layout good = { .manifest = bytes_of_text("x = 1\n"),
		.libpal = buf_bytes(&elf),
		.enclave_size = 1 << 20,
		.thread_num = 2 };
	uint8_t mr_enclave[SGX_HASH_SIZE];
	struct error err = { 0 };
	struct enclave_layout layout = good;
	layout.thread_num = 4;
	assert_failure(enclave_measure(&layout, mr_enclave, NULL, NULL, &err), err, ERROR_INVALID,
		"Enclave size is not large enough");
	layout = good;
	layout.enclave_size = 4096;
	layout.base_is_zero = true;
	assert_failure(enclave_measure(&layout, mr_enclave, NULL, NULL, &err), err, ERROR_INVALID,
		"Enclave size is not large enough");
	layout.enclave_size = 3 << 20;
	assert_failure(enclave_measure(&layout, mr_enclave, NULL, NULL, &err), err, ERROR_INVALID,
		"power of two");
	layout = good;
	layout.thread_num = 0;
	assert_failure(enclave_measure(&layout, mr_enclave, NULL, NULL, &err), err, ERROR_INVALID,
		"number of threads");
}

static void a_libpal_is_read_within_its_bounds(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf elf = { 0 };
	put_elf(&elf);
	struct enclave_layout layout = {
		.manifest = bytes_of_text("x = 1\n"), .enclave_size = 1 << 20, .thread_num = 1
	};
	uint8_t mr_enclave[SGX_HASH_SIZE];
	struct error err = { 0 };
	for (size_t size = 0; size < 64 + 2 * 56; size++) {
		layout.libpal = (struct bytes){ elf.data, size };
		assert_failure(enclave_measure(&layout, mr_enclave, NULL, NULL, &err), err,
			ERROR_INVALID, "libpal: ");
	}
	static const struct {
		size_t offset;
		const char *message;
	} changes[] = { { 0, "not an ELF file" }, { 18, "not an ELF file" },
		{ 64 + 15, "does not fit" }, { 64 + 16 + 7, "does not fit" },
		{ 64 + 32 + 2, "does not fit" }, { 64 + 40 + 7, "does not fit" },
		{ 64 + 56 + 16 + 5, "too far apart" } };
	layout.libpal = buf_bytes(&elf);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		elf.data[changes[i].offset] ^= 0xff;
		assert_failure(enclave_measure(&layout, mr_enclave, NULL, NULL, &err), err,
			ERROR_INVALID, changes[i].message);
		elf.data[changes[i].offset] ^= 0xff;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signed_file_has_the_fields_at_their_offsets),
		cmocka_unit_test(the_older_form_of_the_date_is_written_and_told_apart),
		cmocka_unit_test(every_changed_part_spoils_the_signature),
		cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(other_keys_do_not_sign),
		cmocka_unit_test(areas_lie_as_the_spec_orders_them),
		cmocka_unit_test(the_measurement_is_that_of_the_specification),
		cmocka_unit_test(layouts_that_cannot_be_are_refused),
		cmocka_unit_test(a_libpal_is_read_within_its_bounds),
	};
	return cmocka_run_group_tests_name("sigstruct", tests, make_signing_key, free_signing_key);
}
