/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/quote_expectation.h"

#include "base/cleanup.h"
#include "base/hex.h"

#include <string.h>

static const uint8_t *find_report_data(const struct dcap_result *result, size_t index)
{
	(void)index;
	return dcap_result_report_data(result);
}

static const uint8_t *find_mr_td(const struct dcap_result *result, size_t index)
{
	(void)index;
	return result->is_tdx ? result->td.mr_td : NULL;
}

static const uint8_t *find_rtmr(const struct dcap_result *result, size_t index)
{
	return result->is_tdx ? result->td.rtmr[index] : NULL;
}

static bool read_report_data(
	const char *text, struct quote_expectation *expected, struct error *err)
{
	AUTO(buf_free) struct buf data = { 0 };
	if (!text)
		return true;
	*expected = (struct quote_expectation){
		.name = "report data", .size = SGX_REPORT_DATA_SIZE, .find = find_report_data
	};
	if (!hex_decode(&data, text, strlen(text)) || !data.size || data.size > expected->size)
		return options_refuse(
			"report-data", text, "report data are 1 to 64 bytes in hex", err);
	memcpy(expected->value, data.data, data.size);
	return true;
}

static bool read_hash(
	const char *flag, const char *text, struct quote_expectation *expected, struct error *err)
{
	expected->size = TD_HASH_SIZE;
	return hex_decode_exact(expected->value, TD_HASH_SIZE, text) ||
	       options_refuse(flag, text, "it is no value of 96 hex digits", err);
}

bool quote_expectations_read(const struct options *options,
	struct quote_expectation expected[QUOTE_EXPECTATIONS], struct error *err)
{
	static const char *const flags[TD_RTMRS] = { "rtmr0", "rtmr1", "rtmr2", "rtmr3" };
	static const char *const names[TD_RTMRS] = { "RTMR0", "RTMR1", "RTMR2", "RTMR3" };
	if (!read_report_data(options->report_data, &expected[0], err))
		return false;
	if (options->mr_td) {
		expected[1] = (struct quote_expectation){ .name = "MRTD", .find = find_mr_td };
		if (!read_hash("mrtd", options->mr_td, &expected[1], err))
			return false;
	}
	for (size_t i = 0; i < TD_RTMRS; i++) {
		struct quote_expectation *rtmr = &expected[2 + i];
		if (!options->rtmr[i])
			continue;
		*rtmr = (struct quote_expectation){
			.name = names[i], .find = find_rtmr, .index = i
		};
		if (!read_hash(flags[i], options->rtmr[i], rtmr, err))
			return false;
	}
	return true;
}

bool quote_expectation_check(const struct quote_expectation *expected,
	const struct dcap_result *result, struct error *err)
{
	char wanted[2 * SGX_REPORT_DATA_SIZE + 1];
	char reported[2 * SGX_REPORT_DATA_SIZE + 1];
	const uint8_t *value = expected->find(result, expected->index);
	if (!value)
		return error_set(err, ERROR_DENIED,
			"%s is expected, which only confidential VMs (TDX) have: the quote is of "
			"an SGX enclave",
			expected->name);
	if (!memcmp(value, expected->value, expected->size))
		return true;
	hex_format(wanted, expected->value, expected->size);
	hex_format(reported, value, expected->size);
	return error_set(err, ERROR_DENIED, "another %s is expected: %s instead of %s",
		expected->name, wanted, reported);
}
