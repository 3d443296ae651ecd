/* SPDX-License-Identifier: Apache-2.0 */
/* /secrets: users read and write secrets (spec client-api.md clauses 5.8 and 5.9). */
#include "coordinator/exchange.h"

#include "http/target.h"
#include "manifest/go_json.h"

#include <string.h>

struct query {
	struct strmap names; /* in the order of the query until it is sorted */
	bool has_empty;
};

static bool add_name(void *context, struct bytes value)
{
	struct query *query = context;
	/* a name with NUL cannot exist: what stands for it is no UTF-8, as no name is */
	const char *name = memchr(value.data, 0, value.size) ? "\xff" : value.data;
	query->has_empty |= !value.size;
	strmap_add(&query->names, name, NULL);
	return true;
}

static bool read_query(const struct exchange *exchange, struct query *query)
{
	const char *problem = NULL;
	http_query_each(exchange->request->query, "s", add_name, query);
	if (!query->names.count)
		problem = "invalid query: endpoint requires at least one query parameter";
	else if (query->has_empty)
		problem = "malformed query string: empty query parameter";
	if (problem && exchange->is_v2)
		jsend_fail(exchange->response, 400, problem);
	else if (problem)
		jsend_error(exchange->response, 400, problem);
	return !problem;
}

static bool check_permission(
	const struct manifest_user *user, const struct strmap *names, struct error *err)
{
	bool may = true;
	for (size_t i = 0; i < names->count; i++)
		may &= user_may(user, USER_READ_SECRET, names->entries[i].name);
	if (may)
		return true;
	AUTO(buf_free) struct buf list = { 0 };
	for (size_t i = 0; i < names->count; i++)
		buf_printf(&list, "%s%s", i ? " " : "", names->entries[i].name);
	return error_set(err, ERROR_DENIED,
		"user %s is not allowed to read one or more secrets of: [%s]", user->name,
		buf_text(&list));
}

static void put_secret(struct buf *data, const char *name, const struct secret *secret)
{
	json_put_name(data, name);
	buf_put_u8(data, '{');
	json_put_text(data, "Type", secret_type_name(secret->type));
	json_put_number(data, "Size", secret->size);
	json_put_bool(data, "Shared", secret->shared);
	json_put_bool(data, "UserDefined", secret->user_defined);
	json_put_bytes(data, "Cert", buf_bytes(&secret->cert));
	json_put_number(data, "ValidFor", secret->valid_for);
	json_put_bytes(data, "Private", buf_bytes(&secret->private_key));
	json_put_bytes(data, "Public", buf_bytes(&secret->public_key));
	buf_put_u8(data, '}');
}

/* The map from name to secret. */
static bool put_secrets(const struct deployment *deployment, const struct strmap *names,
	struct buf *data, struct error *err)
{
	buf_put_u8(data, '{');
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->entries[i].name;
		const struct secret *secret = strmap_get(&deployment->shared_secrets, name);
		if (!secret)
			return error_set(err, ERROR_INVALID,
				"loading secret %s from store: requested value not set", name);
		put_secret(data, name, secret);
	}
	buf_put_u8(data, '}');
	return true;
}

static bool give_secrets(const struct exchange *exchange, const struct manifest_user *user,
	struct query *query, struct error *err)
{
	AUTO(buf_free) struct buf data = { 0 };
	if (!check_permission(user, &query->names, err))
		return false;
	strmap_sort(&query->names, NULL);
	if (exchange->is_v2) {
		buf_put_u8(&data, '{');
		json_put_name(&data, "secrets");
	}
	if (!put_secrets(exchange->deployment, &query->names, &data, err))
		return false;
	if (exchange->is_v2)
		buf_put_u8(&data, '}');
	jsend_success(exchange->response, buf_text(&data));
	return true;
}

void api_secrets_get(const struct exchange *exchange)
{
	const struct manifest_user *user = exchange_user(exchange);
	struct query query = { 0 };
	struct error err = { 0 };
	if (!user)
		return;
	if (read_query(exchange, &query) && !give_secrets(exchange, user, &query, &err))
		exchange_refuse(exchange, 400, &err);
	strmap_free(&query.names, NULL);
}

static bool decode_body(struct go_json *in, void *secrets, void *unused)
{
	(void)unused;
	static const struct go_json_field fields[] = {
		GO_JSON_WHOLE("secrets", go_json_raw),
		GO_JSON_END,
	};
	return go_json_struct(in, fields, secrets, "request");
}

void api_secrets_post(const struct exchange *exchange)
{
	AUTO(change_free) struct change change = { .user = exchange_user(exchange) };
	struct bytes body = exchange->request->body;
	struct error err = { 0 };
	if (!change.user)
		return;
	change.text = exchange->is_v2 ? bytes_of_text("null") : body;
	if (exchange->is_v2 &&
		!go_json_decode_first(body, "request", decode_body, &change.text, &err))
		exchange_refuse_body(exchange, &err);
	else if (core_change(exchange->core, change_secrets, &change, &err))
		jsend_success(exchange->response, "null");
	else
		exchange_refuse(exchange, 400, &err);
}
