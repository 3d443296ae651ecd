/* SPDX-License-Identifier: Apache-2.0 */
#include "grpc/client.h"

#include "base/memory.h"
#include "grpc/exchange.h"
#include "grpc/hints.h"
#include "net/transport.h"

/* Verifying a quote may mean fetching collateral first; a minute without any byte is a dead peer.
 */
#define SILENCE_MAX 60000
/* TLS hands out records of this size at most. */
#define READ_SIZE 16384

void grpc_call_result_free(struct grpc_call_result *result)
{
	buf_free(&result->message);
	buf_free(&result->body);
}

/* In one piece: what fits the peer's window is not much, and each piece costs a system call. */
static bool send_pending(
	struct net_transport *transport, struct grpc_exchange *exchange, struct error *err)
{
	AUTO(buf_free) struct buf pending = { 0 };
	for (struct bytes data; (data = grpc_exchange_pull(exchange)).size;)
		buf_put(&pending, data.data, data.size);
	return net_transport_write(transport, buf_bytes(&pending), err);
}

/* Reads once. `room` is wiped by the caller. */
static bool receive_some(struct net_transport *transport, struct grpc_exchange *exchange,
	uint8_t room[READ_SIZE], struct error *err)
{
	size_t got;
	if (!net_transport_read(transport, room, READ_SIZE, &got, err))
		return false;
	if (!got)
		return error_set(err, ERROR_UNAVAILABLE,
			"the peer closed the connection before it answered");
	return grpc_exchange_push(exchange, (struct bytes){ room, got }, err);
}

static bool run_exchange(
	struct net_transport *transport, struct grpc_exchange *exchange, struct error *err)
{
	uint8_t room[READ_SIZE];
	bool good = true;
	while (good && !grpc_exchange_is_done(exchange))
		good = send_pending(transport, exchange, err) &&
		       receive_some(transport, exchange, room, err);
	memory_wipe(room, sizeof(room));
	/* who has not chosen HTTP/2 and leaves when it comes is no gRPC server */
	if (!good && err->kind == ERROR_UNAVAILABLE && !transport->agreed &&
		!grpc_exchange_is_begun(exchange))
		return error_set(
			err, ERROR_INVALID, "does not speak HTTP/2: " GRPC_HINT_CLIENT_API);
	return good;
}

bool grpc_call_unary(const char *address, SSL_CTX *tls, const char *path, struct bytes request,
	struct grpc_call_result *result, struct error *err)
{
	AUTO(net_transport_close) struct net_transport transport = { 0 };
	AUTO(auto_grpc_exchange) struct grpc_exchange *exchange = NULL;
	struct net_address target;
	struct error inner = { 0 };
	const struct net_transport_options options = {
		.tls = tls,
		.protocol = "\x02h2",
		.limits = { .silence = SILENCE_MAX },
		.if_no_protocol = "refuses to speak HTTP/2: " GRPC_HINT_CLIENT_API,
		.if_no_tls = "does not speak TLS; the address must be that of a Coordinator's "
			     "mesh API",
	};
	*result = (struct grpc_call_result){ 0 };
	if (request.size > GRPC_MESSAGE_MAX)
		return error_set(err, ERROR_INVALID, "the request has %zu bytes; %u are accepted",
			request.size, GRPC_MESSAGE_MAX);
	if (!net_address_parse(address, &target, err))
		return false;
	exchange = grpc_exchange_new(address, path, request);
	if (!net_transport_open(&transport, &target, &options, &inner) ||
		!run_exchange(&transport, exchange, &inner) ||
		!grpc_exchange_finish(exchange, result, &inner))
		return error_set(err, inner.kind, "%s: %s", address, inner.message);
	return true;
}
