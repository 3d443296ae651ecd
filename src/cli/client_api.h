/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client API of a Coordinator as this program uses it (spec client-api.md clause 5): the paths
 * of /api/v2 first, those at the root where a Coordinator answers 405 because it is older.
 */
#ifndef CLI_CLIENT_API_H
#define CLI_CLIENT_API_H

#include "base/buf.h"
#include "base/error.h"
#include "cli/https.h"
#include "cli/json.h"

/* Appends the PEM certificates and the quote (no bytes in simulation mode). `nonce` may be NULL. */
bool client_api_get_quote(struct https *https, const char *nonce, struct buf *chain,
	struct buf *quote, struct error *err);

bool client_api_get_status(struct https *https, int *code, struct buf *message, struct error *err);

/*
 * Appends the manifest and its SHA-256 in hex. ERROR_STATE when the Coordinator has no manifest and
 * says so with success, as older ones do.
 */
bool client_api_get_manifest(
	struct https *https, struct buf *manifest, struct buf *fingerprint, struct error *err);

/* Appends the update log: lines of JSON, each with a line feed at its end. */
bool client_api_get_update_log(struct https *https, struct buf *lines, struct error *err);

/*
 * Sets the manifest. *recovery_secrets becomes a new reference to the map from key name to base64,
 * or NULL when the manifest defines no recovery keys.
 */
bool client_api_set_manifest(
	struct https *https, struct bytes manifest, json_t **recovery_secrets, struct error *err);

/* What the Coordinator says about an update that waits, or was applied. Free it. */
struct client_update {
	uint64_t missing; /* acknowledgments; 0: it was applied */
	struct buf message;
	json_t *missing_users;    /* list of names, NULL for none */
	json_t *recovery_secrets; /* as above */
};

void client_update_free(struct client_update *update);

/* As the user of the connection: submits an update, or agrees to the one that waits. */
bool client_api_submit_update(struct https *https, struct bytes manifest,
	struct client_update *update, struct error *err);
bool client_api_acknowledge_update(struct https *https, struct bytes manifest,
	struct client_update *update, struct error *err);
bool client_api_cancel_update(struct https *https, struct error *err);
/* Appends the manifest of the update that waits. */
bool client_api_get_pending_update(
	struct https *https, struct buf *manifest, struct client_update *update, struct error *err);

/* `secrets` is the JSON of a set of secrets. */
bool client_api_set_secrets(struct https *https, struct bytes secrets, struct error *err);
/* A new reference to the map from name to secret. */
json_t *client_api_get_secrets(
	struct https *https, const char *const *names, size_t count, struct error *err);

#endif
