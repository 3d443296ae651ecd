/* SPDX-License-Identifier: Apache-2.0 */
/* Help texts, made of the table of commands. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "base/buf.h"
#include "base/error.h"
#include "cli/command.h"

/* Appends the help of a command or group; NULL: of the program. */
void help_put(const struct command *command, struct buf *out);

/* Sets the error for a word that is no command of `group` ("": top level), with near names. */
bool help_unknown_command(const char *group, const char *word, struct error *err);

#endif
