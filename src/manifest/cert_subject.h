/* SPDX-License-Identifier: Apache-2.0 */
/* The subject of a certificate as Go's pkix.Name describes it (spec manifest.md clause 6.4). */
#ifndef MANIFEST_CERT_SUBJECT_H
#define MANIFEST_CERT_SUBJECT_H

#include "crypto/cert.h"
#include "manifest/go_json.h"

struct cert_subject_list {
	char **items;
	size_t count;
};

struct cert_subject {
	struct cert_subject_list country;
	struct cert_subject_list organization;
	struct cert_subject_list organizational_unit;
	struct cert_subject_list locality;
	struct cert_subject_list province;
	struct cert_subject_list street_address;
	struct cert_subject_list postal_code;
	char *common_name;
	char *serial_number;
	X509_NAME *extra_names; /* NULL for none */
};

/* Decodes into a struct cert_subject, for a table of fields. */
bool cert_subject_decode(struct go_json *in, void *value, void *unused);
void cert_subject_free(struct cert_subject *subject);

/*
 * The name: parts in Go's order, a list as one RDN of several values, each PrintableString if it
 * can be, else UTF8String; extra names last and in place of parts of their type. The common name
 * is `default_name` where JSON gives none.
 */
X509_NAME *cert_subject_build(const struct cert_subject *subject, const char *default_name);

#endif
