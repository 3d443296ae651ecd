/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/exchange.h"

#include "base/base64.h"
#include "http/target.h"

static void answer_quote(const struct exchange *exchange, struct bytes quote)
{
	AUTO(buf_free) struct buf data = { 0 };
	AUTO(buf_free) struct buf chain = { 0 };
	pki_put_chain(&exchange->deployment->pki, &chain);
	buf_put_u8(&data, '{');
	json_put_text(&data, exchange->is_v2 ? "cert" : "Cert", buf_text(&chain));
	json_put_bytes(&data, exchange->is_v2 ? "quote" : "Quote", quote);
	exchange_succeed(exchange, &data);
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

void api_quote_get(const struct exchange *exchange)
{
	AUTO(buf_free) struct buf nonce = { 0 };
	if (exchange->is_v2)
		http_query_get(exchange->request->query, "nonce", &nonce);
	if (nonce.size)
		answer_fresh_quote(exchange, &nonce);
	else
		answer_quote(exchange, buf_bytes(&exchange->deployment->quote));
}
