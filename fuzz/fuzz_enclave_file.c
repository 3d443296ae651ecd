/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "cli/elf_section.h"
#include "cli/enclave_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes file = { data, size };
	struct bytes section;
	struct sigstruct properties;
	if (elf_find_section(file, ".oeinfo", &section, FUZZ_ERR)) {
		if (section.size > size)
			abort();
		(void)sigstruct_find(section, &properties, FUZZ_ERR);
	}
	(void)sigstruct_find(file, &properties, FUZZ_ERR);
	return 0;
}
