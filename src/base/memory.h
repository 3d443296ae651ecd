/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is there or the process is not: an allocation that fails ends the program with one
 * line on stderr. Inputs are bounded before memory is asked for, so this never depends on a peer.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
/* Zeroed. Ends the program when count * size overflows. */
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
/* Not for secrets: the old copy is not wiped. */
void *xreallocarray(void *p, size_t count, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *text, size_t max) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *format, ...)
	__attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

/*
 * malloc, calloc, realloc and free whose blocks are wiped when they are given back, for libraries
 * that take an allocator and handle secrets. NULL when there is no memory.
 */
void *wiping_malloc(size_t size);
void *wiping_calloc(size_t count, size_t size);
void *wiping_realloc(void *p, size_t size);
void wiping_free(void *p);

/* Overwrites with zeros in a way that the compiler keeps. */
void memory_wipe(void *p, size_t size);
/* Compares without telling by its timing where the first difference is. */
bool memory_equal_secret(const void *a, const void *b, size_t size);
bool memory_is_zero(const void *p, size_t size);

#endif
