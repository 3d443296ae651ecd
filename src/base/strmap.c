/* SPDX-License-Identifier: Apache-2.0 */
#include "base/strmap.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void strmap_add(struct strmap *m, const char *name, void *value)
{
	if (m->count == m->capacity) {
		m->capacity = m->capacity ? 2 * m->capacity : 8;
		m->entries = xreallocarray(m->entries, m->capacity, sizeof(*m->entries));
	}
	m->entries[m->count] = (struct strmap_entry){
		.name = xstrdup(name),
		.value = value,
		.position = m->count,
	};
	m->count++;
}

static int compare_names(const void *a, const void *b)
{
	const struct strmap_entry *x = a;
	const struct strmap_entry *y = b;
	return strcmp(x->name, y->name);
}

static int compare_entries(const void *a, const void *b)
{
	const struct strmap_entry *x = a;
	const struct strmap_entry *y = b;
	int order = compare_names(a, b);
	return order ? order : (x->position > y->position) - (x->position < y->position);
}

static void free_entry(struct strmap_entry *entry, void (*free_value)(void *))
{
	free(entry->name);
	if (free_value)
		free_value(entry->value);
}

void strmap_sort(struct strmap *m, void (*free_value)(void *))
{
	size_t kept = 0;
	if (m->count)
		qsort(m->entries, m->count, sizeof(*m->entries), compare_entries);
	for (size_t i = 0; i < m->count; i++) {
		if (i + 1 < m->count && !strcmp(m->entries[i].name, m->entries[i + 1].name))
			free_entry(&m->entries[i], free_value);
		else
			m->entries[kept++] = m->entries[i];
	}
	m->count = kept;
}

void *strmap_get(const struct strmap *m, const char *name)
{
	struct strmap_entry key = { .name = (char *)name };
	struct strmap_entry *found =
		m->count ? bsearch(&key, m->entries, m->count, sizeof(key), compare_names) : NULL;
	return found ? found->value : NULL;
}

void strmap_free(struct strmap *m, void (*free_value)(void *))
{
	for (size_t i = 0; i < m->count; i++)
		free_entry(&m->entries[i], free_value);
	free(m->entries);
	*m = (struct strmap){ 0 };
}
