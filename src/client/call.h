/* SPDX-License-Identifier: Apache-2.0 */
/* One call of the client API in whichever generation the Coordinator has. */
#ifndef CLIENT_CALL_H
#define CLIENT_CALL_H

#include "client/https.h"
#include "client/json.h"

#define HTTP_METHOD_NOT_ALLOWED 405

struct client_call {
	const char *v2_path;
	const char *v1_path; /* NULL: there is no older form */
	struct bytes v2_body;
	struct bytes v1_body;
};

/* The data, a new reference; *is_v1 tells which generation answered. */
json_t *client_call(
	struct https *https, const struct client_call *call, bool *is_v1, struct error *err);
/* One of them; *status is 0 without an answer. */
json_t *client_call_path(
	struct https *https, const char *path, struct bytes body, long *status, struct error *err);
/* Sends a manifest: in v2 as a member in base64, in v1 as it is. */
json_t *client_send_manifest(struct https *https, const char *v2_path, const char *v1_path,
	struct bytes manifest, bool *is_v1, struct error *err);

/* Fails because of data that is not as it should be. */
bool client_refuse_data(struct error *err);

#endif
