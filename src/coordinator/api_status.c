/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/exchange.h"

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

void api_status_get(const struct exchange *exchange)
{
	AUTO(buf_free) struct buf data = { 0 };
	enum coordinator_state state = exchange->deployment->state;
	buf_printf(&data, "{\"%s\":%d", exchange->is_v2 ? "code" : "StatusCode", (int)state);
	json_put_text(&data, exchange->is_v2 ? "message" : "StatusMessage", state_message(state));
	exchange_succeed(exchange, &data);
}
