/* SPDX-License-Identifier: Apache-2.0 */
/* Generates the values of secrets (spec manifest.md clauses 6.2 to 6.4). */
#ifndef COORDINATOR_SECRETS_H
#define COORDINATOR_SECRETS_H

#include "base/strmap.h"
#include "base/uuid.h"
#include "coordinator/pki.h"
#include "manifest/secret.h"

#define ROOT_SECRET_SIZE 32
#define SEAL_KEY_SIZE    32

/* What the private symmetric secrets of one Marble are derived from. */
struct secret_binding {
	const uint8_t *root_secret; /* ROOT_SECRET_SIZE bytes */
	const char *uuid;           /* canonical text */
	const char *marble_type;    /* "" when the Marble disables binding */
};

/*
 * A new value by the definition: symmetric keys are random when `binding` is NULL and derived
 * otherwise; certificates have a new key and are issued by the marble root. NULL with ERROR_INVALID
 * that names the secret.
 */
struct secret *secret_generate(const struct secret *definition, const char *name,
	const struct secret_binding *binding, const struct pki *pki, int64_t now,
	struct error *err);

/* The shared secrets of a manifest: name to struct secret. */
bool secrets_generate_shared(const struct strmap *definitions, const struct pki *pki, int64_t now,
	struct strmap *shared, struct error *err);

/* .MarbleRun.SealKey: 32 bytes that depend on deployment and UUID alone. */
struct secret *secret_seal_key(const struct secret_binding *binding);

/* Secrets that stand for certificates in templates; key and private part may be NULL. */
struct secret *secret_of_certificate(X509 *certificate, EVP_PKEY *key);

void secret_free_value(void *secret);

#endif
