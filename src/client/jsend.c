/* SPDX-License-Identifier: Apache-2.0 */
#include "client/jsend.h"

#include <string.h>

#define HTTP_OK           200
#define HTTP_UNAUTHORIZED 401

static const struct {
	long code;
	const char *text;
} reasons[] = {
	{ 200, "OK" },
	{ 301, "Moved Permanently" },
	{ 307, "Temporary Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 410, "Gone" },
	{ 413, "Request Entity Too Large" },
	{ 500, "Internal Server Error" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
};

static const char *reason_of(long code)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (reasons[i].code == code)
			return reasons[i].text;
	}
	return "unexpected status";
}

static bool refuse(const struct https_answer *answer, const json_t *envelope, struct error *err)
{
	const char *status = json_string_value(json_member(envelope, "status"));
	const char *message = json_string_value(json_member(envelope, "message"));
	AUTO(buf_free) struct buf text = { 0 };
	if (status && answer->status != HTTP_UNAUTHORIZED)
		buf_put_visible(&text, status);
	if (message && *message) {
		buf_put_text(&text, text.size ? ": " : "");
		buf_put_visible(&text, message);
	}
	if (!status)
		buf_put_text(&text, "the answer is not that of a Coordinator's client API");
	if (answer->status == HTTP_UNAUTHORIZED)
		return error_set(
			err, ERROR_UNAUTHENTICATED, "authorizing user: %s", buf_text(&text));
	return error_set(err, ERROR_UNAVAILABLE, "%ld %s: %s", answer->status,
		reason_of(answer->status), buf_text(&text));
}

json_t *jsend_data(const struct https_answer *answer, struct error *err)
{
	AUTO(auto_json) json_t *envelope = json_read(buf_bytes(&answer->body), NULL);
	json_t *data = answer->status == HTTP_OK ? json_member(envelope, "data") : NULL;
	if (data)
		return json_incref(data);
	refuse(answer, envelope, err);
	return NULL;
}
