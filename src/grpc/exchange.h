/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/2 side of one unary call, apart from any socket: what the peer sent goes in, what is to
 * be sent comes out. Nothing the peer sends makes it hold more than one message and a few headers.
 */
#ifndef GRPC_EXCHANGE_H
#define GRPC_EXCHANGE_H

#include "base/cleanup.h"
#include "grpc/client.h"

struct grpc_exchange;

struct grpc_exchange *grpc_exchange_new(
	const char *authority, const char *path, struct bytes request);
void grpc_exchange_free(struct grpc_exchange *exchange);
DEFINE_AUTO_FREE(auto_grpc_exchange, struct grpc_exchange *, grpc_exchange_free)

/* The next bytes for the peer, none when there is nothing to send; valid until the next call. */
struct bytes grpc_exchange_pull(struct grpc_exchange *exchange);

/* ERROR_INVALID when the peer speaks another protocol. */
bool grpc_exchange_push(struct grpc_exchange *exchange, struct bytes data, struct error *err);

/* True when the peer has sent anything. */
bool grpc_exchange_is_begun(const struct grpc_exchange *exchange);

/* True when nothing more is awaited from the peer. */
bool grpc_exchange_is_done(const struct grpc_exchange *exchange);

/* The answer, once it is done. ERROR_INVALID when it is none of gRPC's. */
bool grpc_exchange_finish(
	struct grpc_exchange *exchange, struct grpc_call_result *result, struct error *err);

#endif
