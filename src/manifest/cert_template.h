/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a manifest says about a certificate that is to be generated: the members of Go's certificate
 * structure that have an effect (spec manifest.md clause 6.4), as OpenSSL types.
 */
#ifndef MANIFEST_CERT_TEMPLATE_H
#define MANIFEST_CERT_TEMPLATE_H

#include "crypto/cert.h"

#include <jansson.h>

struct cert_template {
	X509_NAME *subject;                  /* with the default common name filled in */
	GENERAL_NAMES *alt_names;            /* with the defaults filled in */
	unsigned key_usage;                  /* KU_… bits, default filled in */
	EXTENDED_KEY_USAGE *extended_usages; /* default filled in */
	bool has_not_after;
	int64_t not_after;
	bool is_ca;
	bool has_path_length;
	unsigned path_length;
	STACK_OF(X509_EXTENSION) * extensions; /* NULL for none */
};

/* `object` may be NULL or JSON null: all defaults. NULL with ERROR_INVALID on a wrong type. */
struct cert_template *cert_template_parse(const json_t *object, struct error *err);
void cert_template_free(struct cert_template *template);

#endif
