/* SPDX-License-Identifier: Apache-2.0 */
#include "premain/activation.h"

#include "grpc/client.h"
#include "premain/coordinator_check.h"

static void put_request(const struct settings *settings, const char *uuid, struct bytes request,
	struct bytes quote, struct buf *out)
{
	Rpc__ActivationReq message = RPC__ACTIVATION_REQ__INIT;
	message.quote = (ProtobufCBinaryData){ quote.size, (uint8_t *)quote.data };
	message.csr = (ProtobufCBinaryData){ request.size, (uint8_t *)request.data };
	message.marbletype = (char *)settings->marble_type;
	message.uuid = (char *)uuid;
	activation_request_put(&message, out);
}

/* What a status that is not OK means to the caller. */
static enum error_kind kind_of(int code)
{
	return code == GRPC_UNAVAILABLE ? ERROR_UNAVAILABLE : ERROR_DENIED;
}

static Rpc__ActivationResp *read_answer(const struct grpc_call_result *result, struct error *err)
{
	char unknown[32];
	if (result->code != GRPC_OK) {
		error_set(err, kind_of(result->code), "rpc error: code = %s desc = %s",
			grpc_code_name(result->code, unknown), buf_text(&result->message));
		return NULL;
	}
	AUTO(auto_activation_response)
	Rpc__ActivationResp *response = activation_response_read(buf_bytes(&result->body), err);
	if (!response) {
		error_prefix(err, "rpc error: code = Internal desc = failed to unmarshal");
		return NULL;
	}
	if (!response->parameters) {
		error_set(err, ERROR_INVALID,
			"rpc error: code = Internal desc = the answer has no parameters");
		return NULL;
	}
	return TAKE(response);
}

/* Calls the Coordinator, which `check` wants to know first unless it is NULL. */
static bool call(const struct settings *settings, SSL_CTX *tls, struct coordinator_check *check,
	struct bytes message, struct grpc_call_result *result, struct error *err)
{
	if (check)
		coordinator_check_demand(check, tls);
	if (grpc_call_unary(settings->coordinator, tls, GRPC_ACTIVATE_PATH, message, result, err))
		return true;
	if (check && check->refusal.kind)
		return error_set(err, ERROR_DENIED, "the Coordinator at %s is refused: %s",
			settings->coordinator, check->refusal.message);
	return error_prefix(err, "rpc error: code = Unavailable desc = connection error");
}

Rpc__ActivationResp *activation_call(const struct settings *settings,
	const struct identity *identity, const char *uuid, struct bytes request, struct bytes quote,
	struct error *err)
{
	AUTO(auto_ssl_ctx) SSL_CTX *tls = identity_client_tls(identity, err);
	AUTO(coordinator_check_free) struct coordinator_check check = { 0 };
	AUTO(buf_free) struct buf message = { 0 };
	AUTO(grpc_call_result_free) struct grpc_call_result result = { 0 };
	bool is_checked = settings->coordinator_era;
	if (!tls || (is_checked && !coordinator_check_open(settings, &check, err)))
		return NULL;
	put_request(settings, uuid, request, quote, &message);
	if (!call(settings, tls, is_checked ? &check : NULL, buf_bytes(&message), &result, err))
		return NULL;
	return read_answer(&result, err);
}
