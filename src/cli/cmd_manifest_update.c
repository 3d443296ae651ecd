/* SPDX-License-Identifier: Apache-2.0 */
/* manifest update, and its apply, acknowledge, cancel and get (spec cli.md clause 4). */
#include "cli/command.h"
#include "cli/manifest_file.h"
#include "cli/output.h"
#include "cli/recovery_data.h"
#include "cli/session.h"
#include "client/json.h"

#include <stdio.h>

static void print_names(const struct marblerun_update *update, const char *separator)
{
	for (size_t i = 0; i < update->missing_user_count; i++)
		printf("%s%s", i ? separator : "", update->missing_users[i]);
}

static void print_submitted(const struct marblerun_update *update)
{
	if (!update->missing) {
		puts("Update manifest set successfully");
		return;
	}
	bool is_one = update->missing == 1;
	printf("Update manifest submitted successfully.\n"
	       "Changes are pending and have not been applied yet.\n"
	       "%llu user%s still need%s to acknowledge the update manifest.\n",
		(unsigned long long)update->missing, is_one ? "" : "s", is_one ? "s" : "");
	if (!update->missing_user_count)
		return;
	fputs("The following users may acknowledge the update: ", stdout);
	print_names(update, ", ");
	putchar('\n');
}

/* In the words of the releases that had no other update. */
static void print_updated(const struct marblerun_update *update)
{
	if (update->missing)
		print_submitted(update);
	else
		puts("Manifest successfully updated");
}

static void print_acknowledged(const struct marblerun_update *update)
{
	printf("Acknowledgement successful: %s\n", (const char *)update->message.data);
}

static json_t *json_of(const struct marblerun_update *update)
{
	json_t *names = json_array();
	for (size_t i = 0; i < update->missing_user_count; i++)
		json_array_append_new(names, json_string(update->missing_users[i]));
	return json_pack("{sI so ss}", "missingAcknowledgments", (json_int_t)update->missing,
		"missingUsers", names, "message", (const char *)update->message.data);
}

/* Both commands that send a manifest as a user. */
static bool send_update(const struct invocation *invocation,
	bool (*send)(struct marblerun *m, const void *json, size_t size,
		struct marblerun_update *update),
	void (*print)(const struct marblerun_update *update), struct error *err)
{
	const struct options *options = &invocation->options;
	AUTO(buf_free) struct buf manifest = { 0 };
	AUTO(marblerun_update_free) struct marblerun_update update = { 0 };
	if (!manifest_file_read(invocation->arguments[0], &manifest, err))
		return false;
	AUTO(auto_marblerun)
	struct marblerun *m = session_as_user(options, invocation->arguments[1], err);
	if (!m)
		return false;
	if (!send(m, manifest.data, manifest.size, &update))
		return session_failed(m, err);
	AUTO(auto_json) json_t *result = json_of(&update);
	if (!output_is_json(options))
		print(&update);
	return recovery_data_hand_out(options, &update.recovery, result, err) &&
	       (!output_is_json(options) || output_json(result, err));
}

bool cmd_manifest_update(const struct invocation *invocation, struct error *err)
{
	return send_update(invocation, marblerun_apply_update, print_updated, err);
}

bool cmd_manifest_update_apply(const struct invocation *invocation, struct error *err)
{
	return send_update(invocation, marblerun_apply_update, print_submitted, err);
}

bool cmd_manifest_update_acknowledge(const struct invocation *invocation, struct error *err)
{
	return send_update(invocation, marblerun_acknowledge_update, print_acknowledged, err);
}

bool cmd_manifest_update_cancel(const struct invocation *invocation, struct error *err)
{
	AUTO(auto_marblerun)
	struct marblerun *m = session_as_user(&invocation->options, invocation->arguments[0], err);
	if (!m)
		return false;
	if (!marblerun_cancel_update(m))
		return session_failed(m, err);
	if (output_is_json(&invocation->options)) {
		AUTO(auto_json) json_t *result = json_pack("{sb}", "cancelled", true);
		return output_json(result, err);
	}
	puts("Cancellation successful");
	return true;
}

static bool print_pending(const struct options *options, const struct marblerun_bytes *manifest,
	const struct marblerun_update *update, struct error *err)
{
	if (output_is_json(options)) {
		AUTO(auto_json) json_t *result = json_of(update);
		/* as a text, because its bytes are what has to be acknowledged */
		json_object_set_new(result, "manifest", json_string((const char *)manifest->data));
		return output_json(result, err);
	}
	if (options->missing) {
		fputs("The following users have not yet acknowledged the update: [", stdout);
		print_names(update, " ");
		puts("]");
		return true;
	}
	if (output_file(options))
		return output_write(output_file(options), session_bytes(manifest), 0644, err);
	fwrite(manifest->data, 1, manifest->size, stdout);
	return true;
}

bool cmd_manifest_update_get(const struct invocation *invocation, struct error *err)
{
	AUTO(marblerun_bytes_free) struct marblerun_bytes manifest = { 0 };
	AUTO(marblerun_update_free) struct marblerun_update update = { 0 };
	AUTO(auto_marblerun)
	struct marblerun *m =
		session_from_cache(&invocation->options, invocation->arguments[0], err);
	if (!m)
		return false;
	if (!marblerun_get_pending_update(m, &manifest, &update))
		return session_failed(m, err);
	return print_pending(&invocation->options, &manifest, &update, err);
}
