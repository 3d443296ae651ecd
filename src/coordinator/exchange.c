/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/exchange.h"

#include "manifest/go_json.h"

void exchange_succeed(const struct exchange *exchange, struct buf *data)
{
	buf_put_u8(data, '}');
	jsend_success(exchange->response, buf_text(data));
}

void exchange_refuse(const struct exchange *exchange, int v1_status, const struct error *err)
{
	if (err->kind == ERROR_UNAUTHENTICATED && exchange->is_v2)
		jsend_fail(exchange->response, 401, err->message);
	else if (err->kind == ERROR_UNAUTHENTICATED)
		jsend_error(exchange->response, 401, err->message);
	else if (err->kind == ERROR_NOT_FOUND)
		jsend_error(exchange->response, 404, err->message);
	else
		jsend_error(exchange->response, exchange->is_v2 ? 500 : v1_status, err->message);
}

void exchange_refuse_body(const struct exchange *exchange, const struct error *err)
{
	struct error bad = *err;
	error_prefix(&bad, "bad request");
	jsend_fail(exchange->response, 400, bad.message);
}

static const struct manifest_user *find_owner(const struct manifest *manifest, X509 *certificate)
{
	AUTO(buf_free) struct buf der = { 0 };
	if (!manifest || !certificate)
		return NULL;
	cert_put_der(certificate, &der);
	return user_find(&manifest->users, buf_bytes(&der));
}

const struct manifest_user *exchange_user(const struct exchange *exchange)
{
	const struct http_request *request = exchange->request;
	const struct manifest *manifest = exchange->deployment->manifest;
	const STACK_OF(X509) *further = request->peer_chain;
	const struct manifest_user *user = find_owner(manifest, request->peer);
	for (int i = 0; !user && i < sk_X509_num(further); i++)
		user = find_owner(manifest, sk_X509_value(further, i));
	if (!user) {
		struct error err = { 0 };
		error_set(&err, ERROR_UNAUTHENTICATED,
			"unauthorized user: client certificate did not match any MarbleRun users");
		exchange_refuse(exchange, 401, &err);
	}
	return user;
}

struct body {
	const char *member;
	struct buf *out;
};

static bool decode_body(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	const struct body *body = value;
	const struct go_json_field fields[] = {
		GO_JSON_WHOLE(body->member, go_json_bytes),
		GO_JSON_END,
	};
	return go_json_struct(in, fields, body->out, "request");
}

bool exchange_read_bytes(const struct exchange *exchange, const char *member, struct buf *out)
{
	struct bytes text = exchange->request->body;
	struct body body = { member, out };
	struct error err = { 0 };
	if (!exchange->is_v2)
		buf_put(out, text.data, text.size);
	else if (!go_json_decode_first(text, "request", decode_body, &body, &err))
		exchange_refuse_body(exchange, &err);
	return !err.kind;
}

void exchange_change_manifest(const struct exchange *exchange, change_function *make, int v1_status,
	void (*answer)(const struct exchange *exchange, const struct change *change))
{
	AUTO(buf_free) struct buf manifest = { 0 };
	AUTO(change_free) struct change change = { .user = exchange_user(exchange) };
	struct error err = { 0 };
	if (!change.user || !exchange_read_bytes(exchange, "manifest", &manifest))
		return;
	change.text = buf_bytes(&manifest);
	if (!core_change(exchange->core, make, &change, &err)) {
		exchange_refuse(exchange, v1_status, &err);
		return;
	}
	change_log_update(&change);
	answer(exchange, &change);
}
