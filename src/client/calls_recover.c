/* SPDX-License-Identifier: Apache-2.0 */
/* Recovery of a Coordinator (spec client-api.md 7.2 and 7.3), which only v2 has. */
#include "base/base64.h"
#include "base/cleanup.h"
#include "client/call.h"
#include "client/handle.h"
#include "crypto/pem.h"

#include <string.h>

static void put_member(struct buf *body, const char *name, struct bytes value)
{
	buf_printf(body, "%c\"%s\":\"", body->size ? ',' : '{', name);
	base64_encode(body, value.data, value.size);
	buf_put_u8(body, '"');
}

static bool parse_progress(
	const json_t *data, uint64_t *remaining, struct marblerun_bytes *message, struct error *err)
{
	const json_t *number = json_member(data, "remaining");
	const json_t *text = json_member(data, "message");
	AUTO(buf_free) struct buf visible = { 0 };
	if (!json_is_integer(number) || json_integer_value(number) < 0 || !json_is_string(text))
		return client_refuse_data(err);
	*remaining = (uint64_t)json_integer_value(number);
	buf_put_visible(&visible, json_string_value(text));
	*message = handle_give(&visible);
	return true;
}

bool marblerun_recover(struct marblerun *m, const void *secret, size_t secret_size,
	const void *signature, size_t signature_size, uint64_t *remaining,
	struct marblerun_bytes *message)
{
	bool is_v1;
	AUTO(buf_free) struct buf body = { 0 };
	struct https *https = handle_https(m);
	if (!https)
		return false;
	put_member(&body, "recoverySecret", (struct bytes){ secret, secret_size });
	put_member(&body, "recoverySecretSignature", (struct bytes){ signature, signature_size });
	buf_put_u8(&body, '}');
	const struct client_call recover = { .v2_path = "/api/v2/recover",
		.v2_body = buf_bytes(&body) };
	AUTO(auto_json) json_t *data = client_call(https, &recover, &is_v1, &m->error);
	return (data && parse_progress(data, remaining, message, &m->error)) ||
	       error_prefix(&m->error, "recovering Coordinator");
}

static bool parse_key(const json_t *data, struct marblerun_bytes *pem, struct error *err)
{
	const char *algorithm = json_string_value(json_member(data, "algorithm"));
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(buf_free) struct buf text = { 0 };
	if (!algorithm || strcmp(algorithm, "RSA") != 0 ||
		!json_put_bytes(json_member(data, "ephemeralPublicKey"), &der) || !der.size)
		return client_refuse_data(err);
	pem_encode(&text, "PUBLIC KEY", buf_bytes(&der));
	*pem = handle_give(&text);
	return true;
}

bool marblerun_get_recovery_key(struct marblerun *m, struct marblerun_bytes *pem)
{
	bool is_v1;
	const struct client_call get = { .v2_path = "/api/v2/recover/public-key" };
	struct https *https = handle_https(m);
	if (!https)
		return false;
	AUTO(auto_json) json_t *data = client_call(https, &get, &is_v1, &m->error);
	return (data && parse_key(data, pem, &m->error)) ||
	       error_prefix(&m->error, "getting recovery public key");
}
