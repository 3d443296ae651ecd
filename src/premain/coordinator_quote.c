/* SPDX-License-Identifier: Apache-2.0 */
#include "premain/coordinator_quote.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/memory.h"
#include "net/get.h"

#include <jansson.h>

#define HTTP_OK                 200
#define HTTP_NOT_FOUND          404
#define HTTP_METHOD_NOT_ALLOWED 405

/* Two certificates and a quote in base64 are a quarter of this. */
#define ANSWER_MAX 65536
/* Milliseconds: the mesh API waits meanwhile in its handshake, which servers allow a minute or two.
 */
#define SILENCE_MAX 10000
#define ANSWER_WAIT 20000

DEFINE_AUTO_FREE(auto_json, json_t *, json_decref)

void coordinator_quote_free(struct coordinator_quote *quote)
{
	ca_pair_free(&quote->certs);
	buf_free(&quote->quote);
}

/* The first generation has names with capital letters. */
static const json_t *find(const json_t *data, const char *name, const char *older_name)
{
	const json_t *value = json_object_get(data, name);
	return value ? value : json_object_get(data, older_name);
}

/* null, as an empty text, is none at all. */
static bool read_quote(const json_t *text, struct buf *quote)
{
	return json_is_null(text) ||
	       (json_is_string(text) &&
		       base64_decode(quote, json_string_value(text), json_string_length(text)));
}

bool coordinator_quote_read(struct bytes body, struct coordinator_quote *quote, struct error *err)
{
	AUTO(auto_json) json_t *answer = json_loadb(body.data, body.size, 0, NULL);
	const json_t *data = json_object_get(answer, "data");
	const json_t *certs = find(data, "cert", "Cert");
	struct bytes chain = { json_string_value(certs), json_string_length(certs) };
	if (!chain.data || !read_quote(find(data, "quote", "Quote"), &quote->quote))
		return error_set(
			err, ERROR_INVALID, "the answer is not that of a Coordinator's client API");
	if (!quote->quote.size)
		return error_set(err, ERROR_UNAVAILABLE,
			"this Coordinator runs in simulation mode, which proves nothing");
	return ca_pair_read(chain, &quote->certs, err);
}

static bool ask(const struct net_get *get, const char *address, const char *path,
	struct net_answer *answer, struct error *err)
{
	AUTO(auto_free) char *url = xasprintf("https://%s%s", address, path);
	return net_get(get, url, answer, err);
}

static bool ask_either(const char *address, struct net_answer *answer, struct error *err)
{
	AUTO(auto_ssl_ctx) SSL_CTX *anybody = net_get_tls(false, NULL, err);
	const struct net_get get = {
		.tls = anybody,
		.body_max = ANSWER_MAX,
		.limits = { .silence = SILENCE_MAX, .deadline = clock_steady() + ANSWER_WAIT },
	};
	if (!anybody || !ask(&get, address, "/api/v2/quote", answer, err))
		return false;
	if (answer->status != HTTP_NOT_FOUND && answer->status != HTTP_METHOD_NOT_ALLOWED)
		return true;
	net_answer_free(answer);
	return ask(&get, address, "/quote", answer, err);
}

bool coordinator_quote_get(const char *address, struct coordinator_quote *quote, struct error *err)
{
	AUTO(net_answer_free) struct net_answer answer = { 0 };
	if (!ask_either(address, &answer, err))
		return false;
	if (answer.status != HTTP_OK)
		return error_set(err, ERROR_UNAVAILABLE,
			"https://%s: its answer is HTTP status %u: is it a Coordinator's client API?",
			address, answer.status);
	return coordinator_quote_read(buf_bytes(&answer.body), quote, err) ||
	       error_prefix(err, "https://%s", address);
}
