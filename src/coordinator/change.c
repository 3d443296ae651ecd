/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/change.h"

#include "base/log.h"
#include "coordinator/change_update.h"
#include "coordinator/json_members.h"
#include "coordinator/recovery_secrets.h"
#include "coordinator/update_log.h"

void change_free(struct change *change)
{
	strmap_free(&change->missing_users, NULL);
	recovery_secrets_free(&change->recovery_secrets);
}

void change_log_update(const struct change *change)
{
	if (change->missing)
		return;
	if (change->is_of_packages)
		log_info("An update manifest overriding package settings from the original "
			 "manifest was set.");
	log_info("Please restart your Marbles to enforce the update.");
}

/* A line about the update that is pending in `next`. */
static void log_pending(struct deployment *next, const char *update, const char *user, bool counts)
{
	struct buf *log = &next->update_log;
	char fingerprint[FINGERPRINT_SIZE];
	fingerprint_of(buf_bytes(&next->pending->manifest), fingerprint);
	update_log_begin(log, update);
	if (user)
		json_put_text(log, "user", user);
	if (counts) {
		struct strmap missing = { 0 };
		pending_put_missing(next->pending, &missing);
		json_put_number(log, "missingAcknowledgments", next->pending->missing);
		json_put_names(log, "missingUsers", &missing);
		strmap_free(&missing, NULL);
	}
	json_put_text(log, "manifestFingerprint", fingerprint);
	update_log_end(log);
}

static void drop_pending(struct deployment *next)
{
	pending_free(next->pending);
	next->pending = NULL;
}

/* Applies the update that is pending in `waiting`, or makes that the next one without it. */
static bool apply(struct deployment *waiting, struct change *change, struct deployment **next,
	struct error *err)
{
	AUTO(auto_deployment)
	struct deployment *applied =
		change_apply(waiting, buf_bytes(&waiting->pending->manifest), change, err);
	if (applied) {
		char fingerprint[FINGERPRINT_SIZE];
		fingerprint_of(buf_bytes(&applied->manifest_text), fingerprint);
		update_log_begin(&applied->update_log, "Complete Manifest updated");
		json_put_text(&applied->update_log, "manifestFingerprint", fingerprint);
		update_log_end(&applied->update_log);
		*next = TAKE(applied);
		return true;
	}
	log_pending(waiting, "Complete Manifest update cancelled due to error during apply", NULL,
		false);
	drop_pending(waiting);
	*next = deployment_reference(waiting);
	return false;
}

/* After an acknowledgment: applies the update if it was the last one, else goes on waiting. */
static bool apply_or_wait(struct deployment *waiting, struct change *change,
	struct deployment **next, struct error *err)
{
	change->missing = waiting->pending->missing;
	if (!change->missing)
		return apply(waiting, change, next, err);
	pending_put_missing(waiting->pending, &change->missing_users);
	*next = deployment_reference(waiting);
	return true;
}

static bool submit_full(const struct deployment *from, struct change *change,
	struct deployment **next, struct error *err)
{
	const char *user = change->user->name;
	if (!user_may(change->user, USER_UPDATE_MANIFEST, NULL))
		return error_set(err, ERROR_DENIED,
			"user %s is not allowed to update the complete manifest", user);
	AUTO(auto_deployment) struct deployment *waiting = deployment_copy(from);
	waiting->pending = pending_new(from->manifest, change->text);
	pending_acknowledge(waiting->pending, user);
	if (waiting->pending->missing)
		log_pending(waiting,
			"Complete Manifest update initiated by user. Waiting for acknowledgments "
			"to apply the update",
			user, true);
	else
		log_pending(waiting,
			"Complete Manifest update initiated by user. No further acknowledgements "
			"required",
			user, false);
	return apply_or_wait(waiting, change, next, err);
}

bool change_submit(const struct deployment *from, struct change *change, struct deployment **next,
	struct error *err)
{
	AUTO(manifest_update_free) struct manifest_update update = { 0 };
	if (from->pending)
		return error_set(err, ERROR_STATE,
			"update already in progress. Acknowledge the update to apply it, or cancel "
			"it to start a new one");
	if (!manifest_update_read(change->text, &update, err))
		return false;
	change->is_of_packages = !update.is_full;
	return update.is_full ? submit_full(from, change, next, err)
			      : change_packages(from, change, &update.packages, next, err);
}

static bool check_is_pending(const struct deployment *from, struct error *err)
{
	return from->pending || error_set(err, ERROR_NOT_FOUND, "no update in progress");
}

bool change_acknowledge(const struct deployment *from, struct change *change,
	struct deployment **next, struct error *err)
{
	const char *user = change->user->name;
	if (!check_is_pending(from, err))
		return false;
	if (!bytes_equal(buf_bytes(&from->pending->manifest), change->text))
		return error_set(err, ERROR_INVALID,
			"provided manifest does not match the pending manifest");
	AUTO(auto_deployment) struct deployment *waiting = deployment_copy(from);
	if (!pending_acknowledge(waiting->pending, user))
		return error_set(err, ERROR_DENIED,
			"user %s is not allowed to acknowledge manifest updates", user);
	log_pending(waiting, "Complete Manifest update acknowledged by user", user, true);
	return apply_or_wait(waiting, change, next, err);
}

bool change_cancel(const struct deployment *from, struct change *change, struct deployment **next,
	struct error *err)
{
	const char *user = change->user->name;
	if (!user_may(change->user, USER_UPDATE_MANIFEST, NULL))
		return error_set(err, ERROR_DENIED,
			"user %s is not allowed to cancel the manifest update", user);
	if (!check_is_pending(from, err))
		return false;
	*next = deployment_copy(from);
	log_pending(*next, "Complete Manifest update cancelled by user", user, false);
	drop_pending(*next);
	return true;
}
