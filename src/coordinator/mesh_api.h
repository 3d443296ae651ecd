/* SPDX-License-Identifier: Apache-2.0 */
/* The mesh API: rpc.Marble/Activate on a loop (spec marble-api.md). */
#ifndef COORDINATOR_MESH_API_H
#define COORDINATOR_MESH_API_H

#include "coordinator/loop.h"

struct grpc_server *mesh_api_serve(struct loop *loop, int listener, SSL_CTX *tls,
	size_t connections_max, unsigned idle_seconds, struct error *err);

#endif
