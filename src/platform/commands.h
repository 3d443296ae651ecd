/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands of graphene-platform, one file each, and what they share (main.c). */
#ifndef PLATFORM_COMMANDS_H
#define PLATFORM_COMMANDS_H

#include "base/error.h"

#include <stdbool.h>

#define EXIT_USAGE 2

/* argv[0] is the subcommand, with the program in front. Each returns the exit status. */
int command_init(int argc, char **argv);
int command_show(int argc, char **argv);
int command_serve(int argc, char **argv);
int command_quote(int argc, char **argv);
int command_vm(int argc, char **argv);

/* Prints what is wrong with the command line and where to find help. Returns false. */
bool usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints the message. Returns EXIT_FAILURE. */
int failure(const struct error *err);

/* After getopt: the one operand DIR. NULL, with a usage error, if there are none or more. */
const char *folder_operand(int argc, char **argv);

#endif
