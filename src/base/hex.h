/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal text. Decoding accepts both cases and nothing but digits. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends 2 * size lower-case digits. */
void hex_encode(struct buf *out, const void *data, size_t size);
/* Writes 2 * size lower-case digits and a NUL to out. */
void hex_format(char *out, const void *data, size_t size);
/* Appends length / 2 bytes. False (out unchanged) on odd length or a character that is no digit. */
bool hex_decode(struct buf *out, const char *text, size_t length);
/* As hex_decode for a text of exactly 2 * size digits. */
bool hex_decode_exact(void *out, size_t size, const char *text);

#endif
