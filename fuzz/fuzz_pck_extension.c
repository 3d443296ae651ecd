/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "dcap/pck_extension.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pck_extension extension;
	(void)pck_extension_parse((struct bytes){ data, size }, &extension, FUZZ_ERR);
	return 0;
}
