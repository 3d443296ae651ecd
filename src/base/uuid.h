/* SPDX-License-Identifier: Apache-2.0 */
/* UUIDs as text (spec marble-api.md clause 5). */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

#define UUID_SIZE      16
#define UUID_TEXT_SIZE 37 /* of the canonical form, with NUL */

/*
 * Reads 8-4-4-4-12 digits, the same behind "urn:uuid:" or within braces, or 32 digits. `canonical`
 * gets lower-case digits with hyphens. ERROR_INVALID for any other text, and for the nil UUID,
 * which names nobody.
 */
bool uuid_parse(const char *text, size_t length, char canonical[UUID_TEXT_SIZE], struct error *err);

/* The bytes of a canonical text. */
void uuid_to_bytes(const char *canonical, uint8_t uuid[UUID_SIZE]);

void uuid_format(const uint8_t uuid[UUID_SIZE], char canonical[UUID_TEXT_SIZE]);

#endif
