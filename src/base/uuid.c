/* SPDX-License-Identifier: Apache-2.0 */
#include "base/uuid.h"

#include "base/hex.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DIGITS     32
#define HYPHENATED (UUID_TEXT_SIZE - 1)
#define URN_PREFIX "urn:uuid:"

static bool is_hyphen_place(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

void uuid_format(const uint8_t uuid[UUID_SIZE], char canonical[UUID_TEXT_SIZE])
{
	char digits[DIGITS + 1];
	hex_format(digits, uuid, UUID_SIZE);
	const char *next = digits;
	for (size_t i = 0; i < HYPHENATED; i++)
		canonical[i] = is_hyphen_place(i) ? '-' : *next++;
	canonical[HYPHENATED] = 0;
}

static bool drop_hyphens(const char *text, char digits[DIGITS + 1])
{
	for (size_t i = 0; i < HYPHENATED; i++) {
		if (!is_hyphen_place(i))
			*digits++ = text[i];
		else if (text[i] != '-')
			return false;
	}
	*digits = 0;
	return true;
}

/* Steps over the prefix and the braces, which the length announces. */
static bool find_hyphenated(const char **text, size_t length)
{
	size_t prefix = strlen(URN_PREFIX);
	if (length == HYPHENATED)
		return true;
	if (length == HYPHENATED + 2) {
		*text += 1;
		return (*text)[-1] == '{' && (*text)[HYPHENATED] == '}';
	}
	*text += prefix;
	return !strncasecmp(*text - prefix, URN_PREFIX, prefix);
}

bool uuid_parse(const char *text, size_t length, char canonical[UUID_TEXT_SIZE], struct error *err)
{
	char digits[DIGITS + 1] = { 0 };
	uint8_t uuid[UUID_SIZE];
	if (length != DIGITS && length != HYPHENATED && length != HYPHENATED + 2 &&
		length != HYPHENATED + strlen(URN_PREFIX))
		return error_set(err, ERROR_INVALID, "invalid UUID length: %zu", length);
	if (length == DIGITS)
		memcpy(digits, text, DIGITS);
	else if (!find_hyphenated(&text, length) || !drop_hyphens(text, digits))
		return error_set(err, ERROR_INVALID, "invalid UUID format");
	if (!hex_decode_exact(uuid, sizeof(uuid), digits))
		return error_set(err, ERROR_INVALID, "invalid UUID format");
	if (memory_is_zero(uuid, sizeof(uuid)))
		return error_set(err, ERROR_INVALID, "the nil UUID is not accepted");
	uuid_format(uuid, canonical);
	return true;
}

void uuid_to_bytes(const char *canonical, uint8_t uuid[UUID_SIZE])
{
	char digits[DIGITS + 1];
	if (strlen(canonical) != HYPHENATED || !drop_hyphens(canonical, digits) ||
		!hex_decode_exact(uuid, UUID_SIZE, digits))
		abort();
}
