/* SPDX-License-Identifier: Apache-2.0 */
/* graphene-sim: runs a Graphene or Gramine application on a machine without SGX. */
#include "crypto/openssl.h"
#include "graphene/sim_run.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define EXIT_USAGE 2

static const char usage[] =
	"Usage: graphene-sim [OPTION]... APP [ARGUMENT]...\n"
	"Runs the application that APP.manifest.sgx and APP.sig describe, as graphene-sgx does, on a\n"
	"machine without SGX: same files, environment, refusals and /dev/attestation, with quotes of a\n"
	"simulated platform. Nothing is protected from the host.\n"
	"\n"
	"      --platform DIR     folder of the simulated SGX platform (graphene-platform init DIR);\n"
	"                         default: $GRAPHENE_SIM_PLATFORM, else ~/.config/graphene-sim/platform,\n"
	"                         which is made when it is first needed\n"
	"      --libpal FILE      what the signature was made with; default: the installed libpal-sim.so\n"
	"      --log-level LEVEL  none, error, warning, debug, trace or all, in the place of the\n"
	"                         manifest's loader.log_level\n"
	"      --help             show this text and exit\n"
	"      --version          show the version and exit\n"
	"\n"
	"The exit status is the application's, 128 + N if signal N ended it; 2 if there is no\n"
	"APP.manifest.sgx or the usage is wrong; 1 if the application could not be started.\n";

/* Descriptors that are opened later must not be taken for stdin, stdout or stderr. */
static bool fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return false;
	}
	return true;
}

static int refuse_usage(const char *problem, const char *what)
{
	fprintf(stderr, "graphene-sim: %s%s\nTry 'graphene-sim --help'.\n", problem, what);
	return EXIT_USAGE;
}

enum option_code {
	OPTION_PLATFORM = 256,
	OPTION_LIBPAL,
	OPTION_LOG_LEVEL,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{ "platform", required_argument, NULL, OPTION_PLATFORM },
	{ "libpal", required_argument, NULL, OPTION_LIBPAL },
	{ "log-level", required_argument, NULL, OPTION_LOG_LEVEL },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

/* -1 to go on, else the exit status. */
static int parse_options(int argc, char **argv, struct sim_options *options)
{
	int found;
	/* what stands behind APP is the application's */
	while ((found = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
		switch (found) {
		case OPTION_PLATFORM:
			options->platform = optarg;
			break;
		case OPTION_LIBPAL:
			options->libpal = optarg;
			break;
		case OPTION_LOG_LEVEL:
			options->log_level = optarg;
			if (!sim_set_log_level(optarg))
				return refuse_usage("no such log level: ", optarg);
			break;
		case OPTION_HELP:
			fputs(usage, stdout);
			return 0;
		case OPTION_VERSION:
			puts("graphene-sim " MARBLERUN_VERSION);
			return 0;
		default:
			return EXIT_USAGE;
		}
	}
	return optind < argc ? -1 : refuse_usage("no APP given", "");
}

int main(int argc, char **argv)
{
	struct sim_options options = { .platform = getenv("GRAPHENE_SIM_PLATFORM") };
	if (!fill_standard_descriptors())
		return SIM_EXIT_FAILED;
	int status = parse_options(argc, argv, &options);
	if (status >= 0)
		return status;
	options.host = (struct sim_host){ argv[optind], argv + optind + 1, environ };
	crypto_setup();
	status = sim_run(&options);
	/* without exit handlers, while threads still serve */
	fflush(stdout);
	_exit(status);
}
