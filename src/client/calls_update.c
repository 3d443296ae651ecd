/* SPDX-License-Identifier: Apache-2.0 */
/* Updates, which users make and agree to (spec client-api.md 5.6 and 5.7). */
#include "base/cleanup.h"
#include "base/memory.h"
#include "client/call.h"
#include "client/handle.h"

#include <stdlib.h>
#include <string.h>

void marblerun_update_free(struct marblerun_update *update)
{
	for (size_t i = 0; i < update->missing_user_count; i++)
		free(update->missing_users[i]);
	free(update->missing_users);
	marblerun_bytes_free(&update->message);
	marblerun_bytes_free(&update->recovery);
	*update = (struct marblerun_update){ 0 };
}

static char *visible_copy(const json_t *text)
{
	AUTO(buf_free) struct buf visible = { 0 };
	const char *value = json_string_value(text);
	buf_put_visible(&visible, value ? value : "");
	return xstrdup(buf_text(&visible));
}

/* The members that v2 has; v2 of long ago has none of them, and v1 is the message alone. */
static void parse_update(const json_t *data, struct marblerun_update *update)
{
	const json_t *text = json_is_string(data) ? data : json_member(data, "message");
	const char *message = json_string_value(text);
	json_int_t missing = json_integer_value(json_member(data, "missingAcknowledgments"));
	const json_t *users = json_member(data, "missingUsers");
	const json_t *secrets = json_member(data, "recoverySecrets");
	size_t count = json_array_size(users);
	AUTO(buf_free) struct buf visible = { 0 };
	buf_put_visible(&visible, message ? message : "");
	/* the message of v1 begins with the number, or with "All" */
	update->missing = json_is_string(data) && message ? strtoull(message, NULL, 10) : 0;
	if (missing > 0)
		update->missing = (uint64_t)missing;
	update->message = handle_give(&visible);
	update->recovery = handle_give_json(json_object_size(secrets) ? secrets : NULL);
	update->missing_users = xcalloc(count ? count : 1, sizeof(char *));
	for (; update->missing_user_count < count; update->missing_user_count++)
		update->missing_users[update->missing_user_count] =
			visible_copy(json_array_get(users, update->missing_user_count));
}

/* v1 answers with data that are of no use in the one case, and with the message in the other. */
static bool send_update(struct marblerun *m, const char *v2_path, const char *v1_path,
	struct bytes manifest, bool has_v1_message, struct marblerun_update *update)
{
	bool is_v1;
	struct https *https = handle_https(m);
	if (!https)
		return false;
	AUTO(auto_json)
	json_t *data = client_send_manifest(https, v2_path, v1_path, manifest, &is_v1, &m->error);
	if (!data)
		return false;
	if (is_v1 && has_v1_message && !json_is_string(data))
		return client_refuse_data(&m->error);
	parse_update(data, update);
	return true;
}

bool marblerun_apply_update(
	struct marblerun *m, const void *json, size_t size, struct marblerun_update *update)
{
	return send_update(m, "/api/v2/update", "/update", (struct bytes){ json, size }, false,
		       update) ||
	       error_prefix(&m->error, "updating manifest");
}

bool marblerun_acknowledge_update(
	struct marblerun *m, const void *json, size_t size, struct marblerun_update *update)
{
	return send_update(m, "/api/v2/update-manifest", "/update-manifest",
		       (struct bytes){ json, size }, true, update) ||
	       error_prefix(&m->error, "acknowledging update manifest");
}

bool marblerun_cancel_update(struct marblerun *m)
{
	bool is_v1;
	const struct client_call cancel = { .v2_path = "/api/v2/update-cancel",
		.v1_path = "/update-cancel",
		.v2_body = { "", 0 },
		.v1_body = { "", 0 } };
	struct https *https = handle_https(m);
	if (!https)
		return false;
	AUTO(auto_json) json_t *data = client_call(https, &cancel, &is_v1, &m->error);
	return data || error_prefix(&m->error, "canceling update");
}

bool marblerun_get_pending_update(
	struct marblerun *m, struct marblerun_bytes *manifest, struct marblerun_update *update)
{
	bool is_v1;
	AUTO(buf_free) struct buf text = { 0 };
	const struct client_call get = { .v2_path = "/api/v2/update-manifest",
		.v1_path = "/update-manifest" };
	struct https *https = handle_https(m);
	if (!https)
		return false;
	AUTO(auto_json) json_t *data = client_call(https, &get, &is_v1, &m->error);
	if (!data)
		return error_prefix(&m->error, "getting pending update manifest");
	if (!json_put_bytes(json_member(data, "manifest"), &text))
		return client_refuse_data(&m->error);
	parse_update(data, update);
	*manifest = handle_give(&text);
	return true;
}
