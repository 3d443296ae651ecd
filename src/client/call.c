/* SPDX-License-Identifier: Apache-2.0 */
#include "client/call.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "client/jsend.h"

json_t *client_call_path(
	struct https *https, const char *path, struct bytes body, long *status, struct error *err)
{
	struct https_answer answer = { 0 };
	json_t *data = NULL;
	*status = 0;
	if (https_request(https, path, body, &answer, err)) {
		*status = answer.status;
		data = jsend_data(&answer, err);
		if (!data) {
			AUTO(auto_free) char *url = https_url(https, path);
			error_prefix(err, "%s %s", body.data ? "POST" : "GET", url);
		}
	}
	buf_free(&answer.body);
	return data;
}

json_t *client_call(
	struct https *https, const struct client_call *call, bool *is_v1, struct error *err)
{
	long status;
	*is_v1 = false;
	json_t *data = client_call_path(https, call->v2_path, call->v2_body, &status, err);
	if (status != HTTP_METHOD_NOT_ALLOWED || !call->v1_path)
		return data;
	*is_v1 = true;
	return client_call_path(https, call->v1_path, call->v1_body, &status, err);
}

bool client_refuse_data(struct error *err)
{
	return error_set(err, ERROR_UNAVAILABLE,
		"the answer does not have the members of a Coordinator's client API");
}

json_t *client_send_manifest(struct https *https, const char *v2_path, const char *v1_path,
	struct bytes manifest, bool *is_v1, struct error *err)
{
	AUTO(buf_free) struct buf body = { 0 };
	buf_put_text(&body, "{\"manifest\":\"");
	base64_encode(&body, manifest.data, manifest.size);
	buf_put_text(&body, "\"}");
	struct client_call send = { .v2_path = v2_path,
		.v1_path = v1_path,
		.v2_body = buf_bytes(&body),
		.v1_body = { manifest.size ? manifest.data : "", manifest.size } };
	return client_call(https, &send, is_v1, err);
}
