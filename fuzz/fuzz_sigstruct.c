/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "sgx/sigstruct.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)sigstruct_verify((struct bytes){ data, size }, FUZZ_ERR);
	return 0;
}
