/* SPDX-License-Identifier: Apache-2.0 */
/* What `quote verify` may be told to expect of the enclave or VM, value by value. */
#ifndef CLI_QUOTE_EXPECTATION_H
#define CLI_QUOTE_EXPECTATION_H

#include "cli/options.h"
#include "dcap/verify.h"

#define QUOTE_EXPECTATIONS (2 + TD_RTMRS) /* report data, MRTD and the registers */

struct quote_expectation {
	const char *name; /* "MRTD"; NULL: nothing is expected */
	uint8_t value[SGX_REPORT_DATA_SIZE];
	size_t size;
	const uint8_t *(*find)(const struct dcap_result *result, size_t index); /* in the report */
	size_t index;                                                           /* of a register */
};

/*
 * From --report-data (1 to 64 bytes in hex, filled up with zeros), --mrtd and --rtmr0 to --rtmr3
 * (48 bytes each). ERROR_INVALID names the flag.
 */
bool quote_expectations_read(const struct options *options,
	struct quote_expectation expected[QUOTE_EXPECTATIONS], struct error *err);

/*
 * Whether the verified quote has the value; ERROR_DENIED says which it has instead. Enclaves have
 * none but report data.
 */
bool quote_expectation_check(const struct quote_expectation *expected,
	const struct dcap_result *result, struct error *err);

#endif
