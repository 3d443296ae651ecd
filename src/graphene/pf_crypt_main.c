/* SPDX-License-Identifier: Apache-2.0 */
/* graphene-pf-crypt: makes and reads protected files outside of an enclave. */
#include "base/memory.h"
#include "crypto/openssl.h"
#include "graphene/pf_crypt.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define EXIT_FAILED 255 /* as the original */

static const char usage[] =
	"Usage: graphene-pf-crypt MODE [OPTION]...\n"
	"Makes and reads the protected files of Graphene and the encrypted files of Gramine.\n"
	"\n"
	"Modes:\n"
	"  gen-key   write a new key to the file of --wrap-key\n"
	"  encrypt   encrypt a file, or all files of a folder\n"
	"  decrypt   decrypt a file, or all files of a folder\n"
	"  verify    check that all of the input decrypts and is bound to the path that it has\n"
	"  show      tell format, size and path of the input\n"
	"\n"
	"  -w, --wrap-key PATH   file with the key, 16 bytes\n"
	"  -i, --input PATH      file or folder\n"
	"  -o, --output PATH     file or folder; encrypted files are bound to this very path, so give it\n"
	"                        as the manifest does, from the folder where the application is launched\n"
	"  -V, --verify          decrypt: only what is bound to the path of the input\n"
	"  -f, --format FORMAT   encrypt: graphene, gramine-1 (Gramine 1.0 and later) or gramine-2 (1.9);\n"
	"                        default: gramine-1, or graphene if called by one of Graphene's names\n"
	"  -v, --verbose         accepted for compatibility\n"
	"  -h, --help            show this text and exit\n"
	"      --version         show the version and exit\n"
	"\n"
	"The exit status is 0, or 255 after an error.\n";

enum { OPTION_VERSION = 256 };

static const struct option long_options[] = {
	{ "wrap-key", required_argument, NULL, 'w' },
	{ "input", required_argument, NULL, 'i' },
	{ "output", required_argument, NULL, 'o' },
	{ "verify", no_argument, NULL, 'V' },
	{ "format", required_argument, NULL, 'f' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

struct request {
	const char *mode;
	const char *wrap_key;
	const char *input;
	const char *output;
	const char *format;
	bool check_path;
};

static int refuse_usage(const char *problem, const char *what)
{
	fprintf(stderr, "graphene-pf-crypt: %s%s\nTry 'graphene-pf-crypt --help'.\n", problem,
		what);
	return EXIT_FAILED;
}

/* -1 to go on, else the exit status. */
static int parse_options(int argc, char **argv, struct request *request)
{
	int found;
	while ((found = getopt_long(argc, argv, "w:i:o:Vf:vh", long_options, NULL)) != -1) {
		switch (found) {
		case 'w':
			request->wrap_key = optarg;
			break;
		case 'i':
			request->input = optarg;
			break;
		case 'o':
			request->output = optarg;
			break;
		case 'V':
			request->check_path = true;
			break;
		case 'f':
			request->format = optarg;
			break;
		case 'v':
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case OPTION_VERSION:
			puts("graphene-pf-crypt " MARBLERUN_VERSION);
			return 0;
		default:
			return EXIT_FAILED;
		}
	}
	if (argc - optind != 1)
		return refuse_usage("give one mode: gen-key, encrypt, decrypt, verify or show", "");
	request->mode = argv[optind];
	return request->wrap_key ? -1 : refuse_usage("the option --wrap-key is missing", "");
}

static const char *default_format(const char *program)
{
	const char *slash = strrchr(program, '/');
	const char *name = slash ? slash + 1 : program;
	bool is_graphenes = !strcmp(name, "pf_crypt") || !strcmp(name, "graphene-sgx-pf-crypt");
	return is_graphenes ? "graphene" : "gramine-1";
}

static bool read_format(const char *name, enum protected_format *format)
{
	static const struct {
		const char *name;
		enum protected_format format;
	} formats[] = { { "graphene", PROTECTED_GRAPHENE }, { "gramine-1", PROTECTED_GRAMINE_1 },
		{ "gramine-2", PROTECTED_GRAMINE_2 } };
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		*format = formats[i].format;
		if (!strcmp(name, formats[i].name))
			return true;
	}
	return false;
}

/* By the first letter, as the original has it. */
static bool read_mode(char letter, enum pf_crypt_mode *mode)
{
	static const char letters[] = "edvs";
	const char *at = letter ? strchr(letters, letter) : NULL;
	if (at)
		*mode = (enum pf_crypt_mode)(at - letters);
	return at;
}

static int complain(const struct error *err)
{
	fprintf(stderr, "graphene-pf-crypt: %s\n", err->message);
	return EXIT_FAILED;
}

static int generate_key(const char *path)
{
	struct error err = { 0 };
	if (!pf_crypt_generate_key(path, &err))
		return complain(&err);
	printf("Wrap key saved to: %s\n", path);
	return 0;
}

static int run(const struct request *request)
{
	struct error err = { 0 };
	struct pf_crypt work = { .check_path = request->check_path };
	if (!read_mode(*request->mode, &work.mode))
		return refuse_usage("no such mode: ", request->mode);
	if (!read_format(request->format, &work.format))
		return refuse_usage("no such format: ", request->format);
	bool has_output = work.mode == PF_ENCRYPT || work.mode == PF_DECRYPT;
	if (!request->input || has_output != (request->output != NULL))
		return refuse_usage(has_output ? "this mode needs --input and --output"
					       : "this mode needs --input, and has no --output",
			"");
	work.check_path |= work.mode == PF_VERIFY;
	bool done = pf_crypt_read_key(request->wrap_key, work.key, &err) &&
		    pf_crypt_run(&work, request->input, request->output, &err);
	memory_wipe(work.key, sizeof(work.key));
	return done ? 0 : complain(&err);
}

int main(int argc, char **argv)
{
	struct request request = { .format = default_format(argv[0]) };
	int status = parse_options(argc, argv, &request);
	if (status >= 0)
		return status;
	crypto_setup();
	return *request.mode == 'g' ? generate_key(request.wrap_key) : run(&request);
}
