/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the client API that users have: updates and secrets. */
#include "cli/client_api.h"

#include "base/cleanup.h"
#include "cli/client_call.h"

#include <stdlib.h>
#include <string.h>

void client_update_free(struct client_update *update)
{
	buf_free(&update->message);
	json_decref(update->missing_users);
	json_decref(update->recovery_secrets);
	*update = (struct client_update){ 0 };
}

/* A reference to a member, NULL for an empty or missing one. */
static json_t *take_member(const json_t *data, const char *name)
{
	json_t *member = json_member(data, name);
	return json_array_size(member) || json_object_size(member) ? json_incref(member) : NULL;
}

/* The members that v2 has; v1, and v2 of long ago, have none of them. */
static void parse_update(const json_t *data, struct client_update *update)
{
	json_int_t missing = json_integer_value(json_member(data, "missingAcknowledgments"));
	const char *message = json_string_value(json_member(data, "message"));
	update->missing = missing > 0 ? (uint64_t)missing : 0;
	buf_put_visible(&update->message, message ? message : "");
	update->missing_users = take_member(data, "missingUsers");
	update->recovery_secrets = take_member(data, "recoverySecrets");
}

bool client_api_submit_update(
	struct https *https, struct bytes manifest, struct client_update *update, struct error *err)
{
	bool is_v1;
	AUTO(auto_json)
	json_t *data =
		client_send_manifest(https, "/api/v2/update", "/update", manifest, &is_v1, err);
	if (!data)
		return error_prefix(err, "updating manifest");
	parse_update(data, update);
	return true;
}

bool client_api_acknowledge_update(
	struct https *https, struct bytes manifest, struct client_update *update, struct error *err)
{
	bool is_v1;
	AUTO(auto_json)
	json_t *data = client_send_manifest(
		https, "/api/v2/update-manifest", "/update-manifest", manifest, &is_v1, err);
	if (!data)
		return error_prefix(err, "acknowledging update manifest");
	parse_update(data, update);
	if (!is_v1)
		return true;
	/* v1 has the message alone, which begins with the number, or with "All" */
	const char *message = json_string_value(data);
	buf_put_visible(&update->message, message ? message : "");
	update->missing = message ? strtoull(message, NULL, 10) : 0;
	return message || client_refuse_data(err);
}

bool client_api_cancel_update(struct https *https, struct error *err)
{
	bool is_v1;
	const struct client_call cancel = { .v2_path = "/api/v2/update-cancel",
		.v1_path = "/update-cancel",
		.v2_body = { "", 0 },
		.v1_body = { "", 0 } };
	AUTO(auto_json) json_t *data = client_call(https, &cancel, &is_v1, err);
	return data || error_prefix(err, "canceling update");
}

bool client_api_get_pending_update(
	struct https *https, struct buf *manifest, struct client_update *update, struct error *err)
{
	bool is_v1;
	const struct client_call get = { .v2_path = "/api/v2/update-manifest",
		.v1_path = "/update-manifest" };
	AUTO(auto_json) json_t *data = client_call(https, &get, &is_v1, err);
	if (!data)
		return error_prefix(err, "getting pending update manifest");
	parse_update(data, update);
	return json_put_bytes(json_member(data, "manifest"), manifest) || client_refuse_data(err);
}

bool client_api_set_secrets(struct https *https, struct bytes secrets, struct error *err)
{
	bool is_v1;
	AUTO(buf_free) struct buf body = { 0 };
	buf_put_text(&body, "{\"secrets\":");
	buf_put(&body, secrets.data, secrets.size);
	buf_put_u8(&body, '}');
	const struct client_call set = { .v2_path = "/api/v2/secrets",
		.v1_path = "/secrets",
		.v2_body = buf_bytes(&body),
		.v1_body = secrets };
	AUTO(auto_json) json_t *data = client_call(https, &set, &is_v1, err);
	return data || error_prefix(err, "setting secret");
}

json_t *client_api_get_secrets(
	struct https *https, const char *const *names, size_t count, struct error *err)
{
	bool is_v1;
	AUTO(buf_free) struct buf v2_path = { 0 };
	buf_put_text(&v2_path, "/api/v2/secrets");
	for (size_t i = 0; i < count; i++) {
		buf_put_text(&v2_path, i ? "&s=" : "?s=");
		https_put_escaped(&v2_path, names[i]);
	}
	const struct client_call get = { .v2_path = buf_text(&v2_path),
		.v1_path = buf_text(&v2_path) + strlen("/api/v2") };
	AUTO(auto_json) json_t *data = client_call(https, &get, &is_v1, err);
	json_t *secrets = is_v1 ? data : json_member(data, "secrets");
	if (data && !json_is_object(secrets))
		client_refuse_data(err);
	if (json_is_object(secrets))
		return json_incref(secrets);
	error_prefix(err, "getting secret");
	return NULL;
}
