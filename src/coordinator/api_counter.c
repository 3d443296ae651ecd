/* SPDX-License-Identifier: Apache-2.0 */
/* /monotonic-counter: numbers of Marbles that never shrink (spec client-api.md clause 5.11). */
#include "coordinator/exchange.h"

#include "base/base64.h"
#include "base/clock.h"
#include "coordinator/marble_peer.h"
#include "manifest/go_json.h"

/* The spec has no limit; a counter is kept forever. */
#define NAME_MAX_SIZE 4096

/* What no Marble type begins with, since it is no UTF-8: activations are counted by type. */
#define PREFIX "\xffmonotonicCounter"

struct request {
	struct buf name;
	uint64_t value;
};

static bool decode_request(struct go_json *in, void *request, void *unused)
{
	(void)unused;
	static const struct go_json_field fields[] = {
		GO_JSON_FIELD(request, "name", go_json_string, name),
		GO_JSON_FIELD(request, "value", go_json_uint, value),
		GO_JSON_END,
	};
	return go_json_struct(in, fields, request, "request");
}

static bool read_request(const struct exchange *exchange, struct request *request)
{
	struct error err = { 0 };
	bool is_good = go_json_decode_first(
		exchange->request->body, "request", decode_request, request, &err);
	if (is_good && request->name.size > NAME_MAX_SIZE)
		is_good = error_set(&err, ERROR_INVALID, "the name has %zu bytes, more than %d",
			request->name.size, NAME_MAX_SIZE);
	if (!is_good)
		exchange_refuse_body(exchange, &err);
	return is_good;
}

/* A counter for itself for each Marble type, instance and name. */
static void put_key(struct buf *key, const struct marble_peer *marble, const struct buf *name)
{
	uint8_t uuid[UUID_SIZE];
	uuid_to_bytes(marble->uuid, uuid);
	buf_put_text(key, PREFIX ":");
	base64_encode(key, marble->type.data, marble->type.size);
	buf_put_u8(key, ':');
	base64_encode(key, uuid, sizeof(uuid));
	buf_put_u8(key, ':');
	base64_encode(key, name->data, name->size);
}

static void count(const struct exchange *exchange, const struct marble_peer *marble,
	const struct request *request)
{
	AUTO(buf_free) struct buf key = { 0 };
	AUTO(buf_free) struct buf data = { 0 };
	struct error err = { 0 };
	uint64_t previous;
	put_key(&key, marble, &request->name);
	if (!counters_raise(core_counters(exchange->core), buf_text(&key), request->value,
		    &previous, &err)) {
		jsend_error(exchange->response, 500, err.message);
		return;
	}
	buf_put_u8(&data, '{');
	json_put_number(&data, "value", previous);
	exchange_succeed(exchange, &data);
}

void api_counter_post(const struct exchange *exchange)
{
	const struct deployment *deployment = exchange->deployment;
	struct marble_peer marble = { 0 };
	struct request request = { 0 };
	struct error err = { 0 };
	if (!deployment->manifest || !deployment->manifest->config.counts)
		jsend_error(exchange->response, 403,
			"MonotonicCounter feature is not enabled in the manifest");
	else if (!marble_peer_read(&deployment->pki, exchange->request, clock_now(), &marble, &err))
		exchange_refuse(exchange, 401, &err);
	else if (read_request(exchange, &request))
		count(exchange, &marble, &request);
	buf_free(&marble.type);
	buf_free(&request.name);
}
