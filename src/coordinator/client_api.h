/* SPDX-License-Identifier: Apache-2.0 */
/* The client API, generations 1 and 2 (spec client-api.md): what owners and users talk to. */
#ifndef COORDINATOR_CLIENT_API_H
#define COORDINATOR_CLIENT_API_H

#include "coordinator/core.h"
#include "http/server.h"

/* The handler of an HTTP server; `context` is the struct core. */
void client_api_handle(
	const struct http_request *request, struct http_response *response, void *context);

/* Whether a GET takes so long that no loop should wait for it. */
bool client_api_takes_time(const struct http_request *request);

#endif
