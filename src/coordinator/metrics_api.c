/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/metrics_api.h"

#include <string.h>

static void answer(struct http_response *response, int status, const char *content_type)
{
	response->status = status;
	response->headers[response->header_count++] =
		(struct http_header){ "Content-Type", content_type };
}

void metrics_api_handle(
	const struct http_request *request, struct http_response *response, void *context)
{
	struct core *core = context;
	if (!strcmp(request->path, "/metrics")) {
		AUTO(auto_deployment) struct deployment *deployment = core_deployment(core);
		metrics_put(core->metrics, (int)deployment->state, &response->body);
		answer(response, 200, "text/plain; version=0.0.4; charset=utf-8");
	} else if (!strcmp(request->path, "/events")) {
		events_put(core->events, &response->body);
		answer(response, 200, "application/json");
	} else {
		buf_put_text(&response->body, "404 page not found\n");
		answer(response, 404, "text/plain; charset=utf-8");
	}
}
