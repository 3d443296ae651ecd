/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Go's certificate structure as it stands in JSON, before defaults (spec manifest.md clause 6.4).
 */
#ifndef MANIFEST_CERT_SOURCE_H
#define MANIFEST_CERT_SOURCE_H

#include "manifest/cert_extensions.h"
#include "manifest/cert_subject.h"

struct cert_source {
	struct cert_subject subject;
	GENERAL_NAMES *dns_names; /* NULL when absent; so is every list below */
	GENERAL_NAMES *ip_addresses;
	GENERAL_NAMES *emails;
	GENERAL_NAMES *uris;
	int64_t key_usage; /* bits as RFC 5280 numbers them */
	EXTENDED_KEY_USAGE *extended_usages;
	EXTENDED_KEY_USAGE *unknown_usages;
	bool has_not_after;
	int64_t not_after;
	bool is_ca;
	int64_t path_length; /* 0 and -1 mean none */
	bool path_length_is_zero;
	struct cert_extensions extensions;
};

bool cert_source_decode(struct go_json *in, struct cert_source *source);
void cert_source_free(struct cert_source *source);

#endif
