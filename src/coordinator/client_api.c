/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/client_api.h"

#include "base/base64.h"
#include "base/hex.h"
#include "base/json_text.h"
#include "base/log.h"
#include "coordinator/jsend.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#define V2_PREFIX "/api/v2"

/* What a handler needs; `is_v2` tells the generations apart where they share code. */
struct exchange {
	struct core *core;
	const struct deployment *deployment;
	const struct http_request *request;
	struct http_response *response;
	bool is_v2;
};

struct endpoint {
	const char *path; /* without the prefix of v2 */
	void (*get)(const struct exchange *exchange);
	void (*post)(const struct exchange *exchange);
};

static const char not_set[] = "requested value not set";

static const char *state_message(enum coordinator_state state)
{
	switch (state) {
	case STATE_RECOVERY:
		return "Coordinator is in recovery mode. Either upload a key to unseal the saved "
		       "state, or set a new manifest. For more information on how to proceed, "
		       "consult the documentation.";
	case STATE_ACCEPTING_MANIFEST:
		return "Coordinator is ready to accept a manifest.";
	case STATE_ACCEPTING_MARBLES:
		return "Coordinator is running correctly and ready to accept marbles.";
	default:
		return NULL;
	}
}

static void succeed(const struct exchange *exchange, struct buf *data)
{
	buf_put_u8(data, '}');
	jsend_success(exchange->response, buf_text(data));
}

static void get_status(const struct exchange *exchange)
{
	AUTO(buf_free) struct buf data = { 0 };
	enum coordinator_state state = exchange->deployment->state;
	buf_printf(&data, "{\"%s\":%d", exchange->is_v2 ? "code" : "StatusCode", (int)state);
	jsend_put_text(&data, exchange->is_v2 ? "message" : "StatusMessage", state_message(state));
	succeed(exchange, &data);
}

static void answer_quote(const struct exchange *exchange, struct bytes quote)
{
	AUTO(buf_free) struct buf data = { 0 };
	AUTO(buf_free) struct buf chain = { 0 };
	pki_put_chain(&exchange->deployment->pki, &chain);
	buf_put_u8(&data, '{');
	jsend_put_text(&data, exchange->is_v2 ? "cert" : "Cert", buf_text(&chain));
	jsend_put_bytes(&data, exchange->is_v2 ? "quote" : "Quote", quote);
	succeed(exchange, &data);
}

static void answer_fresh_quote(const struct exchange *exchange, const struct buf *encoded)
{
	AUTO(buf_free) struct buf nonce = { 0 };
	AUTO(buf_free) struct buf quote = { 0 };
	struct error err = { 0 };
	if (!base64_url_decode(&nonce, buf_text(encoded), encoded->size)) {
		jsend_fail(exchange->response, 400,
			"invalid query: bad nonce format: not URL-safe base64 with padding");
		return;
	}
	if (!core_make_quote(
		    exchange->core, exchange->deployment, buf_bytes(&nonce), &quote, &err)) {
		error_prefix(&err, "getting quote: failed to get quote");
		jsend_error(exchange->response, 500, err.message);
		return;
	}
	answer_quote(exchange, buf_bytes(&quote));
}

static void get_quote(const struct exchange *exchange)
{
	AUTO(buf_free) struct buf nonce = { 0 };
	if (exchange->is_v2)
		http_query_get(exchange->request->query, "nonce", &nonce);
	if (nonce.size)
		answer_fresh_quote(exchange, &nonce);
	else
		answer_quote(exchange, buf_bytes(&exchange->deployment->quote));
}

static void get_manifest(const struct exchange *exchange)
{
	const struct deployment *deployment = exchange->deployment;
	bool is_v2 = exchange->is_v2;
	if (!deployment->manifest && is_v2) {
		jsend_error(exchange->response, 500, not_set);
		return;
	}
	char fingerprint[2 * SHA256_SIZE + 1] = "";
	if (deployment->manifest) {
		uint8_t hash[SHA256_SIZE];
		sha256(deployment->manifest_text.data, deployment->manifest_text.size, hash);
		hex_format(fingerprint, hash, sizeof(hash));
	}
	AUTO(buf_free) struct buf data = { 0 };
	buf_put_u8(&data, '{');
	jsend_put_bytes(&data, is_v2 ? "manifestSignatureRootECDSA" : "ManifestSignatureRootECDSA",
		buf_bytes(&deployment->manifest_signature));
	jsend_put_text(&data, is_v2 ? "manifestFingerprint" : "ManifestSignature", fingerprint);
	jsend_put_bytes(
		&data, is_v2 ? "manifest" : "Manifest", buf_bytes(&deployment->manifest_text));
	succeed(exchange, &data);
}

static void post_manifest_v1(const struct exchange *exchange)
{
	struct error err = { 0 };
	if (core_set_manifest(exchange->core, exchange->request->body, &err))
		jsend_success(exchange->response, "null");
	else
		jsend_error(exchange->response, 400, err.message);
}

static json_t *member_any_case(json_t *object, const char *name)
{
	json_t *exact = json_object_get(object, name);
	const char *key;
	json_t *value;
	if (exact)
		return exact;
	json_object_foreach(object, key, value)
	{
		if (!strcasecmp(key, name))
			return value;
	}
	return NULL;
}

/* The manifest of a v2 body; empty when the member is absent. */
static bool read_manifest_member(struct bytes body, struct buf *manifest, struct error *err)
{
	json_error_t where;
	json_t *object = json_loadb(body.data, body.size, JSON_DISABLE_EOF_CHECK, &where);
	if (!json_is_object(object)) {
		json_decref(object);
		return error_set(err, ERROR_INVALID,
			"bad request: the body must be a JSON object with a member \"manifest\"");
	}
	const json_t *value = member_any_case(object, "manifest");
	bool good = !value || json_is_null(value) ||
		    (json_is_string(value) && base64_decode(manifest, json_string_value(value),
						      json_string_length(value)));
	json_decref(object);
	if (!good)
		return error_set(err, ERROR_INVALID,
			"bad request: member \"manifest\" must be the manifest in base64");
	return true;
}

static void post_manifest(const struct exchange *exchange)
{
	if (!exchange->is_v2) {
		post_manifest_v1(exchange);
		return;
	}
	AUTO(buf_free) struct buf manifest = { 0 };
	struct error err = { 0 };
	if (!read_manifest_member(exchange->request->body, &manifest, &err))
		jsend_fail(exchange->response, 400, err.message);
	else if (!core_set_manifest(exchange->core, buf_bytes(&manifest), &err))
		jsend_error(exchange->response, 500, err.message);
	else
		jsend_success(exchange->response, "{\"RecoverySecrets\":{}}");
}

/* The lines as a JSON list of strings. */
static void put_lines(struct buf *data, const struct buf *log)
{
	const char *line = buf_text(log);
	buf_put_text(data, "{\"updateLog\":[");
	for (const char *end; (end = strchr(line, '\n')); line = end + 1) {
		json_text_put(data, line, (size_t)(end - line));
		buf_put_text(data, end[1] ? "," : "");
	}
	buf_put_u8(data, ']');
}

static void get_update_log(const struct exchange *exchange)
{
	const struct deployment *deployment = exchange->deployment;
	AUTO(buf_free) struct buf data = { 0 };
	if (deployment->state != STATE_ACCEPTING_MARBLES) {
		jsend_error(exchange->response, 500, "server is not in expected state");
	} else if (exchange->is_v2) {
		put_lines(&data, &deployment->update_log);
		succeed(exchange, &data);
	} else {
		json_text_put(
			&data, buf_text(&deployment->update_log), deployment->update_log.size);
		jsend_success(exchange->response, buf_text(&data));
	}
}

static const struct endpoint endpoints[] = {
	{ "/status", get_status, NULL },
	{ "/quote", get_quote, NULL },
	{ "/manifest", get_manifest, post_manifest },
	{ "/update", get_update_log, NULL },
};

static const struct endpoint *find_endpoint(const char *path)
{
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
		if (!strcmp(endpoints[i].path, path))
			return &endpoints[i];
	}
	return NULL;
}

void client_api_handle(
	const struct http_request *request, struct http_response *response, void *context)
{
	const char *path = request->path;
	bool is_v2 = !strncmp(path, V2_PREFIX, strlen(V2_PREFIX));
	const struct endpoint *endpoint = find_endpoint(is_v2 ? path + strlen(V2_PREFIX) : path);
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
	AUTO(auto_deployment) struct deployment *deployment = core_deployment(context);
	const struct exchange exchange = {
		.core = context,
		.deployment = deployment,
		.request = request,
		.response = response,
		.is_v2 = is_v2,
	};
	handle(&exchange);
}
