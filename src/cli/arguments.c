/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/arguments.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/memory.h"
#include "cli/help.h"

#include <stdlib.h>
#include <string.h>

struct cursor {
	char **next;
	char **end;
	bool only_words; /* "--" was seen */
};

static bool is_flag(const struct cursor *cursor, const char *text)
{
	return !cursor->only_words && text[0] == '-' && text[1];
}

/* Steps over "--", which is neither flag nor word. */
static bool is_separator(struct cursor *cursor)
{
	if (cursor->only_words || strcmp(*cursor->next, "--") != 0)
		return false;
	cursor->only_words = true;
	cursor->next++;
	return true;
}

/* One flag with its value. Without `options` it is only stepped over, whatever it is. */
static bool take_value(struct cursor *cursor, const struct flag *flag, const char *inline_value,
	const char *shown, struct options *options, struct error *err)
{
	const char *value = inline_value;
	if (!value && flag->kind == FLAG_SWITCH)
		value = "true";
	if (!value && cursor->next == cursor->end)
		return error_set(err, ERROR_INVALID, "flag needs an argument: %s", shown);
	if (!value)
		value = *cursor->next++;
	return !options || option_set(options, flag, value, err);
}

static bool take_long(struct cursor *cursor, const struct command *command, struct options *options,
	struct error *err)
{
	const char *name = *cursor->next++ + 2;
	size_t length = strcspn(name, "=");
	const struct flag *flag = command_flag(command, name, length, 0);
	if (!flag)
		return error_set(err, ERROR_INVALID, "unknown flag: --%.*s", (int)length, name);
	AUTO(auto_free) char *shown = xasprintf("--%s", flag->name);
	return take_value(
		cursor, flag, name[length] ? name + length + 1 : NULL, shown, options, err);
}

/* A group of letters: switches, and at most one flag with a value at its end. */
static bool take_short(struct cursor *cursor, const struct command *command,
	struct options *options, struct error *err)
{
	const char *group = *cursor->next++;
	for (const char *letter = group + 1; *letter; letter++) {
		const struct flag *flag = command_flag(command, NULL, 0, *letter);
		if (!flag)
			return error_set(err, ERROR_INVALID, "unknown shorthand flag: '%c' in %s",
				*letter, group);
		bool ends = flag->kind != FLAG_SWITCH || letter[1] == '=';
		const char *value = letter[1] == '=' ? letter + 2 : letter + 1;
		AUTO(auto_free) char *shown = xasprintf("'%c' in %s", *letter, group);
		if (!take_value(
			    cursor, flag, ends && letter[1] ? value : NULL, shown, options, err))
			return false;
		if (ends)
			break;
	}
	return true;
}

static bool take_flag(struct cursor *cursor, const struct command *command, struct options *options,
	struct error *err)
{
	return (*cursor->next)[1] == '-' ? take_long(cursor, command, options, err)
					 : take_short(cursor, command, options, err);
}

bool arguments_find_command(
	char **words, int count, const struct command **command, struct error *err)
{
	AUTO(buf_free) struct buf path = { 0 };
	struct cursor cursor = { .next = words, .end = words + count };
	while (cursor.next < cursor.end) {
		if (is_separator(&cursor))
			continue;
		if (is_flag(&cursor, *cursor.next)) {
			(void)take_flag(&cursor, NULL, NULL, NULL);
			continue;
		}
		const char *word = *cursor.next++;
		bool is_command = path.size && (*command)->run;
		AUTO(auto_free) char *group = xstrdup(buf_text(&path));
		buf_printf(&path, "%s%s", path.size ? " " : "", word);
		const struct command *found = command_find(buf_text(&path));
		/* behind a command, a word may name one below it, or be its first argument */
		if (!found && is_command)
			break;
		if (!found)
			return help_unknown_command(group, word, err);
		*command = found;
	}
	return true;
}

static size_t count_words(const char *name)
{
	size_t words = 1;
	for (; *name; name++)
		words += *name == ' ';
	return words;
}

static bool take_all(struct cursor *cursor, struct invocation *invocation, struct error *err)
{
	size_t command_words = invocation->command ? count_words(invocation->command->name) : 0;
	while (cursor->next < cursor->end) {
		if (is_separator(cursor))
			continue;
		if (is_flag(cursor, *cursor->next)) {
			if (!take_flag(cursor, invocation->command, &invocation->options, err))
				return false;
		} else if (command_words) {
			command_words--;
			cursor->next++;
		} else {
			invocation->arguments[invocation->count++] = *cursor->next++;
		}
	}
	return true;
}

static bool check_count(const struct invocation *invocation, struct error *err)
{
	const struct command *command = invocation->command;
	if (invocation->options.help || !command || !command->run)
		return true;
	if (invocation->count >= command->least && invocation->count <= command->most)
		return true;
	if (command->most == ANY_NUMBER)
		return error_set(err, ERROR_INVALID,
			"requires at least %zu arg(s), only received %zu", command->least,
			invocation->count);
	return error_set(err, ERROR_INVALID, "accepts %zu arg(s), received %zu", command->most,
		invocation->count);
}

bool arguments_parse(int argc, char **argv, struct invocation *invocation, struct error *err)
{
	*invocation = (struct invocation){ 0 };
	invocation->arguments = xcalloc((size_t)argc + 1, sizeof(*invocation->arguments));
	int program = argc > 0;
	struct cursor cursor = { .next = argv + program, .end = argv + argc };
	if (!arguments_find_command(argv + program, argc - program, &invocation->command, err) ||
		!take_all(&cursor, invocation, err) || !check_count(invocation, err) ||
		!options_check_lists(&invocation->options, err))
		return false;
	options_complete(&invocation->options, global_flags, global_flag_count);
	if (invocation->command)
		options_complete(&invocation->options, invocation->command->flags,
			invocation->command->flag_count);
	return true;
}

void invocation_free(struct invocation *invocation)
{
	options_free(&invocation->options);
	free(invocation->arguments);
	*invocation = (struct invocation){ 0 };
}
