/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/completion.h"

#include "base/cleanup.h"
#include "cli/arguments.h"
#include "cli/command.h"

#include <string.h>

static const struct {
	const char *shell;
	const char *script;
} scripts[] = {
	{ "bash", "_marblerun()\n"
		  "{\n"
		  "	local IFS=$'\\n'\n"
		  "	COMPREPLY=($(\"$1\" " COMPLETION_COMMAND
		  " \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null | cut -f 1))\n"
		  "}\n"
		  "complete -o default -F _marblerun marblerun\n" },
	{ "zsh", "#compdef marblerun\n"
		 "_marblerun()\n"
		 "{\n"
		 "	local -a candidates\n"
		 "	candidates=(${(f)\"$(\"${words[1]}\" " COMPLETION_COMMAND
		 " \"${(@)words[2,CURRENT]}\" 2>/dev/null)\"})\n"
		 "	candidates=(\"${(@)candidates//$'\\t'/:}\")\n"
		 "	if (( $#candidates )); then\n"
		 "		_describe marblerun candidates\n"
		 "	else\n"
		 "		_files\n"
		 "	fi\n"
		 "}\n"
		 "compdef _marblerun marblerun\n"
		 "[ \"$funcstack[1]\" = _marblerun ] && _marblerun\n" },
	{ "fish",
		"function __marblerun_candidates\n"
		"	set -l words (commandline -opc) (commandline -ct)\n"
		"	set -l found ($words[1] " COMPLETION_COMMAND " $words[2..-1] 2>/dev/null)\n"
		"	if test (count $found) -gt 0\n"
		"		printf '%s\\n' $found\n"
		"	else\n"
		"		__fish_complete_path (commandline -ct)\n"
		"	end\n"
		"end\n"
		"complete -c marblerun -f -a '(__marblerun_candidates)'\n" },
};

static void put_candidate(
	const char *candidate, const char *help, const char *start, struct buf *out)
{
	if (!strncmp(candidate, start, strlen(start)))
		buf_printf(out, "%s\t%s\n", candidate, help);
}

static void put_flags(const struct flag *flags, size_t count, const char *start, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		AUTO(buf_free) struct buf name = { 0 };
		buf_printf(&name, "--%s", flags[i].name);
		put_candidate(buf_text(&name), flags[i].help, start, out);
	}
}

static void put_commands(const char *group, const char *start, struct buf *out)
{
	for (size_t i = 0; i < command_count; i++) {
		const char *last = command_below(&commands[i], group);
		if (last)
			put_candidate(last, commands[i].help, start, out);
	}
}

/* Whether `word` is a flag whose value comes next. */
static bool expects_value(const struct command *command, const char *word)
{
	if (word[0] != '-' || strchr(word, '='))
		return false;
	const struct flag *flag = word[1] == '-'
					  ? command_flag(command, word + 2, strlen(word + 2), 0)
					  : command_flag(command, NULL, 0, word[strlen(word) - 1]);
	return flag && flag->kind != FLAG_SWITCH;
}

void completion_put(char **words, int count, struct buf *out)
{
	const struct command *command = NULL;
	if (count < 1 || !arguments_find_command(words, count - 1, &command, NULL))
		return;
	const char *start = words[count - 1];
	if (count > 1 && expects_value(command, words[count - 2]))
		return;
	if (start[0] == '-') {
		if (command)
			put_flags(command->flags, command->flag_count, start, out);
		put_flags(global_flags, global_flag_count, start, out);
	} else if (!command || !command->run) {
		put_commands(command ? command->name : "", start, out);
	} else if (command->run == cmd_help) {
		put_commands("", start, out);
	} else if (command->run == cmd_completion) {
		for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
			put_candidate(scripts[i].shell, "", start, out);
	}
}

bool cmd_completion(const struct invocation *invocation, struct error *err)
{
	const char *shell = invocation->arguments[0];
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		if (!strcmp(shell, scripts[i].shell)) {
			fputs(scripts[i].script, stdout);
			return true;
		}
	}
	return error_set(err, ERROR_INVALID,
		"there is no completion for \"%s\": use bash, zsh or fish", shell);
}
