/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "attest/era.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct era era;
	struct sgx_report_body report = { .isv_svn = 1 };
	const struct dcap_result result = { .status = TCB_SW_HARDENING_NEEDED };
	if (era_parse((struct bytes){ data, size }, &era, FUZZ_ERR)) {
		(void)era_check(&era, &report, FUZZ_ERR);
		(void)era_check_platform(&era, &result, FUZZ_ERR);
	}
	era_free(&era);
	return 0;
}
