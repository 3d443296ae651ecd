/* SPDX-License-Identifier: Apache-2.0 */
/* How texts come from files and quotes: stored as C strings, their NUL is often counted in. */
#ifndef DCAP_TEXT_H
#define DCAP_TEXT_H

#include "base/buf.h"

#include <stdbool.h>

/* Without one NUL at the end and without white space before that. */
struct bytes text_without_end(struct bytes text);
bool text_starts_with(struct bytes text, const char *prefix);
/* Blank, tab, carriage return, line feed. */
bool text_is_white_space(char c);

#endif
