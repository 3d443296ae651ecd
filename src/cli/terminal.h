/* SPDX-License-Identifier: Apache-2.0 */
/* Colours, where somebody sees them. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdio.h>

enum colour {
	COLOUR_RED = 31,
	COLOUR_GREEN = 32,
	COLOUR_YELLOW = 33,
};

/* Prints the text, in colour if the stream is a terminal that has any and NO_COLOR is not set. */
void terminal_print(FILE *stream, enum colour colour, const char *text);

#endif
