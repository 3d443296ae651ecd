/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 with padding (RFC 4648), standard alphabet unless the name says otherwise. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

void base64_encode(struct buf *out, const void *data, size_t size);

/*
 * Appends the decoded bytes. Line breaks inside the text are skipped (as Go's decoder does); wrong
 * length, wrong padding, other characters: false, out unchanged.
 */
bool base64_decode(struct buf *out, const char *text, size_t length);

/* The alphabet for URLs and file names (RFC 4648 section 5), with padding. */
void base64_url_encode(struct buf *out, const void *data, size_t size);
bool base64_url_decode(struct buf *out, const char *text, size_t length);

#endif
