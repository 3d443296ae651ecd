/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_fixture.h"

#include "base/log.h"
#include "graphene/sim_launch.h"

#define CMDLINE   "loader.insecure__use_cmdline_argv = true\n"
#define ARGV_FILE "loader.argv_src_file = \"file:args\"\nsgx.allowed_files.args = \"file:args\"\n"
#define ENV_FILE  "loader.env_src_file = \"file:env\"\nsgx.allowed_files.env = \"file:env\"\n"
#define HOST_ENV  "loader.insecure__use_host_env = true\n"

DEFINE_AUTO_FREE(auto_policy, struct sim_policy *, sim_policy_free)

/* Prepares the program of the manifest with up to two arguments, in this host environment. */
static bool prepare(struct sim_program *program, const char *text, const char *first,
	const char *second, struct error *err)
{
	static char *const host_env[] = { "HOME=/root", "SECRET=host", "PATH=/bin", NULL };
	AUTO(auto_graphene_manifest) struct graphene_manifest *manifest = manifest_of(text);
	AUTO(auto_policy) struct sim_policy *policy = sim_policy_new(manifest, err);
	assert_non_null(policy);
	AUTO(auto_free) char *one = xstrdup(first ? first : "");
	AUTO(auto_free) char *two = xstrdup(second ? second : "");
	char *args[] = { first ? one : NULL, second ? two : NULL, NULL };
	struct sim_host host = { "./dir/app", args, host_env };
	return sim_program_prepare(program, manifest, policy, &host, err);
}

/* The strings in one text, each with '|' behind it. */
static char *joined(const struct sim_strings *strings)
{
	AUTO(buf_free) struct buf text = { 0 };
	for (size_t i = 0; i < strings->count; i++)
		buf_printf(&text, "%s|", strings->items[i]);
	assert_null(strings->items[strings->count]);
	return xstrdup(buf_text(&text));
}

static void assert_argv(
	const char *text, const char *first, const char *second, const char *expected)
{
	AUTO(sim_program_free) struct sim_program program = { 0 };
	struct error err = { 0 };
	assert_success(prepare(&program, text, first, second, &err), err);
	AUTO(auto_free) char *argv = joined(&program.argv);
	assert_string_equal(argv, expected);
}

static void assert_refused(
	const char *text, const char *first, enum error_kind kind, const char *message)
{
	AUTO(sim_program_free) struct sim_program program = { 0 };
	struct error err = { 0 };
	assert_failure(prepare(&program, text, first, NULL, &err), err, kind, message);
}

static void assert_env(const char *text, const char *expected)
{
	AUTO(sim_program_free) struct sim_program program = { 0 };
	struct error err = { 0 };
	assert_success(prepare(&program, text, NULL, NULL, &err), err);
	AUTO(auto_free) char *envp = joined(&program.envp);
	assert_string_equal(envp, expected);
}

/* A file of strings that each end with NUL; size counts the last one. */
static void write_strings(const char *path, const char *content, size_t size)
{
	struct error err = { 0 };
	assert_success(file_replace(path, content, size, 0644, &err), err);
}

static const char unconfigured[] = "argv handling wasn't configured in the manifest";

static void graphene_takes_argv_by_its_rules(void **state)
{
	(void)state;
	write_strings("args", "zero\0a b\0\0c", 12);
	assert_argv(GRAPHENE CMDLINE, "x", "y z", "./dir/app|x|y z|");
	assert_argv(GRAPHENE CMDLINE "loader.argv0_override = \"o\"\n", "x", NULL, "o|x|");
	assert_argv(GRAPHENE CMDLINE ARGV_FILE, "x", NULL, "./dir/app|x|");
	assert_argv(
		GRAPHENE ARGV_FILE "loader.argv0_override = \"o\"\n", "x", NULL, "zero|a b||c|");
	assert_argv(GRAPHENE "loader.argv0_override = \"o\"\n", NULL, NULL, "o|");
	assert_refused(
		GRAPHENE "loader.argv0_override = \"o\"\n", "x", ERROR_INVALID, unconfigured);
	assert_refused(GRAPHENE, NULL, ERROR_INVALID, unconfigured);
}

static void gramine_takes_argv_by_its_rules(void **state)
{
	(void)state;
	static const char from_file[] = GRAMINE
		"loader.argv_src_file = \"file:args\"\nsgx.allowed_files = [\"file:args\"]\n";
	write_strings("args", "zero\0a b\0\0c", 12);
	assert_argv(GRAMINE, NULL, NULL, "/app|");
	assert_argv(GRAMINE CMDLINE, "x", "y", "/app|x|y|");
	assert_argv(GRAMINE "loader.argv = [\"own\", \"two\"]\n", "x", NULL, "own|two|");
	assert_argv(from_file, "x", NULL, "zero|a b||c|");
	assert_refused(GRAMINE, "x", ERROR_INVALID, unconfigured);
	write_strings("args", "", 0);
	assert_argv(from_file, NULL, NULL, "");
}

static void the_file_of_arguments_must_be_listed_and_end_with_nul(void **state)
{
	(void)state;
	write_strings("args", "zero\0one", 8);
	assert_refused(GRAPHENE ARGV_FILE, NULL, ERROR_INVALID,
		"Cannot load arguments from 'loader.argv_src_file'");
	assert_refused(GRAPHENE "loader.argv_src_file = \"file:args\"\n", NULL, ERROR_DENIED,
		"neither trusted nor allowed");
	assert_int_equal(unlink("args"), 0);
	assert_refused(GRAPHENE ARGV_FILE, NULL, ERROR_NOT_FOUND, "args");
}

static void host_variables_stay_out_unless_asked_for(void **state)
{
	(void)state;
	assert_env(GRAMINE, "");
	assert_env(GRAMINE "loader.env.A = \"1\"\n", "A=1|");
	assert_env(GRAMINE HOST_ENV, "HOME=/root|SECRET=host|PATH=/bin|");
	assert_env(GRAMINE HOST_ENV "loader.env.SECRET = \"$HOME\"\n",
		"HOME=/root|PATH=/bin|SECRET=$HOME|");
}

static void passthrough_copies_what_the_host_has(void **state)
{
	(void)state;
	assert_env(GRAMINE "loader.env.PATH = { passthrough = true }\n"
			   "loader.env.GONE = { passthrough = true }\n"
			   "loader.env.B = \"2\"\n",
		"PATH=/bin|B=2|");
	assert_env(GRAMINE HOST_ENV "loader.env.PATH = { passthrough = true }\n",
		"HOME=/root|SECRET=host|PATH=/bin|");
}

static void an_environment_file_replaces_the_hosts(void **state)
{
	(void)state;
	write_strings("env", "A=1\0PATH=/file\0", 15);
	assert_env(GRAPHENE "loader.argv0_override = \"o\"\n" ENV_FILE, "A=1|PATH=/file|");
	assert_env(GRAPHENE "loader.argv0_override = \"o\"\nloader.env.A = \"2\"\n" ENV_FILE,
		"PATH=/file|A=2|");
}

static void base_strings_need_an_equals_sign_beside_loader_env(void **state)
{
	(void)state;
	write_strings("env", "A=1\0broken\0", 11);
	assert_env(GRAPHENE "loader.argv0_override = \"o\"\n" ENV_FILE, "A=1|broken|");
	assert_refused(GRAPHENE "loader.argv0_override = \"o\"\nloader.env.B = \"2\"\n" ENV_FILE,
		NULL, ERROR_INVALID, "\"broken\" has no '='");
}

static void the_entry_point_is_a_path_inside(void **state)
{
	(void)state;
	AUTO(sim_program_free) struct sim_program absolute = { 0 };
	AUTO(sim_program_free) struct sim_program relative = { 0 };
	struct error err = { 0 };
	assert_success(prepare(&absolute, GRAMINE, NULL, NULL, &err), err);
	assert_string_equal(absolute.path, "/app");
	assert_success(prepare(&relative,
			       GRAPHENE "loader.argv0_override = \"o\"\nfs.start_dir = \"/opt\"\n",
			       NULL, NULL, &err),
		err);
	assert_string_equal(relative.path, "/opt/app");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			graphene_takes_argv_by_its_rules, enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(
			gramine_takes_argv_by_its_rules, enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(
			the_file_of_arguments_must_be_listed_and_end_with_nul, enter_folder,
			leave_folder),
		cmocka_unit_test(host_variables_stay_out_unless_asked_for),
		cmocka_unit_test(passthrough_copies_what_the_host_has),
		cmocka_unit_test_setup_teardown(
			an_environment_file_replaces_the_hosts, enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(base_strings_need_an_equals_sign_beside_loader_env,
			enter_folder, leave_folder),
		cmocka_unit_test(the_entry_point_is_a_path_inside),
	};
	log_configure(LOG_OFF, LOG_CONSOLE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
