/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "attest/aesm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t number;
	(void)aesm_response_parse((struct bytes){ data, size }, &number, NULL);
	return 0;
}
