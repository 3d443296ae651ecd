/* SPDX-License-Identifier: Apache-2.0 */
#include "base/spelling.h"

#include <ctype.h>
#include <string.h>

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int differ(char a, char b)
{
	return tolower((unsigned char)a) != tolower((unsigned char)b);
}

size_t spelling_distance(const char *word, const char *known)
{
	size_t row[32];
	size_t width = strlen(known);
	if (width >= sizeof(row) / sizeof(row[0]))
		return width;
	for (size_t k = 0; k <= width; k++)
		row[k] = k;
	for (size_t i = 0; word[i]; i++) {
		size_t diagonal = row[0];
		row[0] = i + 1;
		for (size_t k = 0; k < width; k++) {
			size_t changed = diagonal + (size_t)differ(word[i], known[k]);
			diagonal = row[k + 1];
			row[k + 1] = smaller(changed, smaller(row[k], row[k + 1]) + 1);
		}
	}
	return row[width];
}
