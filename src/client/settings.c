/* SPDX-License-Identifier: Apache-2.0 */
#include "client/settings.h"

#include "base/memory.h"

#include <stdlib.h>

void name_list_set(struct name_list *list, const char *const *names, size_t count)
{
	struct name_list copy = { .items = xcalloc(count ? count : 1, sizeof(char *)) };
	for (; copy.count < count; copy.count++)
		copy.items[copy.count] = xstrdup(names[copy.count]);
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = copy;
}

void settings_free(struct settings *settings)
{
	name_list_set(&settings->tcb_statuses, NULL, 0);
	name_list_set(&settings->advisories, NULL, 0);
	free(settings->tcb_statuses.items);
	free(settings->advisories.items);
	free(settings->collateral);
	free(settings->trust_root);
	buf_free(&settings->nonce);
	*settings = (struct settings){ 0 };
}
