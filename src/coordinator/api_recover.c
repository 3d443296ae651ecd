/* SPDX-License-Identifier: Apache-2.0 */
/* /recover (spec client-api.md clause 7): the owners of recovery keys bring a sealed state back. */
#include "coordinator/exchange.h"

#include "manifest/go_json.h"

#define BODY_MAX 20480

struct request {
	struct buf secret;
	struct buf signature;
};

static void free_request(struct request *request)
{
	buf_free(&request->secret);
	buf_free(&request->signature);
}

static bool decode_request(struct go_json *in, void *request, void *unused)
{
	(void)unused;
	static const struct go_json_field fields[] = {
		GO_JSON_FIELD(request, "recoverySecret", go_json_bytes, secret),
		GO_JSON_FIELD(request, "recoverySecretSignature", go_json_bytes, signature),
		GO_JSON_END,
	};
	return go_json_struct(in, fields, request, "request");
}

/* A longer body is cut, and is no JSON then. */
static bool read_request(const struct exchange *exchange, struct request *request)
{
	struct bytes body = exchange->request->body;
	struct error err = { 0 };
	if (body.size > BODY_MAX)
		body.size = BODY_MAX;
	if (!go_json_decode_first(body, "request", decode_request, request, &err))
		exchange_refuse_body(exchange, &err);
	return !err.kind;
}

/* The lengths of secrets in plain text; anything else is encrypted for the Coordinator. */
static bool is_plain(size_t size)
{
	return size == 16 || size == 32 || size == 33;
}

/* Puts the plain secret in the place of an encrypted one. */
static bool decrypt(const struct exchange *exchange, struct buf *secret)
{
	AUTO(buf_free) struct buf plain = { 0 };
	struct error err = { 0 };
	if (is_plain(secret->size))
		return true;
	if (!core_decrypt_secret(exchange->core, buf_bytes(secret), &plain, &err)) {
		jsend_fail(exchange->response, 400, err.message);
		return false;
	}
	buf_free(secret);
	*secret = buf_take(&plain);
	return true;
}

static void answer(const struct exchange *exchange, size_t remaining)
{
	AUTO(buf_free) struct buf data = { 0 };
	AUTO(buf_free) struct buf message = { 0 };
	if (remaining)
		buf_printf(&message,
			"Secret was processed successfully. Upload the next secret. Remaining "
			"secrets: %zu",
			remaining);
	else
		buf_put_text(&message, "Recovery successful.");
	buf_put_u8(&data, '{');
	json_put_number(&data, "remaining", remaining);
	json_put_text(&data, "message", buf_text(&message));
	exchange_succeed(exchange, &data);
}

void api_recover_post(const struct exchange *exchange)
{
	AUTO(free_request) struct request request = { 0 };
	struct error err = { 0 };
	size_t remaining = 0;
	if (!exchange->is_v2)
		jsend_error(exchange->response, 410,
			"Recovering the Coordinator using the /recover API endpoint has been "
			"disabled. Use the /api/v2/recover endpoint instead.");
	else if (!read_request(exchange, &request) || !decrypt(exchange, &request.secret))
		return;
	else if (core_recover(exchange->core, buf_bytes(&request.secret),
			 buf_bytes(&request.signature), &remaining, &err))
		answer(exchange, remaining);
	else
		jsend_error(exchange->response, 500, err.message);
}

void api_recover_key_get(const struct exchange *exchange)
{
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(buf_free) struct buf data = { 0 };
	struct error err = { 0 };
	if (!core_get_recovery_key(exchange->core, &der, &err)) {
		jsend_error(exchange->response, 500, err.message);
		return;
	}
	buf_put_u8(&data, '{');
	json_put_text(&data, "algorithm", "RSA");
	json_put_bytes(&data, "ephemeralPublicKey", buf_bytes(&der));
	exchange_succeed(exchange, &data);
}
