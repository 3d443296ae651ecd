/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to the client API and its answer: what every endpoint needs. The endpoints themselves
 * are in api_<name>.c; client_api.c has the table of them.
 */
#ifndef COORDINATOR_EXCHANGE_H
#define COORDINATOR_EXCHANGE_H

#include "coordinator/core.h"
#include "coordinator/jsend.h"
#include "coordinator/json_members.h"
#include "http/server.h"

struct exchange {
	struct core *core;
	const struct deployment *deployment; /* as of the arrival of the request */
	const struct http_request *request;
	struct http_response *response;
	bool is_v2; /* tells the generations apart where they share code */
};

/* Answers with an object whose members stand in `data`, from the opening brace on. */
void exchange_succeed(const struct exchange *exchange, struct buf *data);

/*
 * Answers with the error: 401 and 404 by its kind, else 500, in v1 `v1_status` (spec client-api.md
 * clause 6).
 */
void exchange_refuse(const struct exchange *exchange, int v1_status, const struct error *err);

/* Answers 400 to a body that cannot be read; only v2 has such. */
void exchange_refuse_body(const struct exchange *exchange, const struct error *err);

/*
 * The user whose certificate the client showed (clause 3). NULL when there is none, which is
 * answered then.
 */
const struct manifest_user *exchange_user(const struct exchange *exchange);

/*
 * The bytes that v1 has as its body and v2 in base64 as a member of it; absent is empty. False when
 * the body cannot be read, which is answered then.
 */
bool exchange_read_bytes(const struct exchange *exchange, const char *member, struct buf *out);

/*
 * What POST does with a manifest of a user: makes the change, tells the operator, and has the
 * change answered, or refuses it as exchange_refuse does.
 */
void exchange_change_manifest(const struct exchange *exchange, change_function *make, int v1_status,
	void (*answer)(const struct exchange *exchange, const struct change *change));

/* The endpoints, GET and POST. */
void api_status_get(const struct exchange *exchange);
void api_quote_get(const struct exchange *exchange);
void api_manifest_get(const struct exchange *exchange);
void api_manifest_post(const struct exchange *exchange);
void api_update_get(const struct exchange *exchange);
void api_update_post(const struct exchange *exchange);
void api_pending_get(const struct exchange *exchange);
void api_pending_post(const struct exchange *exchange);
void api_cancel_post(const struct exchange *exchange);
void api_secrets_get(const struct exchange *exchange);
void api_secrets_post(const struct exchange *exchange);
void api_recover_post(const struct exchange *exchange);
void api_recover_key_get(const struct exchange *exchange);
void api_sign_quote_post(const struct exchange *exchange);
void api_counter_post(const struct exchange *exchange);

#endif
