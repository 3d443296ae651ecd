/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a handle trusts, and what they showed. */
#include "base/base64.h"
#include "base/cleanup.h"
#include "client/call.h"
#include "client/handle.h"
#include "client/verification.h"

#include <string.h>

#define GETTING_QUOTE "getting the Coordinator's quote"

static bool parse_quote(
	const json_t *data, struct ca_pair *certs, struct buf *quote, struct error *err)
{
	const json_t *cert = json_member(data, "cert");
	if (!json_is_string(cert) || !json_put_bytes(json_member(data, "quote"), quote)) {
		client_refuse_data(err);
		return error_prefix(err, GETTING_QUOTE);
	}
	struct bytes chain = { json_string_value(cert), json_string_length(cert) };
	return ca_pair_read(chain, certs, err);
}

static json_t *get_quote(struct https *https, struct error *err)
{
	bool is_v1;
	const struct client_call get = { .v2_path = "/api/v2/quote", .v1_path = "/quote" };
	return client_call(https, &get, &is_v1, err);
}

static json_t *get_fresh_quote(struct https *https, const struct buf *nonce, struct error *err)
{
	AUTO(buf_free) struct buf path = { 0 };
	AUTO(buf_free) struct buf encoded = { 0 };
	base64_url_encode(&encoded, nonce->data, nonce->size);
	size_t letters = strcspn(buf_text(&encoded), "=");
	buf_printf(&path, "/api/v2/quote?nonce=%.*s", (int)letters, buf_text(&encoded));
	for (size_t i = letters; i < encoded.size; i++)
		buf_put_text(&path, "%3D");
	long status;
	json_t *data = client_call_path(https, buf_text(&path), (struct bytes){ 0 }, &status, err);
	if (status == HTTP_METHOD_NOT_ALLOWED)
		error_set(err, ERROR_UNSUPPORTED,
			"using custom nonce requires /api/v2, but the Coordinator does not support /api/v2");
	return data;
}

/* Over a connection of its own, which trusts nobody and shows nothing. */
static bool fetch_quote(
	struct marblerun *m, struct ca_pair *certs, struct buf *quote, struct error *err)
{
	const struct buf *nonce = &m->settings.nonce;
	AUTO(auto_https) struct https *anybody = https_new_unverified(m->address, err);
	if (!anybody)
		return false;
	AUTO(auto_json)
	json_t *data = nonce->size ? get_fresh_quote(anybody, nonce, err) : get_quote(anybody, err);
	if (!data)
		return error_prefix(err, GETTING_QUOTE);
	return parse_quote(data, certs, quote, err);
}

/* Nobody is trusted while somebody else is looked for, and if that fails. */
static void trust_nobody(struct marblerun *m)
{
	handle_disconnect(m);
	m->trust = TRUST_NOBODY;
	m->is_attested = false;
	ca_pair_free(&m->certs);
	buf_clear(&m->quote);
}

/* Certificates and quote are of the handle at once, and count when they are verified. */
static bool attest(struct marblerun *m, bool is_verified)
{
	trust_nobody(m);
	if (is_verified && !m->settings.has_era)
		return error_set(&m->error, ERROR_INVALID,
			"there is no attestation configuration that says which Coordinator is accepted");
	bool is_trusted = fetch_quote(m, &m->certs, &m->quote, &m->error) &&
			  (!is_verified || verify_coordinator(&m->settings, buf_bytes(&m->quote),
						   &m->certs, &m->error));
	if (!is_trusted) {
		trust_nobody(m);
		return false;
	}
	m->trust = TRUST_ROOT;
	m->is_attested = true;
	return true;
}

bool marblerun_verify(struct marblerun *m)
{
	return attest(m, true);
}

bool marblerun_insecure_trust(struct marblerun *m)
{
	return attest(m, false);
}

void marblerun_insecure_connect(struct marblerun *m)
{
	trust_nobody(m);
	m->trust = TRUST_ANYBODY;
}

bool marblerun_trust(struct marblerun *m, const void *pem, size_t size)
{
	trust_nobody(m);
	if (!ca_pair_read((struct bytes){ pem, size }, &m->certs, &m->error))
		return false;
	m->trust = TRUST_ROOT;
	return true;
}

bool marblerun_get_certificate(
	struct marblerun *m, enum marblerun_certificate which, struct marblerun_bytes *pem)
{
	AUTO(buf_free) struct buf text = { 0 };
	if (m->trust != TRUST_ROOT)
		return error_set(&m->error, ERROR_STATE,
			"there is no certificate of a Coordinator that is trusted");
	if (which != MARBLERUN_ROOT)
		cert_put_pem(m->certs.intermediate, &text);
	if (which != MARBLERUN_INTERMEDIATE)
		cert_put_pem(m->certs.root, &text);
	*pem = handle_give(&text);
	return true;
}

bool marblerun_get_quote(struct marblerun *m, struct marblerun_bytes *quote)
{
	AUTO(buf_free) struct buf copy = { 0 };
	if (!m->is_attested)
		return error_set(&m->error, ERROR_STATE,
			"there is no quote, because the Coordinator was not asked for one");
	if (!m->quote.size)
		return error_set(&m->error, ERROR_STATE,
			"the Coordinator has none, because it runs in simulation mode");
	buf_put(&copy, m->quote.data, m->quote.size);
	*quote = handle_give(&copy);
	return true;
}
