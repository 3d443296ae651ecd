/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graphene-manifest: renders a manifest template. Called as gramine-manifest it also parses what it
 * rendered, completes it and writes it anew, as that tool does (spec graphene-manifest.md clause
 * 10).
 */
#include "base/file.h"
#include "base/memory.h"
#include "graphene/jinja.h"
#include "graphene/manifest_value.h"
#include "graphene/signed_manifest.h"
#include "graphene/template_globals.h"
#include "graphene/toml.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define EXIT_USAGE 2

static const char usage[] =
	"usage: graphene-manifest [-D KEY[=VALUE]]... INFILE [OUTFILE]\n"
	"       graphene-manifest [-D KEY[=VALUE]]... -c TEMPLATE\n"
	"\n"
	"Renders a manifest template in the Jinja2 language. INFILE and OUTFILE may be - for standard\n"
	"input and output; output is the default.\n"
	"\n"
	"  -D, --define KEY=VALUE  a variable for the template; without a value it is true\n"
	"  -c, --string TEMPLATE   the template itself\n"
	"      --check             refuse a result that is no valid manifest, unknown keys included;\n"
	"                          the default when called as gramine-manifest\n"
	"      --no-check          the opposite\n"
	"      --chroot DIR        as gramine-manifest: look trusted files up below DIR\n"
	"  -h, --help              show this text and exit\n"
	"      --version           show the version and exit\n"
	"\n"
	"Called as gramine-manifest it writes the manifest anew, with defaults and the hashes of trusted\n"
	"files; comments are lost.\n";

enum { OPTION_CHECK = 256, OPTION_NO_CHECK, OPTION_CHROOT, OPTION_VERSION };

static const struct option options[] = {
	{ "define", required_argument, NULL, 'D' },
	{ "string", required_argument, NULL, 'c' },
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "no-check", no_argument, NULL, OPTION_NO_CHECK },
	{ "chroot", required_argument, NULL, OPTION_CHROOT },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

struct command {
	const char *template; /* the text itself; NULL: it is in the file */
	const char *input;
	const char *output; /* NULL: standard output */
	const char *chroot;
	bool check;
	bool rewrite; /* as gramine-manifest does */
	bool help;
	bool version;
	bool wrong;
	struct jinja_variable *variables;
	size_t variable_count;
};

static void command_free(struct command *command)
{
	for (size_t i = 0; i < command->variable_count; i++) {
		if (i >= TEMPLATE_GLOBALS)
			free((char *)command->variables[i].name);
		jinja_value_free(&command->variables[i].value);
	}
	free(command->variables);
}

static bool define(struct command *command, const char *text)
{
	struct error err = { 0 };
	size_t length = strcspn(text, "=");
	struct jinja_variable *variable = &command->variables[command->variable_count++];
	variable->name = xstrndup(text, length);
	if (text[length] ? jinja_set_text(&variable->value, text + length + 1, &err)
			 : jinja_set_data(&variable->value, json_true(), &err))
		return true;
	fprintf(stderr, "graphene-manifest: -D%s: %s\n", variable->name, err.message);
	return false;
}

static void read_options(struct command *command, int argc, char **argv)
{
	for (int option; (option = getopt_long(argc, argv, "D:c:h", options, NULL)) != -1;) {
		if (option == 'D')
			command->wrong |= !define(command, optarg);
		else if (option == 'c')
			command->template = optarg;
		else if (option == 'h')
			command->help = true;
		else if (option == '?')
			command->wrong = true;
		else if (option == OPTION_VERSION)
			command->version = true;
		else if (option == OPTION_CHROOT)
			command->chroot = optarg;
		else
			command->check = option == OPTION_CHECK;
	}
	bool has_input = optind < argc;
	command->input = has_input ? argv[optind] : NULL;
	command->output = argc - optind > 1 ? argv[optind + 1] : NULL;
	command->wrong |= has_input == (command->template != NULL) || argc - optind > 2;
}

static bool is_dash(const char *name)
{
	return !name || !strcmp(name, "-");
}

static bool render(const struct command *command, struct buf *out, struct error *err)
{
	AUTO(buf_free) struct buf file = { 0 };
	struct bytes text = { 0 };
	if (command->template) {
		text = bytes_of_text(command->template);
	} else {
		const char *path = is_dash(command->input) ? "/dev/fd/0" : command->input;
		if (!file_read(path, TOML_TEXT_MAX, &file, err))
			return false;
		text = buf_bytes(&file);
	}
	return jinja_render(text, command->variables, command->variable_count, out, err) ||
	       error_prefix(err, "%s", command->template ? "template" : command->input);
}

/* Checks the rendered manifest; as gramine-manifest, replaces it by the completed one. */
static bool complete(const struct command *command, struct buf *text, struct error *err)
{
	AUTO(auto_json) json_t *hashed = json_array();
	AUTO(auto_json) json_t *tree = toml_parse(buf_bytes(text), err);
	if (!tree || !signed_manifest_add_defaults(tree, err))
		return false;
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *manifest = graphene_manifest_of_tree(tree, command->check, err);
	if (!manifest || !command->rewrite)
		return manifest;
	if (!signed_manifest_add_hashes(tree, manifest, command->chroot, hashed, err))
		return false;
	buf_clear(text);
	signed_manifest_put(tree, text);
	return true;
}

static bool run(const struct command *command, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	if (!render(command, &text, err))
		return false;
	if ((command->check || command->rewrite) && !complete(command, &text, err))
		return error_prefix(err, "the rendered manifest");
	if (!is_dash(command->output))
		return file_replace(command->output, text.data, text.size, 0644, err);
	return (fwrite(text.data, 1, text.size, stdout) == text.size && !fflush(stdout)) ||
	       error_errno(err, "cannot write to standard output");
}

int main(int argc, char **argv)
{
	struct error err = { 0 };
	const char *name = strrchr(argv[0], '/');
	bool is_gramine = !strncmp(name ? name + 1 : argv[0], "gramine", 7);
	AUTO(command_free)
	struct command command = { .check = is_gramine,
		.rewrite = is_gramine,
		.variables = xcalloc((size_t)argc + TEMPLATE_GLOBALS, sizeof(*command.variables)),
		.variable_count = TEMPLATE_GLOBALS };
	template_globals(command.variables);
	read_options(&command, argc, argv);
	if (command.help)
		return fputs(usage, stdout) < 0;
	if (command.version)
		return puts("graphene-manifest " MARBLERUN_VERSION) < 0;
	if (command.wrong)
		return fputs(usage, stderr) < 0 ? EXIT_FAILURE : EXIT_USAGE;
	if (run(&command, &err))
		return EXIT_SUCCESS;
	fprintf(stderr, "graphene-manifest: %s\n", err.message);
	return EXIT_FAILURE;
}
