/* SPDX-License-Identifier: Apache-2.0 */
/* /metrics and /events, in plain HTTP for those inside of the cluster (spec client-api.md 10). */
#ifndef COORDINATOR_METRICS_API_H
#define COORDINATOR_METRICS_API_H

#include "coordinator/core.h"
#include "http/server.h"

/* The handler of an HTTP server; `context` is the struct core, which has metrics and events. */
void metrics_api_handle(
	const struct http_request *request, struct http_response *response, void *context);

#endif
