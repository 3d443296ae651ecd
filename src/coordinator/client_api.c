/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/client_api.h"

#include "base/log.h"
#include "base/memory.h"
#include "coordinator/exchange.h"
#include "http/target.h"

#include <string.h>
#include <time.h>

#define V2_PREFIX "/api/v2"

struct endpoint {
	const char *path; /* without the prefix of v2 */
	void (*get)(const struct exchange *exchange);
	void (*post)(const struct exchange *exchange);
	enum {
		IS_DEPRECATED = 1, /* in v1, where each call is logged */
		ONLY_V2 = 2,
		TAKES_TIME = 4, /* to GET, too */
	} kind;
};

/* Spec client-api.md clause 4. */
static const struct endpoint endpoints[] = {
	{ "/status", api_status_get, NULL, IS_DEPRECATED },
	{ "/quote", api_quote_get, NULL, IS_DEPRECATED },
	{ "/manifest", api_manifest_get, api_manifest_post, IS_DEPRECATED },
	{ "/update", api_update_get, api_update_post, IS_DEPRECATED },
	{ "/secrets", api_secrets_get, api_secrets_post, IS_DEPRECATED },
	{ "/recover", NULL, api_recover_post, IS_DEPRECATED },
	{ "/recover/public-key", api_recover_key_get, NULL, ONLY_V2 | TAKES_TIME },
	{ "/update-manifest", api_pending_get, api_pending_post, 0 },
	{ "/update-cancel", NULL, api_cancel_post, 0 },
	{ "/sign-quote", NULL, api_sign_quote_post, ONLY_V2 },
	{ "/monotonic-counter", NULL, api_counter_post, ONLY_V2 },
};

static const struct endpoint *find_endpoint(const char *path, bool is_v2)
{
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
		if (!strcmp(endpoints[i].path, path))
			return is_v2 || !(endpoints[i].kind & ONLY_V2) ? &endpoints[i] : NULL;
	}
	return NULL;
}

static const struct endpoint *endpoint_of(const char *path, bool *is_v2)
{
	*is_v2 = !strncmp(path, V2_PREFIX, strlen(V2_PREFIX));
	return find_endpoint(*is_v2 ? path + strlen(V2_PREFIX) : path, *is_v2);
}

bool client_api_takes_time(const struct http_request *request)
{
	bool is_v2;
	const struct endpoint *endpoint = endpoint_of(request->path, &is_v2);
	return endpoint && (endpoint->kind & TAKES_TIME);
}

static void log_deprecation(const char *path)
{
	AUTO(auto_free)
	char *text = xasprintf(
		"Usage of deprecated API endpoint. Consider using " V2_PREFIX "%s instead", path);
	log_warn(text, "path", path);
}

/* Methods that HTTP does not know are one to the metrics. */
static const char *metric_method(const char *method)
{
	static const char *const names[][2] = { { "GET", "get" }, { "POST", "post" },
		{ "HEAD", "head" }, { "PUT", "put" }, { "DELETE", "delete" } };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(names[i][0], method))
			return names[i][1];
	}
	return "unknown";
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + 1e-9 * (double)(now.tv_nsec - start->tv_nsec);
}

static void handle_endpoint(const struct endpoint *endpoint, struct core *core, bool is_v2,
	const struct http_request *request, struct http_response *response)
{
	void (*handle)(const struct exchange *exchange) = NULL;
	if (endpoint && !strcmp(request->method, "GET"))
		handle = endpoint->get;
	if (endpoint && !strcmp(request->method, "POST"))
		handle = endpoint->post;
	if (!handle) {
		/* also for unknown paths: clients fall back to v1 on 405 alone */
		jsend_error(response, 405, "");
		return;
	}
	if (!is_v2 && (endpoint->kind & IS_DEPRECATED))
		log_deprecation(endpoint->path);
	AUTO(auto_deployment) struct deployment *deployment = core_deployment(core);
	const struct exchange exchange = {
		.core = core,
		.deployment = deployment,
		.request = request,
		.response = response,
		.is_v2 = is_v2,
	};
	handle(&exchange);
}

/* 307 keeps the method. */
static void redirect(
	const struct http_request *request, const char *path, struct http_response *response)
{
	bool is_get = !strcmp(request->method, "GET") || !strcmp(request->method, "HEAD");
	response->status = is_get ? 301 : 307;
	http_path_encode(path, &response->location);
	if (*request->query)
		buf_printf(&response->location, "?%s", request->query);
}

/* Only of endpoints that there are, so that nobody can make up series. */
static void handle_and_measure(const struct endpoint *endpoint, struct core *core, bool is_v2,
	const struct http_request *request, struct http_response *response)
{
	struct timespec start;
	clock_gettime(CLOCK_MONOTONIC, &start);
	metrics_begin_request(core->metrics, request->path);
	handle_endpoint(endpoint, core, is_v2, request, response);
	const struct metrics_request measured = {
		.path = request->path,
		.method = metric_method(request->method),
		.code = response->status,
		.seconds = seconds_since(&start),
		.request_size = request->body.size,
		.response_size = response->body.size,
	};
	metrics_end_request(core->metrics, &measured);
}

void client_api_handle(
	const struct http_request *request, struct http_response *response, void *context)
{
	AUTO(buf_free) struct buf clean = { 0 };
	http_path_clean(request->path, &clean);
	if (strcmp(buf_text(&clean), request->path) != 0) {
		redirect(request, buf_text(&clean), response);
		return;
	}
	bool is_v2;
	const struct endpoint *endpoint = endpoint_of(request->path, &is_v2);
	if (endpoint)
		handle_and_measure(endpoint, context, is_v2, request, response);
	else
		handle_endpoint(NULL, context, is_v2, request, response);
}
