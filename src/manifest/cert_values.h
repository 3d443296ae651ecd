/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of which Go's certificate structure is made, read from JSON into OpenSSL types (spec
 * manifest.md clause 6.4). Functions for tables of fields, see go_json.h; a list of names is NULL
 * when absent or null, and replaces what was read before.
 */
#ifndef MANIFEST_CERT_VALUES_H
#define MANIFEST_CERT_VALUES_H

#include "crypto/cert.h"
#include "manifest/go_json.h"

DEFINE_AUTO_FREE(auto_object, ASN1_OBJECT *, ASN1_OBJECT_free)

/* [1, 3, 6, …] into an ASN1_OBJECT *. */
bool cert_value_oid(struct go_json *in, void *value, void *unused);

/* Lists into a GENERAL_NAMES *. */
bool cert_value_dns_names(struct go_json *in, void *value, void *unused);
bool cert_value_emails(struct go_json *in, void *value, void *unused);
bool cert_value_uri_texts(struct go_json *in, void *value, void *unused);
bool cert_value_uris(struct go_json *in, void *value, void *unused); /* objects, Go's url.URL */
bool cert_value_addresses(struct go_json *in, void *value, void *unused);
bool cert_value_ip_ranges(struct go_json *in, void *value, void *unused); /* {IP, Mask} */

/* RFC 3339 into seconds since 1970 and whether it is given; year 1, Go's zero time, is not. */
bool cert_value_time(struct go_json *in, void *seconds, void *is_there);

#endif
