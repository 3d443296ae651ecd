/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "dcap/enclave_identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct enclave_identity identity;
	if (enclave_identity_parse((struct bytes){ data, size }, &identity, NULL))
		enclave_identity_free(&identity);
	return 0;
}
