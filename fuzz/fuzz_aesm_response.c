/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "attest/aesm.h"
#include "base/cleanup.h"
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>

/* The same bytes as the message of a runtime, which people hand to `marblerun precheck`. */
static void find_number(const uint8_t *data, size_t size)
{
	uint32_t number;
	AUTO(auto_free) char *message = xstrndup((const char *)data, size);
	if (aesm_error_in(message, &number) && (number > UINT16_MAX || !*aesm_error_text(number)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t number;
	(void)aesm_response_parse((struct bytes){ data, size }, &number, FUZZ_ERR);
	if (size)
		find_number(data, size);
	return 0;
}
