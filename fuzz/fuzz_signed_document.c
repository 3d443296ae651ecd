/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "dcap/signed_document.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct signed_document document;
	if (!signed_document_find((struct bytes){ data, size }, "tcbInfo", &document, FUZZ_ERR))
		return 0;
	/* what is signed lies inside of what was read, and is one object */
	const uint8_t *body = document.body.data;
	if (body < data || body + document.body.size > data + size || document.body.size < 2 ||
		body[0] != '{' || body[document.body.size - 1] != '}')
		abort();
	return 0;
}
