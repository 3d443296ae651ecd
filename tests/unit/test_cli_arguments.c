/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "cli/arguments.h"
#include "cli/completion.h"
#include "cli/help.h"

struct line {
	char *words[32];
	int count;
};

/* Splits at blanks; "''" is an empty word. */
static struct line line_of(const char *text)
{
	struct line line = { 0 };
	AUTO(auto_free) char *copy = xstrdup(text);
	char *rest = NULL;
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		line.words[line.count++] = xstrdup(strcmp(word, "''") != 0 ? word : "");
	return line;
}

static void line_free(struct line *line)
{
	for (int i = 0; i < line->count; i++)
		free(line->words[i]);
}

static void assert_parses_to(const char *text, const char *name, const char *first)
{
	AUTO(line_free) struct line line = line_of(text);
	AUTO(invocation_free) struct invocation parsed = { 0 };
	struct error err = { 0 };
	assert_success(arguments_parse(line.count, line.words, &parsed, &err), err);
	assert_string_equal(parsed.command ? parsed.command->name : "", name);
	assert_string_equal(parsed.count ? parsed.arguments[0] : "", first);
}

static void assert_refused(const char *text, const char *message)
{
	AUTO(line_free) struct line line = line_of(text);
	AUTO(invocation_free) struct invocation parsed = { 0 };
	struct error err = { 0 };
	if (arguments_parse(line.count, line.words, &parsed, &err))
		fail_msg("%s was accepted", text);
	assert_string_equal(err.message, message);
	assert_int_equal(err.kind, ERROR_INVALID);
}

static void commands_are_found_between_flags(void **state)
{
	(void)state;
	assert_parses_to("marblerun", "", "");
	assert_parses_to("marblerun manifest", "manifest", "");
	assert_parses_to("marblerun status host:1", "status", "host:1");
	assert_parses_to("marblerun -i --era-config f manifest -o x get host:1 -s", "manifest get",
		"host:1");
	assert_parses_to("marblerun --era-config=manifest status host:1", "status", "host:1");
	assert_parses_to("marblerun --nonce manifest status status", "status", "status");
	assert_parses_to("marblerun manifest -- set a -b", "manifest set", "a");
	assert_parses_to("marblerun manifest signature -- -file", "manifest signature", "-file");
	assert_parses_to("marblerun manifest signature -", "manifest signature", "-");
	assert_parses_to("marblerun help manifest set", "help", "manifest");
}

static void flags_are_read_in_every_form(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"marblerun manifest get h -su -o file",
		"marblerun -ofile manifest get -s -u h",
		"marblerun manifest get h -suofile",
		"marblerun manifest get h -suo=file",
		"marblerun --output file manifest --signature get --display-update=true h",
		"marblerun manifest get h --output=file --signature=1 --display-update=T",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		AUTO(line_free) struct line line = line_of(lines[i]);
		AUTO(invocation_free) struct invocation parsed = { 0 };
		struct error err = { 0 };
		assert_success(arguments_parse(line.count, line.words, &parsed, &err), err);
		assert_string_equal(parsed.options.output, "file");
		assert_true(parsed.options.signature);
		assert_true(parsed.options.display_update);
		assert_false(parsed.options.keep_cert);
		assert_false(parsed.options.insecure);
		assert_int_equal(parsed.count, 1);
		assert_string_equal(parsed.arguments[0], "h");
	}
}

static void the_last_value_counts_and_lists_add_up(void **state)
{
	(void)state;
	AUTO(line_free)
	struct line line = line_of("marblerun status h -i --insecure=false --nonce a --nonce b "
				   "--accepted-advisories A,B --accepted-advisories=C");
	AUTO(invocation_free) struct invocation parsed = { 0 };
	struct error err = { 0 };
	assert_success(arguments_parse(line.count, line.words, &parsed, &err), err);
	assert_false(parsed.options.insecure);
	assert_string_equal(parsed.options.nonce, "b");
	assert_int_equal(parsed.options.accepted_advisories.count, 3);
	assert_string_equal(parsed.options.accepted_advisories.items[1], "B");
	assert_string_equal(parsed.options.accepted_advisories.items[2], "C");
	assert_int_equal(parsed.options.accepted_tcb_statuses.count, 2);
	assert_string_equal(parsed.options.accepted_tcb_statuses.items[1], "SWHardeningNeeded");
}

static void what_is_not_given_comes_from_the_environment_or_the_table(void **state)
{
	(void)state;
	AUTO(line_free)
	struct line line = line_of("marblerun certificate root h --trust-root mine");
	AUTO(invocation_free) struct invocation parsed = { 0 };
	struct error err = { 0 };
	setenv("MARBLERUN_COLLATERAL", "folder", 1);
	setenv("MARBLERUN_TRUST_ROOT", "other", 1);
	assert_success(arguments_parse(line.count, line.words, &parsed, &err), err);
	unsetenv("MARBLERUN_COLLATERAL");
	unsetenv("MARBLERUN_TRUST_ROOT");
	assert_string_equal(parsed.options.collateral, "folder");
	assert_string_equal(parsed.options.trust_root, "mine");
	assert_string_equal(parsed.options.output, "marblerunRootCA.crt");
	assert_null(parsed.options.nonce);
}

static void an_empty_value_is_a_value(void **state)
{
	(void)state;
	AUTO(line_free) struct line line = line_of("marblerun certificate root h -o ''");
	AUTO(invocation_free) struct invocation parsed = { 0 };
	struct error err = { 0 };
	assert_success(arguments_parse(line.count, line.words, &parsed, &err), err);
	assert_string_equal(parsed.options.output, "");
}

static void lists_that_cannot_be_meant_are_refused(void **state)
{
	(void)state;
#define INVALID_LIST(value, flag, why)                                                             \
	"invalid argument \"" value "\" for \"--accepted-" flag "\" flag: " why
#define STATUSES                                                                                   \
	"it is no TCB status that can be accepted; there are UpToDate, SWHardeningNeeded, "        \
	"ConfigurationNeeded, ConfigurationAndSWHardeningNeeded, OutOfDate, "                      \
	"OutOfDateConfigurationNeeded, TDRelaunchAdvised, TDRelaunchAdvisedConfigurationNeeded"
	static const char *const cases[][2] = {
		{ "marblerun status h --accepted-tcb-statuses ''",
			INVALID_LIST("", "tcb-statuses",
				"it accepts no status; leave the flag out for the default") },
		{ "marblerun status h --accepted-tcb-statuses UpToDate,Revoked",
			INVALID_LIST("Revoked", "tcb-statuses", STATUSES) },
		{ "marblerun status h --accepted-tcb-statuses=outofdate",
			INVALID_LIST("outofdate", "tcb-statuses", STATUSES) },
		{ "marblerun status h --accepted-tcb-statuses=UpToDate,,OutOfDate",
			INVALID_LIST("", "tcb-statuses", STATUSES) },
		{ "marblerun --accepted-advisories= status h",
			INVALID_LIST("", "advisories",
				"it accepts no advisory; leave the flag out to accept all") },
		{ "marblerun quote verify f --accepted-platforms ''",
			INVALID_LIST("", "platforms",
				"it accepts no platform; leave the flag out to accept any") },
		{ "marblerun quote verify f --accepted-platforms 0f",
			INVALID_LIST("0f", "platforms",
				"a PPID or platform instance ID has 32 hex digits") },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(cases[i][0], cases[i][1]);
	assert_parses_to("marblerun status h --accepted-tcb-statuses OutOfDate,TDRelaunchAdvised",
		"status", "h");
}

static void wrong_lines_are_refused_with_the_word_that_is_wrong(void **state)
{
	(void)state;
	assert_refused("marblerun status h --colateral x", "unknown flag: --colateral");
	assert_refused("marblerun status h --missing", "unknown flag: --missing");
	assert_refused("marblerun status h -ix", "unknown shorthand flag: 'x' in -ix");
	assert_refused("marblerun status h --nonce", "flag needs an argument: --nonce");
	assert_refused("marblerun manifest get h -so", "flag needs an argument: 'o' in -so");
	assert_refused("marblerun status h --insecure=maybe",
		"invalid argument \"maybe\" for \"--insecure\" flag: it is neither true nor false");
	assert_refused("marblerun status", "accepts 1 arg(s), received 0");
	assert_refused("marblerun manifest set a b c", "accepts 2 arg(s), received 3");
	assert_refused("marblerun version x", "accepts 0 arg(s), received 1");
}

static void unknown_commands_are_answered_with_near_names(void **state)
{
	(void)state;
	assert_refused("marblerun manifst set a b",
		"unknown command \"manifst\" for \"marblerun\"\n\nDid you mean this?\n\tmanifest\n");
	assert_refused("marblerun manifest ste",
		"unknown command \"ste\" for \"marblerun manifest\"\n\nDid you mean this?\n\tset\n");
	assert_refused("marblerun package",
		"unknown command \"package\" for \"marblerun\"\n\nDid you mean this?\n"
		"\tpackage-info\n");
	assert_refused("marblerun install a b", "unknown command \"install\" for \"marblerun\"");
}

static void help_needs_no_arguments(void **state)
{
	(void)state;
	AUTO(line_free) struct line line = line_of("marblerun manifest set -h");
	AUTO(invocation_free) struct invocation parsed = { 0 };
	AUTO(buf_free) struct buf text = { 0 };
	struct error err = { 0 };
	assert_success(arguments_parse(line.count, line.words, &parsed, &err), err);
	assert_true(parsed.options.help);
	help_put(parsed.command, &text);
	assert_non_null(strstr(buf_text(&text), "marblerun manifest set <file> <IP:PORT>"));
	assert_non_null(strstr(buf_text(&text), "-r, --recoverydata FILE"));
	assert_non_null(strstr(buf_text(&text), "-i, --insecure"));
	assert_null(strstr(buf_text(&text), "--display-update"));
}

static void help_lists_what_there_is_and_nothing_else(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf text = { 0 };
	help_put(NULL, &text);
	for (size_t i = 0; i < command_count; i++) {
		AUTO(buf_free) struct buf entry = { 0 };
		const char *name = command_below(&commands[i], "");
		buf_printf(&entry, "\n  %s ", name ? name : "");
		assert_true(!name || strstr(buf_text(&text), buf_text(&entry)));
	}
	assert_null(strstr(buf_text(&text), "__complete"));
	assert_null(strstr(buf_text(&text), "install"));
	/* a command that can be run may have others below it, too */
	buf_clear(&text);
	help_put(command_find("manifest update"), &text);
	assert_non_null(strstr(buf_text(&text), "marblerun manifest update <file> <IP:PORT>"));
	assert_non_null(strstr(buf_text(&text), "\n  acknowledge "));
	assert_non_null(strstr(buf_text(&text), "-r, --recoverydata FILE"));
}

static void assert_completes(const char *text, const char *expected)
{
	AUTO(line_free) struct line line = line_of(text);
	AUTO(buf_free) struct buf out = { 0 };
	AUTO(buf_free) struct buf names = { 0 };
	completion_put(line.words, line.count, &out);
	AUTO(auto_free) char *copy = xstrdup(buf_text(&out));
	char *rest = NULL;
	for (char *row = strtok_r(copy, "\n", &rest); row; row = strtok_r(NULL, "\n", &rest))
		buf_printf(&names, "%.*s ", (int)strcspn(row, "\t"), row);
	assert_string_equal(buf_text(&names), expected);
}

static void completion_offers_what_may_come_next(void **state)
{
	(void)state;
	assert_completes("ma", "manifest ");
	assert_completes("manifest ''", "set get log signature update verify ");
	assert_completes("-i manifest s", "set signature ");
	assert_completes("manifest set --rec", "--recoverydata ");
	assert_completes("certificate --acc", "--accepted-tcb-statuses --accepted-advisories ");
	assert_completes("completion ''", "bash zsh fish ");
	assert_completes("help c", "certificate collateral completion ");
	/* files and hosts are for the shell to complete */
	assert_completes("manifest set ''", "");
	assert_completes("status --trust-root ''", "");
	assert_completes("nonsense ''", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_are_found_between_flags),
		cmocka_unit_test(flags_are_read_in_every_form),
		cmocka_unit_test(the_last_value_counts_and_lists_add_up),
		cmocka_unit_test(what_is_not_given_comes_from_the_environment_or_the_table),
		cmocka_unit_test(an_empty_value_is_a_value),
		cmocka_unit_test(lists_that_cannot_be_meant_are_refused),
		cmocka_unit_test(wrong_lines_are_refused_with_the_word_that_is_wrong),
		cmocka_unit_test(unknown_commands_are_answered_with_near_names),
		cmocka_unit_test(help_needs_no_arguments),
		cmocka_unit_test(help_lists_what_there_is_and_nothing_else),
		cmocka_unit_test(completion_offers_what_may_come_next),
	};
	return cmocka_run_group_tests_name("cli_arguments", tests, NULL, NULL);
}
