/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One unary gRPC call over TLS, blocking, in the calling thread alone: no event loop, no helper
 * threads, no allocation that outlives the call. This is all the gRPC that a premain needs.
 */
#ifndef GRPC_CLIENT_H
#define GRPC_CLIENT_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/openssl.h"
#include "grpc/status.h"

struct grpc_call_result {
	int code;           /* of the answer, GRPC_… */
	struct buf message; /* grpc-message, percent-decoded */
	struct buf body;    /* one protobuf message when code is GRPC_OK */
};

void grpc_call_result_free(struct grpc_call_result *result);

/*
 * Calls `path` ("/rpc.Marble/Activate") at `address` ("host:port", "[v6]:port"). The TLS context
 * brings the client certificate and decides about verification. True when an answer came, whatever
 * its code. ERROR_UNAVAILABLE when nobody answers at the address; ERROR_DENIED when the peer
 * refuses the TLS connection; ERROR_INVALID when somebody does who does not speak gRPC there (with
 * a hint if it looks like the client API's port).
 */
bool grpc_call_unary(const char *address, SSL_CTX *tls, const char *path, struct bytes request,
	struct grpc_call_result *result, struct error *err);

#endif
