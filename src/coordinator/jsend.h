/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope of every answer of the client API (spec client-api.md clause 2). */
#ifndef COORDINATOR_JSEND_H
#define COORDINATOR_JSEND_H

#include "http/server.h"

/* `data` is JSON text. */
void jsend_success(struct http_response *response, const char *data);
/* Data that is one text. */
void jsend_success_text(struct http_response *response, const char *text);
/* v1, and in v2 for what is not the client's fault. An empty message is left out. */
void jsend_error(struct http_response *response, int status, const char *message);
/* v2: the client's fault. */
void jsend_fail(struct http_response *response, int status, const char *message);
/* The same with data, which is JSON text. */
void jsend_fail_with(
	struct http_response *response, int status, const char *data, const char *message);

#endif
