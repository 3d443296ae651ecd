/* SPDX-License-Identifier: Apache-2.0 */
/* Values in the execution of a template, with the types that they have in Go. */
#ifndef MANIFEST_TEMPLATE_VALUE_H
#define MANIFEST_TEMPLATE_VALUE_H

#include "manifest/secret.h"

enum template_value_kind {
	VALUE_MISSING, /* nil, or a member of a map that has none of this name */
	VALUE_BOOL,
	VALUE_INT,
	VALUE_UINT,
	VALUE_FLOAT,
	VALUE_STRING,
	VALUE_CERTIFICATE,
	VALUE_PRIVATE_KEY,
	VALUE_PUBLIC_KEY,
	VALUE_SECRET,
	VALUE_ROOT,     /* what "." is */
	VALUE_RESERVED, /* .MarbleRun */
	VALUE_PREVIOUS, /* .Previous */
	VALUE_SECRETS,  /* .Secrets and .Previous.Secrets */
};

struct template_value {
	enum template_value_kind kind;
	union {
		bool truth;
		int64_t integer;
		uint64_t natural;
		double fraction;
		struct bytes bytes; /* of a string, certificate or key */
		const struct secret *secret;
		bool is_previous; /* of the map of secrets */
	};
};

/* The type as Go would name it. */
const char *template_value_type(const struct template_value *value);
/* True for strings and keys, which are lists of bytes. */
bool template_value_is_bytes(const struct template_value *value);

/*
 * Appends the value as Go's %v prints it. False, with a reason in Go's style, for values that in Go
 * would print as a dump of internal structures.
 */
bool template_value_put(const struct template_value *value, struct buf *out, struct error *err);

#endif
