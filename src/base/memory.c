/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *require(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

void *xmalloc(size_t size)
{
	return require(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
	return require(calloc(count ? count : 1, size ? size : 1));
}

void *xreallocarray(void *p, size_t count, size_t size)
{
	return require(reallocarray(p, count ? count : 1, size ? size : 1));
}

char *xstrdup(const char *text)
{
	return require(strdup(text));
}

char *xstrndup(const char *text, size_t max)
{
	return require(strndup(text, max));
}

char *xasprintf(const char *format, ...)
{
	char *text = NULL;
	va_list args;
	va_start(args, format);
	int length = vasprintf(&text, format, args);
	va_end(args);
	return require(length < 0 ? NULL : text);
}

/* In front of each block; the union keeps the block aligned as malloc aligns. */
union block_header {
	size_t size;
	max_align_t alignment;
};

static union block_header *header_of(void *p)
{
	return (union block_header *)p - 1;
}

void *wiping_malloc(size_t size)
{
	if (size > SIZE_MAX - sizeof(union block_header))
		return NULL;
	union block_header *header = malloc(sizeof(*header) + size);
	if (!header)
		return NULL;
	header->size = size;
	return header + 1;
}

void *wiping_calloc(size_t count, size_t size)
{
	size_t total;
	void *p = __builtin_mul_overflow(count, size, &total) ? NULL : wiping_malloc(total);
	return p ? memset(p, 0, total) : NULL;
}

void *wiping_realloc(void *p, size_t size)
{
	void *moved = wiping_malloc(size);
	if (!moved || !p)
		return moved;
	size_t before = header_of(p)->size;
	memcpy(moved, p, before < size ? before : size);
	wiping_free(p);
	return moved;
}

void wiping_free(void *p)
{
	if (!p)
		return;
	union block_header *header = header_of(p);
	memory_wipe(p, header->size);
	free(header);
}

void memory_wipe(void *p, size_t size)
{
	if (size)
		explicit_bzero(p, size);
}

bool memory_equal_secret(const void *a, const void *b, size_t size)
{
	const volatile uint8_t *x = a;
	const volatile uint8_t *y = b;
	uint8_t difference = 0;
	for (size_t i = 0; i < size; i++)
		difference |= x[i] ^ y[i];
	return difference == 0;
}

bool memory_is_zero(const void *p, size_t size)
{
	const uint8_t *bytes = p;
	for (size_t i = 0; i < size; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}
