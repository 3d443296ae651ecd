/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "pccs/set_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf files[COLLATERAL_FILES] = { 0 };
	int64_t fetched_at;
	(void)set_file_parse((struct bytes){ data, size }, files, &fetched_at, NULL);
	for (size_t i = 0; i < COLLATERAL_FILES; i++)
		buf_free(&files[i]);
	return 0;
}
