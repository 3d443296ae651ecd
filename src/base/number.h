/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that people write: in options, variables, addresses. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>

/* Reads a decimal number of digits alone, at most max. False for anything else. */
bool number_parse(const char *text, unsigned long max, unsigned long *value);

#endif
