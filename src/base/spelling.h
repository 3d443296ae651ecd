/* SPDX-License-Identifier: Apache-2.0 */
/* How far a word is from another one, to guess what was meant. */
#ifndef BASE_SPELLING_H
#define BASE_SPELLING_H

#include <stddef.h>

/*
 * How many letters must be changed, added or dropped to make `known`, a word of fewer than 32
 * letters, of `word` (Levenshtein), without regard to ASCII case. Takes time by the length of both.
 */
size_t spelling_distance(const char *word, const char *known);

#endif
