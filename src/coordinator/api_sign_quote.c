/* SPDX-License-Identifier: Apache-2.0 */
/* /sign-quote: the root's word that a quote verifies (spec client-api.md clause 5.10). */
#include "coordinator/exchange.h"

#include "attest/report_header.h"
#include "base/base64.h"
#include "base/clock.h"
#include "manifest/go_json.h"

#include <string.h>

static bool verify(
	struct core *core, const struct buf *report, const char **status, struct error *err)
{
	struct bytes quote;
	struct dcap_result result = { 0 };
	if (!core->verifier)
		return error_set(err, ERROR_UNSUPPORTED,
			"this Coordinator runs in simulation and verifies no quotes");
	if (!report_header_strip_if_any(buf_bytes(report), &quote, err) ||
		!dcap_verify(core->verifier, quote, clock_now(), &result, err))
		return false;
	*status = tcb_status_name(result.status);
	dcap_result_free(&result);
	return true;
}

/* Over the quote as text, as it was sent, and the status. */
static bool sign(const struct deployment *deployment, const struct buf *report, const char *status,
	struct buf *signature, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	base64_encode(&text, report->data, report->size);
	buf_put_text(&text, status);
	return key_sign(deployment->pki.root_key, EVP_sha256(), buf_bytes(&text), signature, err);
}

static void refuse(const struct exchange *exchange, const char *reason, const char *message)
{
	AUTO(buf_free) struct buf data = { 0 };
	buf_put_u8(&data, '{');
	json_put_text(&data, "sgxQuote", reason);
	buf_put_u8(&data, '}');
	jsend_fail_with(exchange->response, 400, buf_text(&data), message);
}

static void sign_quote(const struct exchange *exchange, const struct buf *report)
{
	AUTO(buf_free) struct buf data = { 0 };
	AUTO(buf_free) struct buf signature = { 0 };
	const char *status = "";
	struct error err = { 0 };
	if (!verify(exchange->core, report, &status, &err)) {
		error_prefix(&err, "quote verification failed");
		refuse(exchange, err.message, "quote verification failed");
	} else if (!sign(exchange->deployment, report, status, &signature, &err)) {
		jsend_error(exchange->response, 500, err.message);
	} else {
		buf_put_u8(&data, '{');
		json_put_text(&data, "tcbStatus", status);
		json_put_bytes(&data, "verificationSignature", buf_bytes(&signature));
		exchange_succeed(exchange, &data);
	}
}

static bool decode_body(struct go_json *in, void *report, void *unused)
{
	(void)unused;
	static const struct go_json_field fields[] = {
		GO_JSON_WHOLE("sgxQuote", go_json_bytes),
		GO_JSON_END,
	};
	return go_json_struct(in, fields, report, "request");
}

void api_sign_quote_post(const struct exchange *exchange)
{
	const struct manifest *manifest = exchange->deployment->manifest;
	AUTO(buf_free) struct buf report = { 0 };
	struct error err = { 0 };
	if (!manifest || !manifest->config.signs_quotes) {
		jsend_error(exchange->response, 403,
			"SignQuoteEndpoint feature is not enabled in the manifest");
	} else if (!go_json_decode_first(
			   exchange->request->body, "request", decode_body, &report, &err)) {
		error_prefix(&err, "bad request");
		refuse(exchange, "failed to parse JSON data", err.message);
	} else {
		sign_quote(exchange, &report);
	}
}
