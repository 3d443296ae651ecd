/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /recover (spec client-api.md clause 7), as far as there is something to recover: no manifest with
 * recovery keys is accepted yet, so every sealed state was made without.
 */
#include "coordinator/exchange.h"

static const char wrong_state[] = "server is not in expected state";

/* The lengths of recovery secrets in plain text; anything else is encrypted for the Coordinator. */
static bool is_plain(size_t size)
{
	return size == 16 || size == 32 || size == 33;
}

void api_recover_post(const struct exchange *exchange)
{
	AUTO(buf_free) struct buf secret = { 0 };
	if (!exchange->is_v2)
		jsend_error(exchange->response, 410,
			"Recovering the Coordinator using the /recover API endpoint has been "
			"disabled. Use the /api/v2/recover endpoint instead.");
	else if (!exchange_read_bytes(exchange, "recoverySecret", &secret))
		return;
	else if (!is_plain(secret.size))
		jsend_fail(exchange->response, 400,
			"failed to decrypt recovery secret: ephemeral secret key not set");
	else if (exchange->deployment->state != STATE_RECOVERY)
		jsend_error(exchange->response, 500, wrong_state);
	else
		jsend_error(exchange->response, 500,
			"setting recovery key: the sealed state was made without recovery keys: "
			"set a new manifest");
}

void api_recover_key_get(const struct exchange *exchange)
{
	if (exchange->deployment->state != STATE_RECOVERY)
		jsend_error(exchange->response, 500, wrong_state);
	else
		jsend_error(exchange->response, 500,
			"the sealed state was made without recovery keys: set a new manifest");
}
