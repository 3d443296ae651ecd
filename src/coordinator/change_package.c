/* SPDX-License-Identifier: Apache-2.0 */
/* Updates of packages (spec manifest.md clause 8.2). */
#include "coordinator/change_update.h"

#include "base/memory.h"
#include "coordinator/json_members.h"
#include "coordinator/update_log.h"

static bool may_update(const struct manifest_user *user, const struct strmap *packages)
{
	if (!packages->count)
		return user_may(user, USER_UPDATE_SECURITY_VERSION, NULL);
	for (size_t i = 0; i < packages->count; i++) {
		if (!user_may(user, USER_UPDATE_SECURITY_VERSION, packages->entries[i].name))
			return false;
	}
	return true;
}

static bool check_permission(
	const struct manifest_user *user, const struct strmap *packages, struct error *err)
{
	if (may_update(user, packages))
		return true;
	AUTO(buf_free) struct buf list = { 0 };
	for (size_t i = 0; i < packages->count; i++)
		buf_printf(&list, "%s%s", i ? " " : "", packages->entries[i].name);
	return error_set(err, ERROR_DENIED,
		"user %s is not allowed to update one or more packages of [%s]", user->name,
		buf_text(&list));
}

static bool check_known(
	const struct strmap *packages, const struct strmap *current, struct error *err)
{
	for (size_t i = 0; i < packages->count; i++) {
		if (!strmap_get(current, packages->entries[i].name))
			return error_set(err, ERROR_INVALID,
				"loading current package \"%s\" from store: requested value not set",
				packages->entries[i].name);
	}
	return true;
}

static void log_increase(
	struct deployment *next, const struct manifest_user *user, const struct strmap_entry *entry)
{
	const struct package_properties *package = entry->value;
	struct buf *log = &next->update_log;
	update_log_begin(log, "SecurityVersion increased");
	json_put_text(log, "user", user->name);
	json_put_text(log, "package", entry->name);
	json_put_number(log, "new version", package->security_version);
	update_log_end(log);
}

/* Certificates with new keys below the new authority; all other secrets stay. */
static bool renew_secrets(struct deployment *next, int64_t now, struct error *err)
{
	for (size_t i = 0; i < next->shared_secrets.count; i++) {
		struct strmap_entry *entry = &next->shared_secrets.entries[i];
		struct secret *current = entry->value;
		struct secret *renewed = secret_renew(current, entry->name, &next->pki, now, err);
		if (!renewed)
			return error_prefix(err, "regenerating shared secrets");
		entry->value = renewed;
		secret_free(current);
	}
	return true;
}

bool change_packages(const struct deployment *from, const struct change *change,
	const struct strmap *packages, struct deployment **next, struct error *err)
{
	if (!check_permission(change->user, packages, err) ||
		!check_known(packages, &from->manifest->packages, err) ||
		!manifest_update_check_packages(packages, &from->manifest->packages, err))
		return false;
	AUTO(auto_deployment) struct deployment *updated = deployment_copy(from);
	for (size_t i = 0; i < packages->count; i++) {
		const struct package_properties *package = packages->entries[i].value;
		deployment_raise(updated, packages->entries[i].name, package->security_version);
		log_increase(updated, change->user, &packages->entries[i]);
	}
	if (!deployment_reload_manifest(updated, err) ||
		!deployment_renew_authority(updated, change->curve_bits, change->now, err) ||
		!renew_secrets(updated, change->now, err))
		return false;
	*next = TAKE(updated);
	return true;
}
