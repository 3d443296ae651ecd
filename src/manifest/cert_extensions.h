/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of Go's certificate structure that become extensions of their own: name constraints,
 * where to ask about revocation, policies, the key identifier, any others (spec manifest.md clause
 * 6.4).
 */
#ifndef MANIFEST_CERT_EXTENSIONS_H
#define MANIFEST_CERT_EXTENSIONS_H

#include "crypto/cert.h"
#include "manifest/go_json.h"

DEFINE_AUTO_FREE(auto_policies, CERTIFICATEPOLICIES *, CERTIFICATEPOLICIES_free)

/* Names that an issued certificate may have, or may not. */
struct cert_name_set {
	GENERAL_NAMES *dns;
	GENERAL_NAMES *ip_ranges;
	GENERAL_NAMES *emails;
	GENERAL_NAMES *uris;
};

struct cert_extensions {
	bool constraints_are_critical;
	struct cert_name_set permitted;
	struct cert_name_set excluded;
	GENERAL_NAMES *ocsp_servers;
	GENERAL_NAMES *issuer_urls;
	GENERAL_NAMES *crl_urls;
	CERTIFICATEPOLICIES *policies;
	struct buf subject_key_id;
	STACK_OF(X509_EXTENSION) * extra;
};

/* For a table of fields: a list of lists of numbers into a CERTIFICATEPOLICIES *. */
bool cert_extensions_decode_policies(struct go_json *in, void *value, void *unused);
/* For a table of fields: a list of {Id, Critical, Value} into a STACK_OF(X509_EXTENSION) *. */
bool cert_extensions_decode_extra(struct go_json *in, void *value, void *unused);
void cert_extensions_free(struct cert_extensions *extensions);

/* All of them; NULL if there are none. Takes names out of `extensions`. */
STACK_OF(X509_EXTENSION) * cert_extensions_build(struct cert_extensions *extensions);

#endif
