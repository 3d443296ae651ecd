/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"

#include <errno.h>
#include <stdlib.h>

bool number_parse(const char *text, unsigned long max, unsigned long *value)
{
	char *end = NULL;
	errno = 0;
	/* strtoul would also take space and sign in front */
	*value = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *value <= max;
}
