/* SPDX-License-Identifier: Apache-2.0 */
/* graphene-sigstruct-view: prints what an APP.sig says about its enclave. */
#include "base/file.h"
#include "graphene/sigstruct_view.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define EXIT_USAGE 2

static const char usage[] =
	"usage: graphene-sigstruct-view [-v] [--output-format text|toml|json] APP.sig [OUTFILE]\n"
	"\n"
	"Prints the identity in the signature file of an enclave. The text form is for people; scripts\n"
	"should take toml or json.\n"
	"\n"
	"  -f, --output-format FORMAT   text (default), toml or json\n"
	"  -v, --verbose                attributes, masks and date as well\n"
	"  -q, --quiet                  identity alone (default)\n"
	"  -h, --help                   show this text and exit\n"
	"      --version                show the version and exit\n";

enum { OPTION_VERSION = 256 };

static const struct option options[] = {
	{ "output-format", required_argument, NULL, 'f' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

struct command {
	enum sigstruct_format format;
	bool verbose;
	bool help;
	bool version;
	bool wrong;
};

static void set_format(struct command *command, const char *name)
{
	static const char *const names[] = {
		[SIGSTRUCT_TEXT] = "text", [SIGSTRUCT_TOML] = "toml", [SIGSTRUCT_JSON] = "json"
	};
	for (size_t i = 0; i < 3; i++) {
		if (!strcmp(name, names[i])) {
			command->format = (enum sigstruct_format)i;
			return;
		}
	}
	fprintf(stderr, "graphene-sigstruct-view: \"%s\" is no format\n", name);
	command->wrong = true;
}

static struct command read_options(int argc, char **argv)
{
	struct command command = { .format = SIGSTRUCT_TEXT };
	for (int option; (option = getopt_long(argc, argv, "f:vqh", options, NULL)) != -1;) {
		if (option == 'f')
			set_format(&command, optarg);
		else if (option == 'h')
			command.help = true;
		else if (option == OPTION_VERSION)
			command.version = true;
		else if (option == '?')
			command.wrong = true;
		else
			command.verbose = option == 'v';
	}
	command.wrong |= !command.help && !command.version && (optind >= argc || argc - optind > 2);
	return command;
}

static bool view(
	const struct command *command, const char *path, const char *target, struct error *err)
{
	AUTO(buf_free) struct buf file = { 0 };
	AUTO(buf_free) struct buf out = { 0 };
	struct sigstruct fields;
	if (!file_read(path, SIGSTRUCT_SIZE, &file, err))
		return false;
	if (!sigstruct_parse(buf_bytes(&file), &fields, err))
		return error_prefix(err, "%s", path);
	sigstruct_view_put(&out, &fields, command->format, command->verbose);
	if (target)
		return file_replace(target, out.data, out.size, 0644, err);
	return (fwrite(out.data, 1, out.size, stdout) == out.size && !fflush(stdout)) ||
	       error_errno(err, "cannot write to standard output");
}

int main(int argc, char **argv)
{
	struct error err = { 0 };
	struct command command = read_options(argc, argv);
	if (command.help)
		return fputs(usage, stdout) < 0;
	if (command.version)
		return puts("graphene-sigstruct-view " MARBLERUN_VERSION) < 0;
	if (command.wrong)
		return fputs(usage, stderr) < 0 ? EXIT_FAILURE : EXIT_USAGE;
	if (view(&command, argv[optind], argv[optind + 1], &err))
		return EXIT_SUCCESS;
	fprintf(stderr, "graphene-sigstruct-view: %s\n", err.message);
	return EXIT_FAILURE;
}
