/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "dcap/tcb_info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tcb_info info;
	if (tcb_info_parse((struct bytes){ data, size }, &info, NULL))
		tcb_info_free(&info);
	return 0;
}
