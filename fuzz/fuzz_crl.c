/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "dcap/crl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct crl crl;
	if (crl_read((struct bytes){ data, size }, &crl, NULL))
		crl_free(&crl);
	return 0;
}
