/* SPDX-License-Identifier: Apache-2.0 */
/* /update-manifest and /update-cancel: the update that waits (spec client-api.md clause 5.7). */
#include "coordinator/exchange.h"

static void put_message(struct buf *out, uint64_t missing)
{
	if (!missing)
		buf_put_text(out, "All users have acknowledged the update manifest. Update "
				  "successfully applied");
	else if (missing == 1)
		buf_put_text(out, "1 user still needs to acknowledge the update manifest");
	else
		buf_printf(out, "%llu users still need to acknowledge the update manifest",
			(unsigned long long)missing);
}

void api_pending_get(const struct exchange *exchange)
{
	const struct pending_update *pending = exchange->deployment->pending;
	if (!pending) {
		jsend_error(exchange->response, 404, "no update in progress");
		return;
	}
	AUTO(buf_free) struct buf data = { 0 };
	AUTO(buf_free) struct buf message = { 0 };
	struct strmap missing = { 0 };
	pending_put_missing(pending, &missing);
	put_message(&message, pending->missing);
	buf_put_u8(&data, '{');
	json_put_bytes(&data, "manifest", buf_bytes(&pending->manifest));
	json_put_text(&data, "message", buf_text(&message));
	json_put_names(&data, "missingUsers", &missing);
	strmap_free(&missing, NULL);
	exchange_succeed(exchange, &data);
}

static void put_names(struct buf *message, const struct strmap *users)
{
	buf_put_text(message, ".\nThe following users have not yet accepted: ");
	for (size_t i = 0; i < users->count; i++)
		buf_printf(message, "%s%s", i ? ", " : "", users->entries[i].name);
}

/* v1 has the message alone, v2 an object with it as first member. */
static void answer_acknowledged(const struct exchange *exchange, const struct change *change)
{
	AUTO(buf_free) struct buf data = { 0 };
	AUTO(buf_free) struct buf message = { 0 };
	put_message(&message, change->missing);
	if (!exchange->is_v2) {
		jsend_success_text(exchange->response, buf_text(&message));
		return;
	}
	if (change->missing)
		put_names(&message, &change->missing_users);
	buf_put_u8(&data, '{');
	json_put_text(&data, "message", buf_text(&message));
	if (change->missing)
		json_put_names(&data, "missingUsers", &change->missing_users);
	else
		json_put_null(&data, "missingUsers");
	json_put_number(&data, "missingAcknowledgments", change->missing);
	if (change->recovery_secrets.count)
		json_put_byte_map(&data, "recoverySecrets", &change->recovery_secrets);
	exchange_succeed(exchange, &data);
}

void api_pending_post(const struct exchange *exchange)
{
	exchange_change_manifest(exchange, change_acknowledge, 500, answer_acknowledged);
}

void api_cancel_post(const struct exchange *exchange)
{
	static const char cancelled[] = "Update successfully cancelled";
	AUTO(buf_free) struct buf data = { 0 };
	AUTO(change_free) struct change change = { .user = exchange_user(exchange) };
	struct error err = { 0 };
	if (!change.user)
		return;
	if (!core_change(exchange->core, change_cancel, &change, &err)) {
		exchange_refuse(exchange, 500, &err);
	} else if (exchange->is_v2) {
		buf_put_u8(&data, '{');
		json_put_text(&data, "message", cancelled);
		exchange_succeed(exchange, &data);
	} else {
		jsend_success_text(exchange->response, cancelled);
	}
}
