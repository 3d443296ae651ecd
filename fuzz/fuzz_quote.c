/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "sgx/quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sgx_quote quote;
	(void)sgx_quote_parse((struct bytes){ data, size }, &quote, NULL);
	return 0;
}
