/* SPDX-License-Identifier: Apache-2.0 */
#include "client/settings.h"

#include "base/memory.h"

#include <stdlib.h>

void name_list_clear(struct name_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct name_list){ 0 };
}

void name_list_set(struct name_list *list, const char *const *names, size_t count)
{
	name_list_clear(list);
	list->items = xcalloc(count + 1, sizeof(char *));
	for (; list->count < count; list->count++)
		list->items[list->count] = xstrdup(names[list->count]);
}

void settings_free(struct settings *settings)
{
	era_free(&settings->era);
	name_list_clear(&settings->tcb_statuses);
	name_list_clear(&settings->advisories);
	free(settings->collateral);
	free(settings->collateral_ca);
	free(settings->collateral_secure_cert);
	free(settings->collateral_cache);
	free(settings->trust_root);
	buf_free(&settings->nonce);
	*settings = (struct settings){ 0 };
}
