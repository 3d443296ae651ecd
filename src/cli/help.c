/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/spelling.h"

#include <string.h>
#include <strings.h>

#define NEAR_DISTANCE 2

static void put_flags(const char *title, const struct flag *flags, size_t count, struct buf *out)
{
	if (count)
		buf_printf(out, "\n%s:\n", title);
	for (size_t i = 0; i < count; i++) {
		const struct flag *flag = &flags[i];
		AUTO(buf_free) struct buf left = { 0 };
		if (flag->letter)
			buf_printf(&left, "-%c, ", flag->letter);
		buf_printf(&left, "%s--%s", flag->letter ? "" : "    ", flag->name);
		if (flag->placeholder)
			buf_printf(&left, " %s", flag->placeholder);
		buf_printf(out, "  %-34s %s", buf_text(&left), flag->help);
		if (flag->fallback)
			buf_printf(out, " (default \"%s\")", flag->fallback);
		if (flag->environment)
			buf_printf(out, " (or $%s)", flag->environment);
		buf_put_text(out, "\n");
	}
}

static bool has_commands(const char *group)
{
	for (size_t i = 0; i < command_count; i++) {
		if (command_below(&commands[i], group))
			return true;
	}
	return false;
}

static void put_commands(const char *group, struct buf *out)
{
	buf_put_text(out, "\nCommands:\n");
	for (size_t i = 0; i < command_count; i++) {
		const char *last = command_below(&commands[i], group);
		if (last)
			buf_printf(out, "  %-22s %s\n", last, commands[i].help);
	}
	buf_printf(out, "\nUse \"marblerun %s%s<command> --help\" for more about a command.\n",
		group, *group ? " " : "");
}

void help_put(const struct command *command, struct buf *out)
{
	const char *name = command ? command->name : "";
	bool is_group = !command || !command->run;
	buf_printf(out, "%s\n\nUsage:\n  marblerun%s%s",
		command ? command->help
			: "Manage and verify a MarbleRun deployment, the control plane for confidential computing",
		*name ? " " : "", name);
	if (is_group)
		buf_put_text(out, " <command>");
	else if (*command->arguments)
		buf_printf(out, " %s", command->arguments);
	buf_put_text(out, " [flags]\n");
	if (has_commands(name))
		put_commands(name, out);
	if (!is_group)
		put_flags("Flags", command->flags, command->flag_count, out);
	put_flags("Global flags", global_flags, global_flag_count, out);
}

bool cmd_help(const struct invocation *invocation, struct error *err)
{
	AUTO(buf_free) struct buf name = { 0 };
	AUTO(buf_free) struct buf text = { 0 };
	const struct command *command = NULL;
	for (size_t i = 0; i < invocation->count; i++) {
		AUTO(auto_free) char *group = xstrdup(buf_text(&name));
		buf_printf(&name, "%s%s", i ? " " : "", invocation->arguments[i]);
		command = command_find(buf_text(&name));
		if (!command)
			return help_unknown_command(group, invocation->arguments[i], err);
	}
	help_put(command, &text);
	fputs(buf_text(&text), stdout);
	return true;
}

bool help_unknown_command(const char *group, const char *word, struct error *err)
{
	AUTO(buf_free) struct buf near = { 0 };
	for (size_t i = 0; i < command_count; i++) {
		const char *last = command_below(&commands[i], group);
		if (last && (spelling_distance(word, last) <= NEAR_DISTANCE ||
				    !strncasecmp(last, word, strlen(word))))
			buf_printf(&near, "\t%s\n", last);
	}
	return error_set(err, ERROR_INVALID, "unknown command \"%s\" for \"marblerun%s%s\"%s%s",
		word, *group ? " " : "", group, near.size ? "\n\nDid you mean this?\n" : "",
		buf_text(&near));
}
