/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets that users read and write (spec client-api.md 5.8 and 5.9). */
#include "base/cleanup.h"
#include "base/memory.h"
#include "client/call.h"
#include "client/handle.h"

#include <stdlib.h>
#include <string.h>

void marblerun_secrets_free(struct marblerun_secrets *secrets)
{
	for (size_t i = 0; i < secrets->count; i++) {
		struct marblerun_secret *secret = &secrets->items[i];
		free(secret->name);
		free(secret->type);
		marblerun_bytes_free(&secret->certificate);
		marblerun_bytes_free(&secret->public_key);
		marblerun_bytes_free(&secret->private_key);
	}
	free(secrets->items);
	*secrets = (struct marblerun_secrets){ 0 };
}

/* null is none, which is not the same as "". */
static bool parse_bytes(const json_t *value, struct marblerun_bytes *out)
{
	AUTO(buf_free) struct buf content = { 0 };
	if (!value || json_is_null(value))
		return true;
	if (!json_put_bytes(value, &content))
		return false;
	*out = handle_give(&content);
	return true;
}

static uint64_t parse_number(const json_t *value)
{
	json_int_t number = json_integer_value(value);
	return number > 0 ? (uint64_t)number : 0;
}

static char *visible_copy(const char *text)
{
	AUTO(buf_free) struct buf visible = { 0 };
	buf_put_visible(&visible, text);
	return xstrdup(buf_text(&visible));
}

static bool parse_secret(const char *name, const json_t *data, struct marblerun_secret *secret)
{
	const char *type = json_string_value(json_member(data, "Type"));
	if (!type)
		return false;
	secret->name = xstrdup(name);
	secret->type = visible_copy(type);
	secret->size = parse_number(json_member(data, "Size"));
	secret->valid_for = parse_number(json_member(data, "ValidFor"));
	secret->is_shared = json_is_true(json_member(data, "Shared"));
	secret->is_user_defined = json_is_true(json_member(data, "UserDefined"));
	return parse_bytes(json_member(data, "Cert"), &secret->certificate) &&
	       parse_bytes(json_member(data, "Public"), &secret->public_key) &&
	       parse_bytes(json_member(data, "Private"), &secret->private_key);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct marblerun_secret *)a)->name,
		((const struct marblerun_secret *)b)->name);
}

static bool parse_secrets(const json_t *map, struct marblerun_secrets *out, struct error *err)
{
	AUTO(marblerun_secrets_free) struct marblerun_secrets secrets = { 0 };
	const char *name;
	json_t *data;
	if (!json_is_object(map))
		return client_refuse_data(err);
	secrets.items = xcalloc(json_object_size(map) + 1, sizeof(*secrets.items));
	json_object_foreach((json_t *)map, name, data)
	{
		struct marblerun_secret *secret = &secrets.items[secrets.count++];
		if (!parse_secret(name, data, secret))
			return client_refuse_data(err);
	}
	qsort(secrets.items, secrets.count, sizeof(*secrets.items), compare_names);
	out->count = secrets.count;
	secrets.count = 0;
	out->items = TAKE(secrets.items);
	return true;
}

bool marblerun_get_secrets(struct marblerun *m, const char *const *names, size_t count,
	struct marblerun_secrets *secrets)
{
	bool is_v1;
	AUTO(buf_free) struct buf v2_path = { 0 };
	struct https *https = handle_https(m);
	if (!https)
		return false;
	buf_put_text(&v2_path, "/api/v2/secrets");
	for (size_t i = 0; i < count; i++) {
		buf_put_text(&v2_path, i ? "&s=" : "?s=");
		https_put_escaped(&v2_path, names[i]);
	}
	const struct client_call get = { .v2_path = buf_text(&v2_path),
		.v1_path = buf_text(&v2_path) + strlen("/api/v2") };
	AUTO(auto_json) json_t *data = client_call(https, &get, &is_v1, &m->error);
	const json_t *map = is_v1 ? data : json_member(data, "secrets");
	return (data && parse_secrets(map, secrets, &m->error)) ||
	       error_prefix(&m->error, "getting secret");
}

bool marblerun_set_secrets(struct marblerun *m, const void *json, size_t size)
{
	bool is_v1;
	AUTO(buf_free) struct buf body = { 0 };
	struct https *https = handle_https(m);
	if (!https)
		return false;
	buf_put_text(&body, "{\"secrets\":");
	buf_put(&body, json, size);
	buf_put_u8(&body, '}');
	const struct client_call set = { .v2_path = "/api/v2/secrets",
		.v1_path = "/secrets",
		.v2_body = buf_bytes(&body),
		.v1_body = { json, size } };
	AUTO(auto_json) json_t *data = client_call(https, &set, &is_v1, &m->error);
	return data || error_prefix(&m->error, "setting secret");
}
