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

/* True for types whose keys take long to generate, so that no event loop should wait for them. */
bool secret_takes_time(const struct secret *definition);

/*
 * What becomes of a shared secret when the authority is renewed: a certificate gets a new key and
 * is issued anew, with the names, the usages and the end of the present one; keys and user-defined
 * secrets stay.
 */
struct secret *secret_renew(const struct secret *current, const char *name, const struct pki *pki,
	int64_t now, struct error *err);

/*
 * The secrets that a deployment stores, name to struct secret: shared ones are generated,
 * user-defined ones are empty but for what the manifest gives them.
 */
bool secrets_generate_shared(const struct strmap *definitions, const struct pki *pki, int64_t now,
	struct strmap *shared, struct error *err);

/*
 * Has all its values for trying templates: a byte each, where a user-defined secret was not
 * uploaded yet. The caller frees.
 */
struct secret *secret_stand_in(const struct secret *definition);

/* .MarbleRun.SealKey: 32 bytes that depend on deployment and UUID alone. */
struct secret *secret_seal_key(const struct secret_binding *binding);

/* A secret that stands for a certificate (DER) in templates; the key may be NULL. */
struct secret *secret_of_certificate(struct bytes certificate, EVP_PKEY *key);

void secret_free_value(void *secret);

#endif
