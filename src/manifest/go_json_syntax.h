/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a text is one JSON value, with the messages of Go's encoding/json (spec manifest.md
 * clause 1). Go checks the whole text before it decodes any of it, so these messages win over all
 * others.
 */
#ifndef MANIFEST_GO_JSON_SYNTAX_H
#define MANIFEST_GO_JSON_SYNTAX_H

#include "base/buf.h"
#include "base/error.h"

#define GO_JSON_SIZE_MAX  (32U << 20)
#define GO_JSON_DEPTH_MAX 64

/*
 * ERROR_INVALID "unexpected end of JSON input", "invalid character 'x' after …" with line and
 * column, or that the text is larger or deeper than the limits above.
 */
bool go_json_check_syntax(struct bytes text, struct error *err);

/* The same for the value at the start of the text, which ends after *size bytes. */
bool go_json_check_first_value(struct bytes text, size_t *size, struct error *err);

#endif
