/* SPDX-License-Identifier: Apache-2.0 */
/* graphene-sign: signs an enclave with the options of graphene-sgx-sign and of gramine-sgx-sign. */
#include "base/clock.h"
#include "base/memory.h"
#include "graphene/sign.h"
#include "graphene/sign_key.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define EXIT_USAGE 2

static const char usage[] =
	"usage: graphene-sign --manifest APP.manifest --output APP.manifest.sgx --key KEY.pem\n"
	"       graphene-sign --gen-key KEY.pem\n"
	"\n"
	"Hashes the trusted files of a Graphene or Gramine manifest, measures the enclave and signs\n"
	"it. Writes the signed manifest and, beside it, APP.sig.\n"
	"\n"
	"  -m, --manifest FILE     the manifest\n"
	"  -o, --output FILE       the signed manifest\n"
	"  -k, --key FILE          RSA-3072 with exponent 3, PEM; called as gramine-sgx-sign, the\n"
	"                          default is enclave-key.pem in ~/.config/gramine\n"
	"  -p, --passphrase TEXT   of an encrypted key; without it the terminal is asked\n"
	"  -l, --libpal FILE       measured as the loader; default: that of graphene-sim\n"
	"  -s, --sigfile FILE      default: the name of the signed manifest (called as\n"
	"                          gramine-sgx-sign, of the manifest) with .sig\n"
	"      --depend            write a Makefile to the output instead of signing\n"
	"      --depfile FILE      write a Makefile beside signing\n"
	"  -d, --date YYYY-MM-DD   in the signature; default: today\n"
	"      --chroot DIR        look trusted files up below DIR\n"
	"      --gen-key FILE      make a key in a new file\n"
	"  -q, --quiet             print no report\n"
	"  -v, --verbose           print the report (default)\n"
	"  -h, --help              show this text and exit\n"
	"      --version           show the version and exit\n";

enum {
	OPTION_DEPEND = 256,
	OPTION_DEPFILE,
	OPTION_CHROOT,
	OPTION_WITH,
	OPTION_GEN_KEY,
	OPTION_VERSION
};

static const struct option options[] = {
	{ "manifest", required_argument, NULL, 'm' },
	{ "output", required_argument, NULL, 'o' },
	{ "key", required_argument, NULL, 'k' },
	{ "passphrase", required_argument, NULL, 'p' },
	{ "password", required_argument, NULL, 'p' },
	{ "libpal", required_argument, NULL, 'l' },
	{ "sigfile", required_argument, NULL, 's' },
	{ "depend", no_argument, NULL, OPTION_DEPEND },
	{ "depfile", required_argument, NULL, OPTION_DEPFILE },
	{ "date", required_argument, NULL, 'd' },
	{ "chroot", required_argument, NULL, OPTION_CHROOT },
	{ "with", required_argument, NULL, OPTION_WITH },
	{ "gen-key", required_argument, NULL, OPTION_GEN_KEY },
	{ "quiet", no_argument, NULL, 'q' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

/* What the command line says. The strings are its own. */
struct command {
	struct sign_request request;
	const char *date;
	const char *gen_key;
	const char *with;
	bool depend;
	bool quiet;
	bool help;
	bool version;
	bool wrong;
};

/* A passphrase should not stay where other users' ps shows it. */
static const char *hide(char *argument, struct buf *copy)
{
	buf_put_text(copy, argument);
	memory_wipe(argument, strlen(argument));
	return buf_text(copy);
}

static void set_option(struct command *command, int option, struct buf *passphrase)
{
	struct sign_request *request = &command->request;
	const char **const targets[] = { ['m'] = &request->manifest,
		['o'] = &request->output,
		['k'] = &request->key,
		['l'] = &request->libpal,
		['s'] = &request->sigfile,
		['d'] = &command->date,
		[OPTION_DEPFILE] = &request->depfile,
		[OPTION_CHROOT] = &request->chroot,
		[OPTION_WITH] = &command->with,
		[OPTION_GEN_KEY] = &command->gen_key };
	switch (option) {
	case 'p':
		request->passphrase = hide(optarg, passphrase);
		break;
	case OPTION_DEPEND:
		command->depend = true;
		break;
	case 'q':
	case 'v':
		command->quiet = option == 'q';
		break;
	case 'h':
		command->help = true;
		break;
	case OPTION_VERSION:
		command->version = true;
		break;
	case '?':
		command->wrong = true;
		break;
	default:
		*targets[option] = optarg;
	}
}

static bool read_date(const char *text, uint32_t *date, struct error *err)
{
	char today[CLOCK_TEXT_SIZE];
	int64_t seconds = 0;
	time_t now = time(NULL);
	struct tm parts;
	if (!strcmp(text, "today")) {
		localtime_r(&now, &parts);
		strftime(today, sizeof(today), "%Y-%m-%d", &parts);
		text = today;
	}
	AUTO(auto_free) char *whole = xasprintf("%sT00:00:00Z", text);
	if (!clock_parse_utc(whole, &seconds))
		return error_set(err, ERROR_INVALID,
			"--date: \"%s\" is no date of the form YYYY-MM-DD", text);
	/* the digits of a date are its binary coded decimal form in hexadecimal */
	char digits[9];
	snprintf(digits, sizeof(digits), "%.4s%.2s%.2s", text, text + 5, text + 8);
	*date = (uint32_t)strtoul(digits, NULL, 16);
	return true;
}

static char *without_suffix(const char *name, const char *const *suffixes)
{
	for (size_t length = strlen(name); *suffixes; suffixes++) {
		size_t end = strlen(*suffixes);
		if (end < length && !strcmp(name + length - end, *suffixes))
			return xstrndup(name, length - end);
	}
	return xstrdup(name);
}

static char *default_sigfile(const struct sign_request *request, bool is_gramine)
{
	static const char *const graphene[] = { ".manifest.sgx.d", ".manifest.sgx", ".manifest",
		NULL };
	static const char *const gramine[] = { ".manifest", NULL };
	AUTO(auto_free)
	char *name = is_gramine ? without_suffix(request->manifest, gramine)
				: without_suffix(request->output, graphene);
	return xasprintf("%s.sig", name);
}

static char *default_key(void)
{
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	if (config && *config)
		return xasprintf("%s/gramine/enclave-key.pem", config);
	return xasprintf("%s/.config/gramine/enclave-key.pem", home ? home : "");
}

static bool fail(const struct error *err)
{
	fprintf(stderr, "graphene-sign: %s\n", err->message);
	return false;
}

static bool sign(struct command *command, bool is_gramine)
{
	struct error err = { 0 };
	AUTO(buf_free) struct buf report = { 0 };
	struct sign_request *request = &command->request;
	AUTO(auto_free) char *key = default_key();
	AUTO(auto_free) char *sigfile = default_sigfile(request, is_gramine);
	const char *depend_suffix[] = { ".d", NULL };
	AUTO(auto_free) char *target = without_suffix(request->output, depend_suffix);
	request->key = request->key ? request->key : key;
	request->sigfile = request->sigfile ? request->sigfile : sigfile;
	if (command->depend) {
		request->depfile = request->output;
		request->output = target;
		request->depend_only = true;
	}
	if (!read_date(command->date ? command->date : "today", &request->date, &err) ||
		!sign_enclave(request, &report, &err))
		return fail(&err);
	if (!command->quiet)
		fputs(buf_text(&report), stdout);
	return fflush(stdout) == 0;
}

static bool generate(const char *path)
{
	struct error err = { 0 };
	return sign_key_generate(path, &err) || fail(&err);
}

/* NULL when the command line can be carried out, else what is wrong with it. */
static const char *complaint(const struct command *command, bool is_gramine)
{
	const struct sign_request *request = &command->request;
	if (!request->manifest || !request->output)
		return "--manifest and --output are required";
	if (!request->key && !is_gramine)
		return "--key is required; --gen-key makes one";
	if (command->with && strcmp(command->with, "file") != 0)
		return "--with: keys in files are supported, other plugins are not";
	return NULL;
}

int main(int argc, char **argv)
{
	struct command command = { 0 };
	AUTO(buf_free) struct buf passphrase = { 0 };
	const char *name = strrchr(argv[0], '/');
	bool is_gramine = !strncmp(name ? name + 1 : argv[0], "gramine", 7);
	crypto_setup();
	for (int option;
		(option = getopt_long_only(argc, argv, "m:o:k:p:l:s:d:qvh", options, NULL)) != -1;)
		set_option(&command, option, &passphrase);
	if (command.help)
		return fputs(usage, stdout) < 0;
	if (command.version)
		return puts("graphene-sign " MARBLERUN_VERSION) < 0;
	if (command.gen_key && !command.wrong)
		return generate(command.gen_key) ? EXIT_SUCCESS : EXIT_FAILURE;
	const char *wrong = optind < argc ? "there are no arguments without an option"
					  : complaint(&command, is_gramine);
	if (wrong && !command.wrong)
		fprintf(stderr, "graphene-sign: %s\n", wrong);
	if (wrong || command.wrong)
		return fputs(usage, stderr) < 0 ? EXIT_FAILURE : EXIT_USAGE;
	return sign(&command, is_gramine) ? EXIT_SUCCESS : EXIT_FAILURE;
}
