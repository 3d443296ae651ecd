/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "sgx/elf_segments.h"

#include <stdlib.h>

/* Whatever is accepted must lie within the file and within the span. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_segments segments;
	if (!elf_segments_parse((struct bytes){ data, size }, &segments, FUZZ_ERR))
		return 0;
	for (size_t i = 0; i < segments.count; i++) {
		const struct elf_segment *segment = &segments.items[i];
		const uint8_t *content = segment->content.data;
		if (content < data || segment->content.size > size ||
			content + segment->content.size > data + size ||
			segment->address < segments.start ||
			segment->address + segment->size > segments.end)
			abort();
	}
	return 0;
}
