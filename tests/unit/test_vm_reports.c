/* SPDX-License-Identifier: Apache-2.0 */
/* The reports of a simulated VM; how they look as files is seen end to end. */
#include "unit.h"

#include "platform/vm_reports.h"
#include "platform_fixture.h"

#include <errno.h>

DEFINE_AUTO_FREE(auto_reports, struct vm_reports *, vm_reports_free)

static struct vm_kernel kernel_of(struct platform *platform, enum vm_fault fault)
{
	return (struct vm_kernel){ .platform = platform,
		.quote = { .version = SGX_QUOTE_VERSION_4,
			.is_tdx = true,
			.cert_type = SGX_CERT_TYPE_PCK_CHAIN },
		.provider = "tdx_guest",
		.fault = fault };
}

static void numbers_are_not_used_again(void **state)
{
	(void)state;
	const struct vm_kernel kernel = kernel_of(NULL, VM_FAULT_NONE);
	AUTO(auto_reports) struct vm_reports *reports = vm_reports_new(&kernel);
	uint64_t first;
	uint64_t second;
	uint64_t third;
	assert_int_equal(vm_reports_make(reports, "a", &first), 0);
	assert_int_equal(vm_reports_make(reports, "b", &second), 0);
	assert_int_equal(vm_reports_make(reports, "a", &third), EEXIST);
	assert_int_equal(vm_reports_remove(reports, "a"), 0);
	assert_int_equal(vm_reports_remove(reports, "a"), ENOENT);
	assert_int_equal(vm_reports_make(reports, "a", &third), 0);
	assert_int_equal(vm_reports_find(reports, "a"), third);
	assert_true(first && first != second && first != third && second != third);
	assert_false(vm_reports_exists(reports, first));
	assert_true(vm_reports_exists(reports, second));
	assert_int_equal(vm_reports_find(reports, "c"), 0);
}

static void reports_are_listed_in_order(void **state)
{
	(void)state;
	static const char *const names[] = { "z", "y", "x" };
	const struct vm_kernel kernel = kernel_of(NULL, VM_FAULT_NONE);
	AUTO(auto_reports) struct vm_reports *reports = vm_reports_new(&kernel);
	uint64_t number = 0;
	assert_null(vm_reports_next(reports, &number));
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(vm_reports_make(reports, names[i], &number), 0);
	assert_int_equal(vm_reports_remove(reports, "y"), 0);
	number = 0;
	assert_string_equal(vm_reports_next(reports, &number), "z");
	number++;
	assert_string_equal(vm_reports_next(reports, &number), "x");
	number++;
	assert_null(vm_reports_next(reports, &number));
}

/* What reading an attribute gives: an errno, or the number of its bytes, negative. */
static long shown(struct vm_reports *reports, uint64_t number, enum vm_attribute attribute)
{
	AUTO(buf_free) struct buf value = { 0 };
	int error = vm_reports_show(reports, number, attribute, &value);
	return error ? error : -(long)value.size;
}

static void a_quote_needs_exactly_64_bytes(void **state)
{
	AUTO(auto_platform)
	struct platform *platform = platform_fixture_make(*state, &platform_default_options);
	const struct vm_kernel kernel = kernel_of(platform, VM_FAULT_NONE);
	AUTO(auto_reports) struct vm_reports *reports = vm_reports_new(&kernel);
	AUTO(buf_free) struct buf quote = { 0 };
	uint8_t data[TD_REPORT_DATA_SIZE] = "report data";
	struct sgx_quote parsed;
	struct error err = { 0 };
	uint64_t number;
	assert_int_equal(vm_reports_make(reports, "r", &number), 0);
	assert_int_equal(shown(reports, number, VM_OUTBLOB), EINVAL);
	assert_int_equal(vm_reports_store(reports, number, (struct bytes){ data, 63 }), 0);
	assert_int_equal(shown(reports, number, VM_OUTBLOB), EINVAL);
	assert_int_equal(vm_reports_store(reports, number, (struct bytes){ data, 64 }), 0);
	assert_int_equal(vm_reports_show(reports, number, VM_OUTBLOB, &quote), 0);
	assert_success(sgx_quote_parse(buf_bytes(&quote), &parsed, &err), err);
	assert_memory_equal(parsed.td.report_data, data, sizeof(data));
	assert_int_equal(shown(reports, number, VM_INBLOB), EACCES);
	assert_int_equal(vm_reports_remove(reports, "r"), 0);
	assert_int_equal(shown(reports, number, VM_PROVIDER), ENOENT);
	assert_int_equal(vm_reports_store(reports, number, (struct bytes){ data, 64 }), ENOENT);
}

static void faults_are_those_of_hosts(void **state)
{
	static const struct {
		enum vm_fault fault;
		long result;
	} rows[] = { { VM_FAULT_BUSY, EBUSY }, { VM_FAULT_REFUSED, EIO },
		{ VM_FAULT_TIMEOUT, ETIMEDOUT }, { VM_FAULT_EMPTY, 0 } };
	static const uint8_t data[TD_REPORT_DATA_SIZE];
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct vm_kernel kernel = kernel_of(NULL, rows[i].fault);
		AUTO(auto_reports) struct vm_reports *reports = vm_reports_new(&kernel);
		AUTO(buf_free) struct buf generation = { 0 };
		uint64_t number;
		assert_int_equal(vm_reports_make(reports, "r", &number), 0);
		vm_reports_store(reports, number, (struct bytes){ data, sizeof(data) });
		assert_int_equal(shown(reports, number, VM_OUTBLOB), rows[i].result);
		assert_int_equal(vm_reports_show(reports, number, VM_GENERATION, &generation), 0);
		assert_string_equal(buf_text(&generation), "1\n");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_not_used_again),
		cmocka_unit_test(reports_are_listed_in_order),
		WITH_FOLDER(a_quote_needs_exactly_64_bytes),
		cmocka_unit_test(faults_are_those_of_hosts),
	};
	return cmocka_run_group_tests_name("vm_reports", tests, NULL, NULL);
}
