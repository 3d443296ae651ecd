/* SPDX-License-Identifier: Apache-2.0 */
/* What a JSON string says, as Go reads it. */
#ifndef MANIFEST_GO_JSON_STRING_H
#define MANIFEST_GO_JSON_STRING_H

#include "base/buf.h"

/*
 * Appends the content of a string whose syntax was checked, given without its quotation marks. Each
 * byte that is no UTF-8 and each half of a surrogate pair without the other becomes U+FFFD.
 */
void go_json_unescape(struct bytes string, struct buf *out);

#endif
