/* SPDX-License-Identifier: Apache-2.0 */
/* What a client API that is not verified yet may answer to a premain. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "premain/coordinator_quote.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(coordinator_quote_free) struct coordinator_quote quote = { 0 };
	if (!coordinator_quote_read((struct bytes){ data, size }, &quote, FUZZ_ERR))
		return 0;
	if (!quote.quote.size || !quote.certs.intermediate || !quote.certs.root)
		abort();
	(void)ca_pair_check(&quote.certs, FUZZ_ERR);
	return 0;
}
