/* SPDX-License-Identifier: Apache-2.0 */
/* /update: the log of what was changed, and changes (spec client-api.md clauses 5.5 and 5.6). */
#include "coordinator/exchange.h"

#include "base/json_text.h"

#include <string.h>

/* The lines as a JSON list of strings. */
static void put_lines(struct buf *data, const struct buf *log)
{
	const char *line = buf_text(log);
	json_put_name(data, "updateLog");
	buf_put_u8(data, '[');
	for (const char *end; (end = strchr(line, '\n')); line = end + 1) {
		json_text_put(data, line, (size_t)(end - line));
		buf_put_text(data, end[1] ? "," : "");
	}
	buf_put_u8(data, ']');
}

void api_update_get(const struct exchange *exchange)
{
	const struct deployment *deployment = exchange->deployment;
	AUTO(buf_free) struct buf data = { 0 };
	if (deployment->state != STATE_ACCEPTING_MARBLES) {
		jsend_error(exchange->response, 500, "server is not in expected state");
	} else if (exchange->is_v2) {
		buf_put_u8(&data, '{');
		put_lines(&data, &deployment->update_log);
		exchange_succeed(exchange, &data);
	} else {
		json_text_put(
			&data, buf_text(&deployment->update_log), deployment->update_log.size);
		jsend_success(exchange->response, buf_text(&data));
	}
}

static void answer(const struct exchange *exchange, const struct change *change)
{
	AUTO(buf_free) struct buf data = { 0 };
	if (!exchange->is_v2) {
		jsend_success(exchange->response, "null");
		return;
	}
	buf_put_u8(&data, '{');
	json_put_number(&data, "missingAcknowledgments", change->missing);
	if (change->missing)
		json_put_names(&data, "missingUsers", &change->missing_users);
	else
		json_put_null(&data, "missingUsers");
	if (change->recovery_secrets.count)
		json_put_byte_map(&data, "recoverySecrets", &change->recovery_secrets);
	exchange_succeed(exchange, &data);
}

void api_update_post(const struct exchange *exchange)
{
	exchange_change_manifest(exchange, change_submit, 400, answer);
}
