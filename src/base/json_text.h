/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON strings as Go's encoder writes them: besides what JSON demands, `<`, `>`, `&`, U+2028 and
 * U+2029 are escaped and bytes that are no UTF-8 become U+FFFD (spec client-api.md clause 2).
 */
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

#include "base/buf.h"

#include <stddef.h>

/* Appends text, which may contain NUL, with its quotation marks. */
void json_text_put(struct buf *out, const char *text, size_t length);

/* Length of the UTF-8 sequence at the start of text, 0 if the bytes there are no valid one. */
size_t utf8_sequence_length(const char *text, size_t length);
/* The same, and the code point that it stands for, unset for 0. */
size_t utf8_read(const char *text, size_t length, uint32_t *point);
/* Appends the UTF-8 sequence of a code point up to U+10FFFF. */
void utf8_put(struct buf *out, uint32_t point);

#endif
