/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines as users of the original tool write them: flags before, between and after the
 * words; `--flag value`, `--flag=value`, `-o file`, `-ofile`, `-iu`, `--insecure=false`; nothing
 * behind `--` is a flag.
 */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include "base/error.h"
#include "cli/command.h"

/*
 * Reads argv[1] … argv[argc - 1]. invocation->command stays NULL when no command is named (then the
 * general help is wanted) and is set, for the sake of a hint, even when the rest is wrong; its
 * number of arguments is checked unless help is asked for. Errors are ERROR_INVALID. Free with
 * invocation_free in any case.
 */
bool arguments_parse(int argc, char **argv, struct invocation *invocation, struct error *err);
void invocation_free(struct invocation *invocation);

/*
 * The command, or group, that the first words name; NULL when there is none but flags. Flags are
 * stepped over. False for a word that is no command.
 */
bool arguments_find_command(
	char **words, int count, const struct command **command, struct error *err);

#endif
