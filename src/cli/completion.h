/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion in shells. The scripts are short because they ask the program itself, which so cannot
 * differ from them: `marblerun __complete WORD…` prints what the last word may become, a candidate
 * per line, with a tab and a description behind it.
 */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include "base/buf.h"

#define COMPLETION_COMMAND "__complete"

/* Appends the candidates for the last of the words; none where a file or a host is expected. */
void completion_put(char **words, int count, struct buf *out);

#endif
