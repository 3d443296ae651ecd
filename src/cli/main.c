/* SPDX-License-Identifier: Apache-2.0 */
/* `marblerun`: what owners and users of a deployment drive it with. */
#include "base/cleanup.h"
#include "base/memory.h"
#include "cli/arguments.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "cli/terminal.h"
#include "crypto/openssl.h"

#include <jansson.h>
#include <string.h>

static bool run(struct invocation *invocation, struct error *err)
{
	const struct command *command = invocation->command;
	if (command && command->run && !invocation->options.help)
		return command->run(invocation, err);
	AUTO(buf_free) struct buf text = { 0 };
	help_put(command, &text);
	fputs(buf_text(&text), stdout);
	return true;
}

static bool parse_and_run(int argc, char **argv, struct error *err)
{
	AUTO(invocation_free) struct invocation invocation = { 0 };
	struct error hint = { 0 };
	if (!arguments_parse(argc, argv, &invocation, &hint)) {
		const char *name = invocation.command ? invocation.command->name : "";
		return error_set(err, ERROR_INVALID, "%s\nRun 'marblerun %s%s--help' for usage.",
			hint.message, name, *name ? " " : "");
	}
	return run(&invocation, err);
}

/* Prints the candidates for a shell. */
static void complete(char **words, int count)
{
	AUTO(buf_free) struct buf text = { 0 };
	completion_put(words, count, &text);
	fputs(buf_text(&text), stdout);
}

int main(int argc, char **argv)
{
	struct error err = { 0 };
	bool success = true;
	crypto_setup();
	json_set_alloc_funcs(wiping_malloc, wiping_free); /* documents have secrets and PINs */
	if (argc > 1 && !strcmp(argv[1], COMPLETION_COMMAND))
		complete(argv + 2, argc - 2);
	else
		success = parse_and_run(argc, argv, &err);
	if ((fflush(stdout) || ferror(stdout)) && success)
		success = error_errno(&err, "cannot write to standard output");
	if (!success) {
		terminal_print(stderr, COLOUR_RED, "Error: ");
		fprintf(stderr, "%s\n", err.message);
	}
	return success ? 0 : 1;
}
