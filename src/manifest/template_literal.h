/* SPDX-License-Identifier: Apache-2.0 */
/* Literals of Go, as they stand in templates. */
#ifndef MANIFEST_TEMPLATE_LITERAL_H
#define MANIFEST_TEMPLATE_LITERAL_H

#include "manifest/template_value.h"

/* Appends what "…" or `…`, given with its quotes, says. False if it breaks Go's rules. */
bool literal_unquote(struct bytes literal, struct buf *out);

/* 'x', given with its quotes. */
bool literal_character(struct bytes literal, int64_t *point);

/*
 * A whole number in any base, or a decimal fraction. False with a message in Go's words, which
 * fits 128 bytes.
 */
bool literal_number(struct bytes literal, struct template_value *value, char message[128]);

/*
 * Whether Go prints a code point as it is: graphic characters do, controls, white space other than
 * the space and invisible marks do not.
 */
bool literal_is_printable(uint32_t point);

/* Appends text as Go's strconv.Quote writes it. */
void literal_quote(struct bytes text, struct buf *out);

#endif
