/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/pending_update.h"

#include "base/memory.h"

void pending_add_user(struct pending_update *pending, const char *name, bool has_acknowledged)
{
	struct pending_user *user = xcalloc(1, sizeof(*user));
	user->has_acknowledged = has_acknowledged;
	strmap_add(&pending->users, name, user);
}

void pending_sort_users(struct pending_update *pending)
{
	strmap_sort(&pending->users, free);
}

struct pending_update *pending_new(const struct manifest *current, struct bytes manifest)
{
	struct pending_update *pending = xcalloc(1, sizeof(*pending));
	buf_put(&pending->manifest, manifest.data, manifest.size);
	for (size_t i = 0; i < current->users.count; i++) {
		const struct manifest_user *user = current->users.entries[i].value;
		if (user_may(user, USER_UPDATE_MANIFEST, NULL))
			pending_add_user(pending, user->name, false);
	}
	pending_sort_users(pending);
	uint64_t threshold = current->config.update_threshold;
	pending->missing = threshold ? threshold : pending->users.count;
	return pending;
}

struct pending_update *pending_copy(const struct pending_update *pending)
{
	struct pending_update *copy = xcalloc(1, sizeof(*copy));
	buf_put(&copy->manifest, pending->manifest.data, pending->manifest.size);
	for (size_t i = 0; i < pending->users.count; i++) {
		const struct pending_user *user = pending->users.entries[i].value;
		pending_add_user(copy, pending->users.entries[i].name, user->has_acknowledged);
	}
	pending_sort_users(copy);
	copy->missing = pending->missing;
	return copy;
}

void pending_free(struct pending_update *pending)
{
	if (!pending)
		return;
	buf_free(&pending->manifest);
	strmap_free(&pending->users, free);
	free(pending);
}

bool pending_acknowledge(struct pending_update *pending, const char *user)
{
	struct pending_user *found = strmap_get(&pending->users, user);
	if (!found)
		return false;
	if (!found->has_acknowledged && pending->missing)
		pending->missing--;
	found->has_acknowledged = true;
	return true;
}

void pending_put_missing(const struct pending_update *pending, struct strmap *names)
{
	for (size_t i = 0; i < pending->users.count; i++) {
		const struct pending_user *user = pending->users.entries[i].value;
		if (!user->has_acknowledged)
			strmap_add(names, pending->users.entries[i].name, NULL);
	}
	strmap_sort(names, NULL);
}
