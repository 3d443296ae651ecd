/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of protected files: hosts in memory that can fail or stop at any write, and contents.
 */
#ifndef TESTS_PROTECTED_FIXTURE_H
#define TESTS_PROTECTED_FIXTURE_H

#include "unit.h"

#include "protected_disk.h"

/* Repeatable numbers, so that a failure can be seen again (SplitMix64). */
static inline uint64_t test_random(uint64_t *seed)
{
	uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline void fill_random(void *out, size_t size, uint64_t seed)
{
	for (uint8_t *next = out; size--; next++)
		*next = (uint8_t)test_random(&seed);
}

static inline void must_write(
	struct protected_file *file, uint64_t offset, const void *data, size_t size)
{
	struct error err = { 0 };
	assert_success(protected_file_write(file, offset, data, size, &err), err);
}

static inline void must_flush(struct protected_file *file)
{
	struct error err = { 0 };
	assert_success(protected_file_flush(file, &err), err);
}

static inline void assert_content(struct protected_file *file, const void *expected, size_t size)
{
	struct error err = { 0 };
	size_t got;
	AUTO(auto_free) uint8_t *content = xmalloc(size + 1);
	assert_int_equal(protected_file_size(file), size);
	assert_success(protected_file_read(file, 0, content, size + 1, &got, &err), err);
	assert_int_equal(got, size);
	if (size)
		assert_memory_equal(content, expected, size);
}

#endif
