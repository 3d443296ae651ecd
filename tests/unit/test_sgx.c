/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "sgx/quote.h"

#define LENGTHS "quote is malformed: its lengths do not add up to its "

static struct sgx_report_body example_body(void)
{
	struct sgx_report_body body = { .misc_select = 0x01020304,
		.isv_prod_id = 0x1112,
		.isv_svn = 0x2122,
		.config_svn = 0x3132,
		.attributes = { .flags = SGX_FLAG_INITTED | SGX_FLAG_MODE64BIT, .xfrm = 7 } };
	memset(body.mr_enclave, 0xe1, sizeof(body.mr_enclave));
	memset(body.mr_signer, 0x51, sizeof(body.mr_signer));
	memset(body.report_data, 0xda, sizeof(body.report_data));
	return body;
}

static void fields_stand_at_the_offsets_of_the_spec(void **state)
{
	(void)state;
	struct sgx_report_body body = example_body();
	AUTO(buf_free) struct buf out = { 0 };
	sgx_report_body_put(&out, &body);
	assert_int_equal(out.size, SGX_REPORT_BODY_SIZE);
	assert_int_equal(out.data[16], 4);
	assert_int_equal(out.data[48], 5);
	assert_int_equal(out.data[56], 7);
	assert_memory_equal(out.data + 64, body.mr_enclave, 32);
	assert_memory_equal(out.data + 128, body.mr_signer, 32);
	assert_memory_equal(out.data + 256, "\x12\x11\x22\x21\x32\x31", 6);
	assert_memory_equal(out.data + 320, body.report_data, 64);
	struct reader r = reader_of(out.data, out.size);
	struct sgx_report_body again;
	sgx_report_body_parse(&r, &again);
	assert_true(reader_finished(&r));
	assert_true(again.reserved_are_zero);
	assert_int_equal(again.isv_svn, 0x2122);
	out.data[96] = 1;
	r = reader_of(out.data, out.size);
	sgx_report_body_parse(&r, &again);
	assert_false(again.reserved_are_zero);
}

static void target_info_and_report_have_their_sizes(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf out = { 0 };
	struct sgx_report report = { .body = example_body() };
	sgx_report_put(&out, &report);
	assert_int_equal(out.size, SGX_REPORT_SIZE);
	buf_clear(&out);
	struct sgx_target_info target = { .misc_select = 9, .config_svn = 8 };
	sgx_target_info_put(&out, &target);
	assert_int_equal(out.size, SGX_TARGET_INFO_SIZE);
	assert_int_equal(out.data[50], 8);
	assert_int_equal(out.data[52], 9);
	struct reader r = reader_of(out.data, out.size);
	struct sgx_target_info again;
	sgx_target_info_parse(&r, &again);
	assert_true(reader_finished(&r));
	assert_int_equal(again.misc_select, 9);
}

static struct sgx_quote example_parts(uint16_t version, bool is_tdx)
{
	static const uint8_t zeros[SGX_REPORT_BODY_SIZE];
	return (struct sgx_quote){ .version = version,
		.is_tdx = is_tdx,
		.header = { .qe_svn = 8, .pce_svn = 13 },
		.report = example_body(),
		.td = { .attributes = TD_ATTRIBUTE_DEBUG,
			.mr_td = "mrtd",
			.rtmr = { "0", "1", "2", "3" },
			.report_data = "data",
			.is_1_5 = version == SGX_QUOTE_VERSION_5,
			.mr_service_td = "service" },
		.signature = zeros,
		.attestation_key = zeros,
		.qe_report_part = { zeros, sizeof(zeros) },
		.qe_report_signature = zeros,
		.qe_auth_data = { zeros, 32 },
		.cert_type = SGX_CERT_TYPE_PCK_CHAIN,
		.cert_data = { "chain", 5 } };
}

static void put_quote_of(struct buf *out, uint16_t version, bool is_tdx)
{
	struct sgx_quote parts = example_parts(version, is_tdx);
	buf_clear(out);
	sgx_quote_put_signed_part(out, &parts);
	sgx_quote_put_signature_data(out, &parts);
}

static void put_example_quote(struct buf *out)
{
	put_quote_of(out, SGX_QUOTE_VERSION_3, false);
}

static void a_quote_is_parsed_as_it_was_built(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf out = { 0 };
	put_example_quote(&out);
	assert_int_equal(out.size, 436 + 584 + 32 + 5);
	struct sgx_quote quote;
	struct error err = { 0 };
	assert_success(sgx_quote_parse(buf_bytes(&out), &quote, &err), err);
	assert_int_equal(quote.header.pce_svn, 13);
	assert_int_equal(quote.report.isv_prod_id, 0x1112);
	assert_int_equal(quote.qe_auth_data.size, 32);
	assert_int_equal(quote.cert_data.size, 5);
	assert_memory_equal(quote.cert_data.data, "chain", 5);
}

static void every_wrong_length_of_a_quote_is_refused(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf out = { 0 };
	put_example_quote(&out);
	struct sgx_quote quote;
	struct error err = { 0 };
	for (size_t size = 8; size < out.size; size++) {
		AUTO(auto_free)
		char *message = size < 436
					? xasprintf(LENGTHS "%zu bytes; it is cut off before its "
							    "signature",
						  size)
					: xasprintf(LENGTHS "%zu bytes; it is cut off: it says "
							    "that it has %zu bytes",
						  size, out.size);
		assert_false(sgx_quote_parse((struct bytes){ out.data, size }, &quote, &err));
		assert_string_equal(err.message, message);
	}
	static const size_t length_fields[] = { 432, 436 + 576, 436 + 578 + 32 + 2 };
	for (size_t i = 0; i < 3; i++) {
		for (int delta = -1; delta <= 1; delta += 2) {
			out.data[length_fields[i]] = (uint8_t)(out.data[length_fields[i]] + delta);
			assert_false(sgx_quote_parse(buf_bytes(&out), &quote, &err));
			out.data[length_fields[i]] = (uint8_t)(out.data[length_fields[i]] - delta);
		}
	}
	memset(out.data + 432, 0xff, 4);
	assert_false(sgx_quote_parse(buf_bytes(&out), &quote, &err));
	buf_clear(&out);
	put_example_quote(&out);
	buf_put_u8(&out, 0);
	assert_failure(sgx_quote_parse(buf_bytes(&out), &quote, &err), err, ERROR_INVALID,
		"do not add up to its");
	AUTO(auto_free) char *message = xasprintf(LENGTHS "%zu bytes; 1 byte follows it", out.size);
	assert_string_equal(err.message, message);
	buf_put_u8(&out, 1);
	assert_failure(sgx_quote_parse(buf_bytes(&out), &quote, &err), err, ERROR_INVALID,
		"bytes; 2 bytes follow it");
}

/* Version, kind, and the sizes of clauses 1.6, 1.7 and 6. */
static const struct {
	uint16_t version;
	bool is_tdx;
	size_t signed_size;
} kinds[] = {
	{ SGX_QUOTE_VERSION_3, false, 432 },
	{ SGX_QUOTE_VERSION_4, false, 432 },
	{ SGX_QUOTE_VERSION_4, true, 632 },
	{ SGX_QUOTE_VERSION_5, false, 438 },
	{ SGX_QUOTE_VERSION_5, true, 702 },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void quotes_of_every_kind_are_parsed_as_they_were_built(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf out = { 0 };
	for (size_t i = 0; i < KINDS; i++) {
		struct sgx_quote quote;
		struct error err = { 0 };
		put_quote_of(&out, kinds[i].version, kinds[i].is_tdx);
		assert_success(sgx_quote_parse(buf_bytes(&out), &quote, &err), err);
		assert_int_equal(quote.version, kinds[i].version);
		assert_int_equal(quote.is_tdx, kinds[i].is_tdx);
		assert_int_equal(quote.signed_part.size, kinds[i].signed_size);
		assert_int_equal(quote.cert_data.size, 5);
		assert_memory_equal(quote.cert_data.data, "chain", 5);
		if (!kinds[i].is_tdx) {
			assert_int_equal(quote.report.isv_prod_id, 0x1112);
			continue;
		}
		assert_string_equal((const char *)quote.td.mr_td, "mrtd");
		assert_string_equal((const char *)quote.td.rtmr[3], "3");
		assert_string_equal((const char *)sgx_quote_report_data(&quote), "data");
		assert_int_equal(quote.td.is_1_5, kinds[i].version == SGX_QUOTE_VERSION_5);
	}
}

static void every_other_length_of_every_kind_is_refused(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf out = { 0 };
	for (size_t i = 0; i < KINDS; i++) {
		struct sgx_quote quote;
		put_quote_of(&out, kinds[i].version, kinds[i].is_tdx);
		for (size_t size = 0; size < out.size; size++)
			assert_false(
				sgx_quote_parse((struct bytes){ out.data, size }, &quote, NULL));
		buf_put_u8(&out, 0);
		assert_false(sgx_quote_parse(buf_bytes(&out), &quote, NULL));
	}
}

/* How many bytes are left of a quote with these behind it. */
static size_t left_of(uint16_t version, bool is_tdx, const char *tail, size_t tail_size)
{
	AUTO(buf_free) struct buf out = { 0 };
	put_quote_of(&out, version, is_tdx);
	size_t size = out.size;
	buf_put(&out, tail, tail_size);
	struct bytes cut = sgx_quote_without_padding(buf_bytes(&out));
	assert_ptr_equal(cut.data, out.data);
	assert_true(cut.size >= size);
	return cut.size - size;
}

static void zeros_behind_the_quote_of_a_vm_can_be_cut_off(void **state)
{
	(void)state;
	static const char zeros[4096];
	for (uint16_t version = 4; version <= 5; version++) {
		assert_int_equal(left_of(version, true, zeros, 0), 0);
		assert_int_equal(left_of(version, true, zeros, 1), 0);
		assert_int_equal(left_of(version, true, zeros, sizeof(zeros)), 0);
		assert_int_equal(left_of(version, true, "\0\0\1", 3), 3);
		assert_int_equal(left_of(version, true, "\1\0\0", 3), 3);
		assert_int_equal(left_of(version, false, zeros, 8), 8);
	}
	assert_int_equal(left_of(3, false, zeros, 8), 8);
}

static void assert_cut_off(struct bytes start)
{
	struct sgx_quote quote;
	struct error err = { 0 };
	assert_failure(
		sgx_quote_parse(start, &quote, &err), err, ERROR_INVALID, "bytes; it is cut off");
}

static void a_newer_quote_that_is_cut_off_says_so_wherever_that_is(void **state)
{
	(void)state;
	for (uint16_t version = 4; version <= 5; version++) {
		AUTO(buf_free) struct buf out = { 0 };
		put_quote_of(&out, version, true);
		for (size_t size = 8; size < out.size; size++)
			assert_cut_off((struct bytes){ out.data, size });
	}
}

static void what_is_no_whole_quote_stays_as_it_is(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf out = { 0 };
	put_quote_of(&out, 4, true);
	size_t whole = out.size;
	for (size_t size = 0; size < whole; size++)
		assert_int_equal(
			sgx_quote_without_padding((struct bytes){ out.data, size }).size, size);
	/* a length that reaches into the zeros, or over the end */
	buf_put_zeros(&out, 16);
	out.data[632]++;
	assert_int_equal(sgx_quote_without_padding(buf_bytes(&out)).size, whole + 1);
	out.data[632 + 3] = 0xff;
	assert_int_equal(sgx_quote_without_padding(buf_bytes(&out)).size, out.size);
}

static void assert_byte_refused(uint16_t version, bool is_tdx, size_t at, uint8_t value,
	enum error_kind kind, const char *message)
{
	AUTO(buf_free) struct buf out = { 0 };
	struct sgx_quote quote;
	struct error err = { 0 };
	put_quote_of(&out, version, is_tdx);
	out.data[at] = value;
	assert_failure(sgx_quote_parse(buf_bytes(&out), &quote, &err), err, kind, message);
}

static void what_newer_versions_wrap_around_must_fit(void **state)
{
	(void)state;
	assert_byte_refused(4, true, 4, 0x82, ERROR_UNSUPPORTED, "TEE type 0x82");
	assert_byte_refused(4, true, 4, 0, ERROR_INVALID, "lengths do not add up");
	assert_byte_refused(4, false, 436 + 128, 5, ERROR_UNSUPPORTED, "data of type 5 around");
	assert_byte_refused(4, false, 436 + 130, 0, ERROR_INVALID,
		"bytes; those of its signature data are wrong");
	assert_byte_refused(5, true, 48, 4, ERROR_UNSUPPORTED, "a body of type 4");
	assert_byte_refused(5, true, 48, 0, ERROR_UNSUPPORTED, "a body of type 0");
	assert_byte_refused(5, true, 48, 2, ERROR_INVALID, "648 bytes instead of 584");
	assert_byte_refused(5, true, 48, 1, ERROR_INVALID, "does not go with its TEE type");
	assert_byte_refused(5, false, 50, 0, ERROR_INVALID, "256 bytes instead of 384");
}

static void other_kinds_of_quotes_are_named(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf out = { 0 };
	put_example_quote(&out);
	struct sgx_quote quote;
	struct error err = { 0 };
	out.data[0] = 6;
	assert_failure(sgx_quote_parse(buf_bytes(&out), &quote, &err), err, ERROR_UNSUPPORTED,
		"version 6");
	out.data[0] = 4;
	assert_failure(sgx_quote_parse(buf_bytes(&out), &quote, &err), err, ERROR_UNSUPPORTED,
		"certification data of type 0 around"); /* the QE report starts there */
	out.data[0] = 3;
	out.data[2] = 1;
	assert_failure(
		sgx_quote_parse(buf_bytes(&out), &quote, &err), err, ERROR_UNSUPPORTED, "EPID");
	out.data[2] = 2;
	out.data[4] = 0x81;
	assert_failure(
		sgx_quote_parse(buf_bytes(&out), &quote, &err), err, ERROR_INVALID, "TEE type");
	out.data[4] = 0;
	out.data[12] ^= 1;
	assert_failure(
		sgx_quote_parse(buf_bytes(&out), &quote, &err), err, ERROR_UNSUPPORTED, "vendor");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_stand_at_the_offsets_of_the_spec),
		cmocka_unit_test(target_info_and_report_have_their_sizes),
		cmocka_unit_test(a_quote_is_parsed_as_it_was_built),
		cmocka_unit_test(every_wrong_length_of_a_quote_is_refused),
		cmocka_unit_test(a_newer_quote_that_is_cut_off_says_so_wherever_that_is),
		cmocka_unit_test(quotes_of_every_kind_are_parsed_as_they_were_built),
		cmocka_unit_test(every_other_length_of_every_kind_is_refused),
		cmocka_unit_test(zeros_behind_the_quote_of_a_vm_can_be_cut_off),
		cmocka_unit_test(what_is_no_whole_quote_stays_as_it_is),
		cmocka_unit_test(what_newer_versions_wrap_around_must_fit),
		cmocka_unit_test(other_kinds_of_quotes_are_named),
	};
	return cmocka_run_group_tests_name("sgx", tests, NULL, NULL);
}
