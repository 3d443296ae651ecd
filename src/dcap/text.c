/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/text.h"

#include <string.h>

bool text_is_white_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct bytes text_without_end(struct bytes text)
{
	const char *characters = text.data;
	if (text.size && !characters[text.size - 1])
		text.size--;
	while (text.size && text_is_white_space(characters[text.size - 1]))
		text.size--;
	return text;
}

bool text_starts_with(struct bytes text, const char *prefix)
{
	size_t length = strlen(prefix);
	return text.size >= length && !memcmp(text.data, prefix, length);
}
