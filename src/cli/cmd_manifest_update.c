/* SPDX-License-Identifier: Apache-2.0 */
/* manifest update apply, acknowledge, cancel and get (spec cli.md clause 4). */
#include "base/cleanup.h"
#include "cli/client_api.h"
#include "cli/command.h"
#include "cli/manifest_file.h"
#include "cli/output.h"
#include "cli/recovery_data.h"
#include "cli/session.h"

#include <stdio.h>

static void print_names(const json_t *names, const char *separator)
{
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));
		AUTO(buf_free) struct buf visible = { 0 };
		buf_put_visible(&visible, name ? name : "");
		printf("%s%s", i ? separator : "", buf_text(&visible));
	}
}

static void print_submitted(const struct client_update *update)
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
	if (!update->missing_users)
		return;
	fputs("The following users may acknowledge the update: ", stdout);
	print_names(update->missing_users, ", ");
	putchar('\n');
}

static bool hand_out(
	const struct invocation *invocation, const struct client_update *update, struct error *err)
{
	return !update->recovery_secrets || recovery_data_hand_out(update->recovery_secrets,
						    invocation->options.recoverydata, err);
}

bool cmd_manifest_update_apply(const struct invocation *invocation, struct error *err)
{
	AUTO(buf_free) struct buf manifest = { 0 };
	AUTO(session_free) struct session session = { 0 };
	AUTO(client_update_free) struct client_update update = { 0 };
	if (!manifest_file_read(invocation->arguments[0], &manifest, err) ||
		!session_as_user(&invocation->options, invocation->arguments[1], &session, err) ||
		!client_api_submit_update(session.https, buf_bytes(&manifest), &update, err))
		return false;
	print_submitted(&update);
	return hand_out(invocation, &update, err);
}

bool cmd_manifest_update_acknowledge(const struct invocation *invocation, struct error *err)
{
	AUTO(buf_free) struct buf manifest = { 0 };
	AUTO(session_free) struct session session = { 0 };
	AUTO(client_update_free) struct client_update update = { 0 };
	if (!manifest_file_read(invocation->arguments[0], &manifest, err) ||
		!session_as_user(&invocation->options, invocation->arguments[1], &session, err) ||
		!client_api_acknowledge_update(session.https, buf_bytes(&manifest), &update, err))
		return false;
	printf("Acknowledgement successful: %s\n", buf_text(&update.message));
	return hand_out(invocation, &update, err);
}

bool cmd_manifest_update_cancel(const struct invocation *invocation, struct error *err)
{
	AUTO(session_free) struct session session = { 0 };
	if (!session_as_user(&invocation->options, invocation->arguments[0], &session, err) ||
		!client_api_cancel_update(session.https, err))
		return false;
	puts("Cancellation successful");
	return true;
}

bool cmd_manifest_update_get(const struct invocation *invocation, struct error *err)
{
	const struct options *options = &invocation->options;
	AUTO(buf_free) struct buf manifest = { 0 };
	AUTO(session_free) struct session session = { 0 };
	AUTO(client_update_free) struct client_update update = { 0 };
	if (!session_from_cache(options, invocation->arguments[0], &session, err) ||
		!client_api_get_pending_update(session.https, &manifest, &update, err))
		return false;
	if (options->missing) {
		fputs("The following users have not yet acknowledged the update: [", stdout);
		print_names(update.missing_users, " ");
		puts("]");
		return true;
	}
	if (options->output && *options->output)
		return output_write(options->output, buf_bytes(&manifest), 0644, err);
	fwrite(buf_text(&manifest), 1, manifest.size, stdout);
	return true;
}
