/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names to values, filled once and then only read: entries are appended, sorted once, and found by
 * binary search. Iteration (entries[0] to entries[count - 1]) is in byte order of the names.
 */
#ifndef BASE_STRMAP_H
#define BASE_STRMAP_H

#include <stddef.h>

struct strmap_entry {
	char *name; /* owned */
	void *value;
	size_t position; /* in the order of strmap_add */
};

struct strmap {
	struct strmap_entry *entries;
	size_t count;
	size_t capacity;
};

/* Appends. The name is copied, the value is the map's from now on. */
void strmap_add(struct strmap *m, const char *name, void *value);
/* Sorts; of entries with one name the last added stays, the others' values go to free_value. */
void strmap_sort(struct strmap *m, void (*free_value)(void *));
/* NULL if there is none. Only after strmap_sort. */
void *strmap_get(const struct strmap *m, const char *name);
/* Frees names and, unless free_value is NULL, values. */
void strmap_free(struct strmap *m, void (*free_value)(void *));

#endif
