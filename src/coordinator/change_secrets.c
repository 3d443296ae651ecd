/* SPDX-License-Identifier: Apache-2.0 */
/* Values for user-defined secrets (spec manifest.md clause 6.5). */
#include "coordinator/change.h"

#include "coordinator/dry_run.h"
#include "coordinator/json_members.h"
#include "coordinator/update_log.h"
#include "manifest/secret_upload.h"

static void free_secrets(struct strmap *secrets)
{
	strmap_free(secrets, secret_free_value);
}

static bool check_permissions(
	const struct manifest_user *user, const struct strmap *values, struct error *err)
{
	for (size_t i = 0; i < values->count; i++) {
		const char *name = values->entries[i].name;
		if (!user_may(user, USER_WRITE_SECRET, name))
			return error_set(err, ERROR_DENIED,
				"user %s is not allowed to update secret: %s", user->name, name);
	}
	return true;
}

/* Replaces the value of one secret, which is there. */
static void write_secret(struct deployment *next, const struct manifest_user *user,
	const char *name, const struct secret *value)
{
	struct buf *log = &next->update_log;
	strmap_add(&next->shared_secrets, name, secret_copy(value));
	update_log_begin(log, "Secret set");
	json_put_text(log, "user", user->name);
	json_put_text(log, "secret", name);
	json_put_text(log, "type", secret_type_name(value->type));
	update_log_end(log);
}

bool change_secrets(const struct deployment *from, struct change *change, struct deployment **next,
	struct error *err)
{
	AUTO(free_secrets) struct strmap values = { 0 };
	if (!secret_upload_parse(change->text, &from->manifest->secrets, &values, err))
		return error_prefix(err, "parsing new secrets");
	AUTO(auto_deployment) struct deployment *written = deployment_copy(from);
	for (size_t i = 0; i < values.count; i++)
		write_secret(
			written, change->user, values.entries[i].name, values.entries[i].value);
	strmap_sort(&written->shared_secrets, secret_free_value);
	if (!dry_run(written, &values, change->now, err) ||
		!check_permissions(change->user, &values, err))
		return false;
	*next = TAKE(written);
	return true;
}
