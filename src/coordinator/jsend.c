/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/jsend.h"

#include "base/cleanup.h"
#include "base/json_text.h"

#include <string.h>

static void add_header(struct http_response *response, const char *name, const char *value)
{
	response->headers[response->header_count++] = (struct http_header){ name, value };
}

static void put_envelope(
	struct buf *body, const char *status, const char *data, const char *message)
{
	buf_printf(body, "{\"status\":\"%s\",\"data\":%s", status, data);
	if (*message) {
		buf_put_text(body, ",\"message\":");
		json_text_put(body, message, strlen(message));
	}
	buf_put_text(body, "}\n");
}

void jsend_success(struct http_response *response, const char *data)
{
	response->status = 200;
	add_header(response, "Content-Type", "application/json");
	put_envelope(&response->body, "success", data, "");
}

void jsend_success_text(struct http_response *response, const char *text)
{
	AUTO(buf_free) struct buf data = { 0 };
	json_text_put(&data, text, strlen(text));
	jsend_success(response, buf_text(&data));
}

void jsend_error(struct http_response *response, int status, const char *message)
{
	response->status = status;
	add_header(response, "Content-Type", "text/plain; charset=utf-8");
	add_header(response, "X-Content-Type-Options", "nosniff");
	put_envelope(&response->body, "error", "null", message);
}

void jsend_fail(struct http_response *response, int status, const char *message)
{
	jsend_fail_with(response, status, "null", message);
}

void jsend_fail_with(
	struct http_response *response, int status, const char *data, const char *message)
{
	response->status = status;
	add_header(response, "Content-Type", "application/json");
	put_envelope(&response->body, "fail", data, message);
}
