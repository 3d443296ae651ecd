/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "dcap/chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chain chain;
	if (chain_read((struct bytes){ data, size }, &chain, NULL))
		chain_free(&chain);
	return 0;
}
