/* SPDX-License-Identifier: Apache-2.0 */
/* The parsers below the verifier, each by itself. */
#include "unit.h"

#include "base/cleanup.h"
#include "base/hex.h"
#include "crypto/cert.h"
#include "crypto/digest.h"
#include "dcap/anchor.h"
#include "dcap/der.h"
#include "dcap/enclave_identity.h"
#include "dcap/signed_document.h"
#include "dcap/tcb_status.h"
#include "dcap_issue.h"

static void statuses_converge_like_the_spec_says(void **state)
{
	(void)state;
	static const enum tcb_status with_outdated_qe[] = {
		[TCB_UP_TO_DATE] = TCB_OUT_OF_DATE,
		[TCB_SW_HARDENING_NEEDED] = TCB_OUT_OF_DATE,
		[TCB_CONFIGURATION_NEEDED] = TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
		[TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] = TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
		[TCB_OUT_OF_DATE] = TCB_OUT_OF_DATE,
		[TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] = TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
		[TCB_REVOKED] = TCB_REVOKED,
	};
	for (enum tcb_status s = TCB_UP_TO_DATE; s <= TCB_REVOKED; s++) {
		assert_int_equal(tcb_status_converge(s, TCB_UP_TO_DATE), s);
		assert_int_equal(tcb_status_converge(s, TCB_OUT_OF_DATE), with_outdated_qe[s]);
		assert_int_equal(tcb_status_converge(s, TCB_REVOKED), TCB_REVOKED);
	}
}

static void status_names_are_case_sensitive(void **state)
{
	(void)state;
	enum tcb_status status;
	for (enum tcb_status s = TCB_UP_TO_DATE; s <= TCB_REVOKED; s++) {
		assert_true(tcb_status_from_name(tcb_status_name(s), &status));
		assert_int_equal(status, s);
	}
	assert_string_equal(tcb_status_name(TCB_SW_HARDENING_NEEDED), "SWHardeningNeeded");
	assert_false(tcb_status_from_name("upToDate", &status));
	assert_false(tcb_status_from_name("Unknown", &status));
	assert_false(tcb_status_from_name("", &status));
}

static void intels_root_key_is_built_in(void **state)
{
	(void)state;
	AUTO(anchor_free) struct anchor anchor;
	struct error err = { 0 };
	assert_success(anchor_open(NULL, &anchor, &err), err);
	assert_false(anchor.is_simulated);
	uint8_t point[1 + P256_RAW_SIZE] = { 4 };
	uint8_t hash[SHA256_SIZE];
	char digits[2 * SHA256_SIZE + 1];
	memcpy(point + 1, anchor.root.point, P256_RAW_SIZE);
	sha256(point, sizeof(point), hash);
	hex_format(digits, hash, sizeof(hash));
	assert_string_equal(digits, /* spec dcap.md clause 2.2 */
		"a512ddae5b8a05fd0738d708f29ddccaca53aad8b3698e77194cb05cc0723e89");
	assert_success(certificate_check_issuer(&anchor.root, &anchor.root, &err), err);
}

/* One element with this hex as its encoding, taken as an integer up to 65535. */
static bool is_integer(const char *hex, uint32_t expected)
{
	AUTO(buf_free) struct buf der = { 0 };
	assert_true(hex_decode(&der, hex, strlen(hex)));
	struct reader r = reader_of(der.data, der.size);
	uint32_t value = der_take_uint(&r, DER_INTEGER, 65535);
	return reader_finished(&r) && value == expected;
}

static void der_has_one_form_for_each_value(void **state)
{
	(void)state;
	assert_true(is_integer("020100", 0));
	assert_true(is_integer("02017f", 127));
	assert_true(is_integer("020200ff", 255));
	assert_true(is_integer("02020100", 256));
	assert_true(is_integer("020300ffff", 65535));
	static const char *const wrong[] = { "0200", "02020001", "0201ff", "0203010000", "0202ffff",
		"02810100", "0282000100", "028000", "0280010000", "040100", "0202ff", "1f0100",
		"020200000001", "02050100000000", "02060000000000ff", "0288000000000000000100" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (is_integer(wrong[i], 0) || is_integer(wrong[i], 1) || is_integer(wrong[i], 255))
			fail_msg("%s is taken for an integer", wrong[i]);
	}
}

static void long_elements_have_the_shortest_length(void **state)
{
	(void)state;
	static const struct {
		const char *head;
		size_t size; /* 0: refused */
	} cases[] = { { "047f", 127 }, { "04817f", 0 }, { "048180", 128 }, { "048200ff", 0 },
		{ "04820100", 256 }, { "0483000100", 0 }, { "0483010000", 65536 },
		{ "048400010000", 0 }, { "0480", 0 }, { "04ff", 0 } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO(buf_free) struct buf der = { 0 };
		assert_true(hex_decode(&der, cases[i].head, strlen(cases[i].head)));
		buf_put_zeros(&der, 65536);
		struct reader r = reader_of(der.data, der.size);
		struct reader content = der_take(&r, DER_OCTET_STRING);
		assert_int_equal(content.left, cases[i].size);
		assert_int_equal(content.bad, cases[i].size == 0);
	}
}

static void serial_numbers_are_equal_as_numbers(void **state)
{
	(void)state;
	static const struct {
		const char *hex;
		const char *digits; /* NULL: refused */
	} cases[] = { { "02020a0b", "\x0a\x0b" }, { "0203000a0b", "\x0a\x0b" },
		{ "020400000a0b", "\x0a\x0b" }, { "020200ab", "\xab" }, { "020100", "" },
		{ "0201ab", NULL }, { "0200", NULL }, { "04010a", NULL } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO(buf_free) struct buf der = { 0 };
		assert_true(hex_decode(&der, cases[i].hex, strlen(cases[i].hex)));
		struct reader r = reader_of(der.data, der.size);
		struct bytes serial = x509_take_serial(&r);
		assert_int_equal(reader_finished(&r), cases[i].digits != NULL);
		if (cases[i].digits)
			assert_true(bytes_equal(serial, bytes_of_text(cases[i].digits)));
	}
}

/* The seconds of one time element, -1 if it is none. */
static int64_t time_of(const char *hex_tag, const char *text)
{
	AUTO(buf_free) struct buf der = { 0 };
	assert_true(hex_decode(&der, hex_tag, 2));
	buf_put_u8(&der, (uint8_t)strlen(text));
	buf_put_text(&der, text);
	struct reader r = reader_of(der.data, der.size);
	int64_t seconds = x509_take_time(&r);
	return reader_finished(&r) ? seconds : -1;
}

static void times_have_seconds_and_are_utc(void **state)
{
	(void)state;
	assert_int_equal(time_of("17", "250615150640Z"), PKI_NOW);
	assert_int_equal(time_of("18", "20250615150640Z"), PKI_NOW);
	assert_int_equal(time_of("17", "491231235959Z"), INT64_C(2524607999));
	assert_int_equal(time_of("17", "700101000000Z"), 0);
	assert_int_equal(time_of("18", "99991231235959Z"), INT64_C(253402300799));
	static const char *const wrong[] = { "", "2506151506Z", "250615150640", "250615150640z",
		"250231150640Z", "250615240000Z", "250615150640+0000", "2506151506400Z",
		"20250615150640Z", "25061515064 Z" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(time_of("17", wrong[i]), -1);
	assert_int_equal(time_of("18", "250615150640Z"), -1);
	assert_int_equal(time_of("18", "20250615150640.5Z"), -1);
	assert_int_equal(time_of("19", "20250615150640Z"), -1);
}

/* The signed certificate with one run of bytes, in hex, replaced; its signature is not looked at.
 */
static bool certificate_is_read(EVP_PKEY *key, const char *old, const char *new, struct error *err)
{
	struct certificate_fields fields = { .common_name = "Intel SGX Root CA",
		.key = key,
		.issuer_key = key,
		.key_usage = "critical,keyCertSign,cRLSign",
		.constraints = "critical,CA:TRUE,pathlen:1",
		.distribution_point = "URI:https://pki.example/root.crl",
		.serial = "0123456789abcdef" };
	AUTO(auto_x509) X509 *x509 = issue_certificate(&fields);
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(buf_free) struct buf hex = { 0 };
	AUTO(buf_free) struct buf changed = { 0 };
	AUTO(certificate_free) struct certificate read = { 0 };
	cert_put_der(x509, &der);
	hex_encode(&hex, der.data, der.size);
	replace_once(&hex, old, new);
	assert_true(hex_decode(&changed, buf_text(&hex), hex.size));
	return certificate_read(buf_bytes(&changed), &read, err);
}

static void certificates_have_one_form(void **state)
{
	(void)state;
	static const struct {
		const char *old;
		const char *new;
		const char *message; /* NULL: accepted */
	} cases[] = {
		{ "02080123456789abcdef", "02080123456789abcdef", NULL },
		{ "02080123456789abcdef", "02088123456789abcdef", "not an X.509 certificate" },
		{ "a003020102", "a003020101", "version 3" },
		{ "03420004", "03420104", "not on P-256" },
		{ "03420004", "03420002", "not on P-256" },
		{ "06082a8648ce3d030107", "06082a8648ce3d030106", "not on P-256" },
		{ "30120603551d130101ff040830060101ff020101",
			"30120603551d130101ff04083006010101020101", "wrong basic constraints" },
		{ "30120603551d130101ff040830060101ff020101",
			"30120603551d130101ff04083006010100020101", "wrong basic constraints" },
		{ "300e0603551d0f0101ff040403020106", "300e0603551d0f0101ff040403020102",
			"wrong key usage" },
		{ "300e0603551d0f0101ff040403020106", "300e0603551d0f010100040403020106",
			"malformed extensions" },
		{ "0603551d1f", "0603551d0e", "extension twice" },
		{ "0603551d1f", "0603551d1e", "lacks the extension \"CRL distribution points\"" },
	};
	AUTO(auto_pkey) EVP_PKEY *key = key_generate_ec(256, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };
		bool good = certificate_is_read(key, cases[i].old, cases[i].new, &err);
		if (good != !cases[i].message || (!good && !strstr(err.message, cases[i].message)))
			fail_msg("case %zu: %s", i, good ? "accepted" : err.message);
	}
}

static struct pck_extension example_platform(void)
{
	return (struct pck_extension){ .ppid = "0123456789abcde",
		.components = { 14, 14, 3, 3, 255, 255, 1 },
		.pce_svn = 13,
		.fmspc = { 0, 0x60, 0x6a },
		.is_multi_package = true };
}

static void the_sgx_extension_is_read_as_it_was_written(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pck_extension platform = example_platform();
		AUTO(buf_free) struct buf der = { 0 };
		struct pck_extension read;
		struct error err = { 0 };
		platform.is_multi_package = i == 1;
		issue_sgx_extension(&der, &platform);
		assert_success(pck_extension_parse(buf_bytes(&der), &read, &err), err);
		assert_memory_equal(read.ppid, platform.ppid, 16);
		assert_memory_equal(read.components, platform.components, TCB_COMPONENTS);
		assert_int_equal(read.pce_svn, 13);
		assert_memory_equal(read.fmspc, platform.fmspc, PCK_FMSPC_SIZE);
		assert_int_equal(read.is_multi_package, i == 1);
		/* cut anywhere, or with something behind it */
		for (size_t size = 0; size < der.size; size++)
			assert_false(
				pck_extension_parse((struct bytes){ der.data, size }, &read, NULL));
		buf_put_u8(&der, 0);
		assert_false(pck_extension_parse(buf_bytes(&der), &read, NULL));
	}
}

/* Replaces the bytes `old` (once there) by as many others, all in hex. */
static bool parse_changed(const char *old, const char *new, struct error *err)
{
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(buf_free) struct buf hex = { 0 };
	AUTO(buf_free) struct buf changed = { 0 };
	struct pck_extension platform = example_platform();
	issue_sgx_extension(&der, &platform);
	hex_encode(&hex, der.data, der.size);
	replace_once(&hex, old, new);
	assert_int_equal(hex.size, 2 * der.size);
	assert_true(hex_decode(&changed, buf_text(&hex), hex.size));
	return pck_extension_parse(buf_bytes(&changed), &platform, err);
}

#define OID "2a864886f84d010d01"

static void every_entry_of_the_sgx_extension_must_be_right(void **state)
{
	(void)state;
	static const struct {
		const char *old;
		const char *new;
		const char *message;
	} cases[] = {
		/* component 1: doubled, negative, out of place, other type, not CPUSVN's */
		{ "060b" OID "020102010e", "060b" OID "020202010e", "doubled" },
		{ "060b" OID "020102010e", "060b" OID "02010201fe", "entry 1 of the TCB" },
		{ "060b" OID "020102010e", "060b" OID "021302010e", "unknown, doubled" },
		{ "060b" OID "020102010e", "060b" OID "02010a010e", "entry 1 of the TCB" },
		{ "060b" OID "020102010e", "060b" OID "02010201ff", "entry 1 of the TCB" },
		{ "060b" OID "020102010e", "060b" OID "020102010d", "CPUSVN differs" },
		{ "060b" OID "0211", "060b" OID "0201", "doubled" },
		{ "060a" OID "030402", "060a" OID "010402", "doubled" },
		{ "060a" OID "030402", "060a" OID "080402", "is missing" },
		{ "060a" OID "030402", "060a" OID "000402", "doubled or malformed" },
		{ "060a" OID "030402", "060a" OID "800402", "doubled or malformed" },
		{ "060a" OID "040406", "060a" OID "040306", "entry 4 is malformed" },
		{ "060a" OID "050a0101", "060a" OID "050a0103", "entry 5 is malformed" },
		{ "060a" OID "0604", "060a" OID "0904", "come together" },
		{ "060b" OID "070101", "060b" OID "070102", "configuration is malformed" },
		{ "060b" OID "07010101ff", "060b" OID "0701010101", "configuration is malformed" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };
		bool good = parse_changed(cases[i].old, cases[i].new, &err);
		if (good || !strstr(err.message, cases[i].message))
			fail_msg("case %zu: %s", i, good ? "accepted" : err.message);
	}
	struct pck_extension read;
	AUTO(buf_free) struct buf nested = { 0 };
	for (size_t i = 0; i < 1000; i++)
		buf_put(&nested, "\x30\x80", 2);
	assert_false(pck_extension_parse(buf_bytes(&nested), &read, NULL));
}

static void entries_that_are_not_known_yet_are_ignored(void **state)
{
	(void)state;
	struct pck_extension platform = example_platform();
	AUTO(buf_free) struct buf der = { 0 };
	struct error err = { 0 };
	platform.is_multi_package = false;
	issue_sgx_extension(&der, &platform);
	/* 1.2.840.113741.1.13.1.8 with a NULL; the length of the whole has two bytes */
	static const char entry[] = "\x30\x0e\x06\x0a\x2a\x86\x48\x86\xf8\x4d\x01\x0d\x01\x08\x05";
	buf_put(&der, entry, sizeof(entry));
	assert_int_equal(der.data[1], 0x82);
	size_t size = ((size_t)der.data[2] << 8 | der.data[3]) + sizeof(entry);
	der.data[2] = (uint8_t)(size >> 8);
	der.data[3] = (uint8_t)size;
	assert_success(pck_extension_parse(buf_bytes(&der), &platform, &err), err);
}

static bool find(const char *text, struct signed_document *out)
{
	return signed_document_find(bytes_of_text(text), "a", out, NULL);
}

#define HEX_64       "000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"
#define SIGNED(body) "{\"a\":" body ",\"signature\":\"" HEX_64 HEX_64 "\"}"

static void the_signed_range_is_found_to_the_byte(void **state)
{
	(void)state;
	static const char *const bodies[] = { "{}", "{ }", "{\"}\":\"\\\"}\"}",
		"{\"a\":[{\"b\":\"]\"}]}", "{\"\\\\\":{}}", "{[[[[[[]]]]]]}" };
	static const char *const texts[] = { SIGNED("{}"), SIGNED("{ }"),
		SIGNED("{\"}\":\"\\\"}\"}"), SIGNED("{\"a\":[{\"b\":\"]\"}]}"),
		SIGNED("{\"\\\\\":{}}"), SIGNED("{[[[[[[]]]]]]}") };
	struct signed_document document;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_true(find(texts[i], &document));
		assert_true(bytes_equal(document.body, bytes_of_text(bodies[i])));
		assert_int_equal(document.signature[31], 0x0f);
	}
	assert_true(find(" {\"signature\" : \"" HEX_64 HEX_64 "\" ,\n\"a\"\t:{ } } ", &document));
	assert_true(bytes_equal(document.body, bytes_of_text("{ }")));
}

static void unclear_ranges_are_refused(void **state)
{
	(void)state;
	static const char *const texts[] = { "", "{", "{}", "[]", SIGNED("{"), SIGNED("{]"),
		SIGNED("{[}]"), SIGNED("{\"}"), SIGNED("{\"\\\"}"), SIGNED("[]"), SIGNED("1"),
		SIGNED("{[[[[[[[]]]]]]]}"), SIGNED("{}}"), "{\"a\":{},\"a\":{}}",
		"{\"signature\":\"" HEX_64 HEX_64 "\",\"signature\":\"" HEX_64 HEX_64 "\"}",
		"{\"a\":{},\"signature\":\"" HEX_64 HEX_64 "00\"}",
		"{\"a\":{},\"signature\":\"" HEX_64 "\"}",
		"{\"a\":{},\"signature\":\"" HEX_64 HEX_64 "\",}",
		"{\"a\":{} \"signature\":\"" HEX_64 HEX_64 "\"}" };
	struct signed_document document;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (find(texts[i], &document))
			fail_msg("accepted: %s", texts[i]);
	}
	AUTO(buf_free) struct buf large = { 0 };
	struct error err = { 0 };
	buf_put_zeros(&large, SIGNED_DOCUMENT_MAX + 1);
	assert_failure(signed_document_find(buf_bytes(&large), "a", &document, &err), err,
		ERROR_INVALID, "longer than");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses_converge_like_the_spec_says),
		cmocka_unit_test(status_names_are_case_sensitive),
		cmocka_unit_test(intels_root_key_is_built_in),
		cmocka_unit_test(der_has_one_form_for_each_value),
		cmocka_unit_test(long_elements_have_the_shortest_length),
		cmocka_unit_test(serial_numbers_are_equal_as_numbers),
		cmocka_unit_test(times_have_seconds_and_are_utc),
		cmocka_unit_test(certificates_have_one_form),
		cmocka_unit_test(the_sgx_extension_is_read_as_it_was_written),
		cmocka_unit_test(every_entry_of_the_sgx_extension_must_be_right),
		cmocka_unit_test(entries_that_are_not_known_yet_are_ignored),
		cmocka_unit_test(the_signed_range_is_found_to_the_byte),
		cmocka_unit_test(unclear_ranges_are_refused),
	};
	return cmocka_run_group_tests_name("dcap", tests, NULL, NULL);
}
