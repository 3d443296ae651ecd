/* SPDX-License-Identifier: Apache-2.0 */
/* A secret: its definition in the manifest and its value (spec manifest.md clause 6). */
#ifndef MANIFEST_SECRET_H
#define MANIFEST_SECRET_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <stdbool.h>

enum secret_type {
	SECRET_SYMMETRIC_KEY,
	SECRET_CERT_RSA,
	SECRET_CERT_ECDSA,
	SECRET_CERT_ED25519,
	SECRET_PLAIN,
};

/* "symmetric-key", "cert-rsa", … */
const char *secret_type_name(enum secret_type type);
/* The type of this name, exactly written. */
bool secret_type_parse(const char *name, enum secret_type *type);
bool secret_type_is_certificate(enum secret_type type);

struct cert_template; /* manifest/cert_template.h */

struct secret {
	enum secret_type type;
	uint64_t size; /* bits */
	bool shared;
	bool user_defined;
	uint64_t valid_for;             /* days, 0 when absent */
	struct cert_template *template; /* of a certificate; NULL for other types */
	struct buf cert;                /* DER */
	struct buf private_key;         /* PKCS#8 DER; the bytes of a symmetric or plain secret */
	struct buf public_key;          /* PKIX DER; the bytes of a symmetric or plain secret */
};

/* One of this definition without value and template. */
struct secret *secret_of_definition(const struct secret *definition);
/* The same without template, value included. */
struct secret *secret_copy(const struct secret *secret);
void secret_free(struct secret *secret);

DEFINE_AUTO_FREE(auto_secret, struct secret *, secret_free)

#endif
