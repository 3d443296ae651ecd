/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "attest/cbor.h"
#include "base/cleanup.h"

/* Values with their encodings in the appendix of RFC 8949, as far as they are of these types. */
static const struct {
	enum cbor_type type;
	uint64_t value;
	const char *encoding;
	size_t size;
} rows[] = {
	{ CBOR_UINT, 0, "\x00", 1 },
	{ CBOR_UINT, 23, "\x17", 1 },
	{ CBOR_UINT, 24, "\x18\x18", 2 },
	{ CBOR_UINT, 255, "\x18\xff", 2 },
	{ CBOR_UINT, 256, "\x19\x01\x00", 3 },
	{ CBOR_UINT, 1000, "\x19\x03\xe8", 3 },
	{ CBOR_UINT, 65535, "\x19\xff\xff", 3 },
	{ CBOR_UINT, 65536, "\x1a\x00\x01\x00\x00", 5 },
	{ CBOR_UINT, 4294967295, "\x1a\xff\xff\xff\xff", 5 },
	{ CBOR_UINT, 1000000000000, "\x1b\x00\x00\x00\xe8\xd4\xa5\x10\x00", 9 },
	{ CBOR_UINT, UINT64_MAX, "\x1b\xff\xff\xff\xff\xff\xff\xff\xff", 9 },
	{ CBOR_ARRAY, 25, "\x98\x19", 2 },
	{ CBOR_MAP, 2, "\xa2", 1 },
	{ CBOR_TAG, 32, "\xd8\x20", 2 },
	{ CBOR_TAG, 60000, "\xd9\xea\x60", 3 },
};

static void values_are_written_and_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO(buf_free) struct buf out = { 0 };
		cbor_put(&out, rows[i].type, rows[i].value);
		assert_int_equal(out.size, rows[i].size);
		assert_memory_equal(out.data, rows[i].encoding, out.size);
		struct reader r = reader_of(out.data, out.size);
		assert_true(cbor_read(&r, rows[i].type) == rows[i].value);
		assert_true(reader_finished(&r));
	}
}

static void what_is_cut_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (size_t size = 0; size < rows[i].size; size++) {
			struct reader r = reader_of(rows[i].encoding, size);
			assert_int_equal(cbor_read(&r, rows[i].type), 0);
			assert_true(r.bad);
		}
	}
}

static void another_type_is_refused(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 256; first++) {
		uint8_t byte = (uint8_t)first;
		for (unsigned type = CBOR_UINT; type <= CBOR_TAG; type++) {
			struct reader r = reader_of(&byte, 1);
			uint64_t value = cbor_read(&r, (enum cbor_type)type);
			bool is_good = first >> 5 == type && (first & 31) < 24;
			assert_int_equal(r.bad, !is_good);
			assert_int_equal(value, is_good ? first & 31 : 0);
		}
	}
}

/* One value in each form that is too long for it, reserved forms, and lengths that are not said. */
static void every_other_form_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *encoding;
		size_t size;
	} wrong[] = {
		{ "\x18\x17", 2 },
		{ "\x19\x00\xff", 3 },
		{ "\x1a\x00\x00\xff\xff", 5 },
		{ "\x1b\x00\x00\x00\x00\xff\xff\xff\xff", 9 },
		{ "\x1c\xff\xff\xff\xff\xff\xff\xff\xff", 9 },
		{ "\x1d\xff\xff\xff\xff\xff\xff\xff\xff", 9 },
		{ "\x1e\xff\xff\xff\xff\xff\xff\xff\xff", 9 },
		{ "\x1f\xff\xff\xff\xff\xff\xff\xff\xff", 9 },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		for (unsigned type = CBOR_UINT; type <= CBOR_TAG; type++) {
			uint8_t bytes[16];
			memcpy(bytes, wrong[i].encoding, wrong[i].size);
			bytes[0] = (uint8_t)(bytes[0] | type << 5);
			struct reader r = reader_of(bytes, wrong[i].size);
			assert_int_equal(cbor_read(&r, (enum cbor_type)type), 0);
			assert_true(r.bad);
		}
	}
}

static void strings_are_read_in_place(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf out = { 0 };
	cbor_put_string(&out, CBOR_BYTES, (struct bytes){ "\x01\x00\xff", 3 });
	cbor_put_string(&out, CBOR_TEXT, bytes_of_text("\xc3\xbc"));
	cbor_put_string(&out, CBOR_TEXT, bytes_of_text(""));
	assert_int_equal(out.size, 8);
	assert_memory_equal(out.data, "\x43\x01\x00\xff\x62\xc3\xbc\x60", out.size);
	struct reader r = reader_of(out.data, out.size);
	struct bytes content = cbor_read_string(&r, CBOR_BYTES);
	assert_ptr_equal(content.data, out.data + 1);
	assert_int_equal(content.size, 3);
	assert_true(bytes_equal(cbor_read_string(&r, CBOR_TEXT), bytes_of_text("\xc3\xbc")));
	assert_int_equal(cbor_read_string(&r, CBOR_TEXT).size, 0);
	assert_true(reader_finished(&r));
}

static void strings_that_are_none_are_refused(void **state)
{
	(void)state;
	static const struct {
		enum cbor_type type;
		const char *encoding;
		size_t size;
	} wrong[] = {
		{ CBOR_BYTES, "\x43\x01\x00", 3 },
		{ CBOR_BYTES, "\x5b\xff\xff\xff\xff\xff\xff\xff\xff", 9 },
		{ CBOR_BYTES, "\x5f\x41\x01\xff", 4 },
		{ CBOR_BYTES, "\x61\x61", 2 },
		{ CBOR_TEXT, "\x41\x61", 2 },
		{ CBOR_TEXT, "\x61\xff", 2 },
		{ CBOR_TEXT, "\x62\x61\xc3", 3 },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct reader r = reader_of(wrong[i].encoding, wrong[i].size);
		struct bytes content = cbor_read_string(&r, wrong[i].type);
		assert_null(content.data);
		assert_int_equal(content.size, 0);
		assert_true(r.bad);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_written_and_read),
		cmocka_unit_test(what_is_cut_is_refused),
		cmocka_unit_test(another_type_is_refused),
		cmocka_unit_test(every_other_form_is_refused),
		cmocka_unit_test(strings_are_read_in_place),
		cmocka_unit_test(strings_that_are_none_are_refused),
	};
	return cmocka_run_group_tests_name("cbor", tests, NULL, NULL);
}
