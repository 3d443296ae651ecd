/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/terminal.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_colours(FILE *stream)
{
	const char *unwanted = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");
	return !(unwanted && *unwanted) && terminal && strcmp(terminal, "dumb") != 0 &&
	       isatty(fileno(stream));
}

void terminal_print(FILE *stream, enum colour colour, const char *text)
{
	if (has_colours(stream))
		fprintf(stream, "\033[%dm%s\033[0m", (int)colour, text);
	else
		fputs(text, stream);
}
