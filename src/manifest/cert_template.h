/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a manifest says about a certificate that is to be generated: the members of Go's certificate
 * structure that have an effect (spec manifest.md clause 6.4), as OpenSSL types.
 */
#ifndef MANIFEST_CERT_TEMPLATE_H
#define MANIFEST_CERT_TEMPLATE_H

#include "crypto/cert.h"

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
	struct buf certificate; /* DER: what the JSON gave instead of members; else empty */
};

/*
 * Reads the JSON of a Cert: an object with those members, or a certificate (DER in base64), which
 * then is the template. Nothing, null, or a string that is no base64: all defaults. NULL with
 * ERROR_INVALID on a wrong type or value.
 */
struct cert_template *cert_template_parse(struct bytes json, struct error *err);
/* A template for another certificate with the names, usages and end of this one. */
struct cert_template *cert_template_of(X509 *certificate);
void cert_template_free(struct cert_template *template);

struct go_json; /* manifest/go_json.h */

/*
 * The same for a table of fields, into a struct cert_template *; a string that is no base64 leaves
 * NULL.
 */
bool cert_template_decode(struct go_json *in, void *value, void *unused);

#endif
