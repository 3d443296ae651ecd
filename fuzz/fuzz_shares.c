/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "base/cleanup.h"
#include "crypto/shares.h"

#include <stdlib.h>

#define SHARES 8

/* As many as there are, of the lengths that the first bytes say; the last gets the rest. */
static size_t cut(const uint8_t *data, size_t size, struct bytes shares[SHARES])
{
	size_t count = size ? 1 + data[0] % SHARES : 0;
	const uint8_t *next = data + count;
	size_t left = size > count ? size - count : 0;
	if (!left)
		return 0;
	for (size_t i = 0; i < count; i++) {
		size_t length = i + 1 < count && data[i + 1] < left ? data[i + 1] : left;
		shares[i] = (struct bytes){ next, length };
		next += length;
		left -= length;
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes shares[SHARES];
	size_t count = cut(data, size, shares);
	AUTO(buf_free) struct buf all = { 0 };
	AUTO(buf_free) struct buf threshold = { 0 };
	if (!count)
		return 0;
	if (shares_join_all(shares, count, &all, FUZZ_ERR) && all.size != shares[0].size)
		abort();
	if (shares_join_threshold(shares, count, &threshold, FUZZ_ERR) &&
		threshold.size + 1 != shares[0].size)
		abort();
	return 0;
}
