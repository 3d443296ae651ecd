/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "attest/report_header.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes strict = { NULL, 0 };
	struct bytes lenient = { NULL, 0 };
	struct bytes report = { data, size };
	bool has_header = report_header_strip(report, &strict, FUZZ_ERR);
	bool is_either = report_header_strip_if_any(report, &lenient, FUZZ_ERR);
	/* what has a header is the same to both; what they return is the end of the input */
	if (has_header && (!is_either || strict.data != lenient.data))
		abort();
	if (is_either && (const uint8_t *)lenient.data + lenient.size != data + size)
		abort();
	return 0;
}
