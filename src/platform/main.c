/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graphene-platform: makes simulated SGX platforms, shows them, makes quotes with them and runs
 * commands as if in a confidential VM on them.
 */
#include "crypto/openssl.h"
#include "platform/commands.h"

#include <getopt.h>
#include <stdarg.h>
#include <string.h>

static const char help[] =
	"usage: graphene-platform COMMAND DIR [options]\n"
	"\n"
	"Simulated SGX platforms for machines without SGX: quotes and collateral in the formats of\n"
	"Intel's DCAP. They protect nothing, and a verifier accepts them only if it is told to trust\n"
	"DIR/root_ca.pem.\n"
	"\n"
	"init DIR: makes a platform in the new folder DIR\n"
	"  --tcb-status NAME      what verifiers report of it: UpToDate (default),\n"
	"                         SWHardeningNeeded, ConfigurationNeeded,\n"
	"                         ConfigurationAndSWHardeningNeeded, OutOfDate,\n"
	"                         OutOfDateConfigurationNeeded or Revoked\n"
	"  --advisory ID          an advisory on that status, as INTEL-SA-00615; repeatable\n"
	"  --qe-tcb-status NAME   of its Quoting Enclave: UpToDate (default), OutOfDate, Revoked\n"
	"  --revoke-pck           puts the PCK certificate on its revocation list\n"
	"  --evaluation-number N  TCB evaluation data number of the collateral (default 17)\n"
	"  --issued-at TIME       date of the collateral, as 2024-05-16T00:00:00Z (default now)\n"
	"  --valid-for DAYS       validity of the collateral (default 30)\n"
	"  --fmspc HEX            family of the machine, 12 digits (default 53494d000000)\n"
	"  --refresh              issues the collateral of the existing platform DIR anew; options\n"
	"                         that are not given take their defaults again\n"
	"\n"
	"show DIR: prints what verifiers will find: TCB, status, validity\n"
	"\n"
	"quote DIR: writes a quote to stdout, as if an enclave, or a VM, had asked for it\n"
	"  --report-data HEX      1 to 64 bytes, filled up with zeros; required\n"
	"  --mrenclave HEX        32 bytes (default zeros)\n"
	"  --mrsigner HEX         32 bytes (default zeros)\n"
	"  --prod-id N            ISVPRODID (default 0)\n"
	"  --svn N                ISVSVN (default 0)\n"
	"  --debug                a debug enclave, or VM\n"
	"  --quote-version N      3, 4 or 5 (default 3; with --tdx 4)\n"
	"  --certification N      what vouches for the quote: 1 to 3 the name of the platform,\n"
	"                         4 its PCK certificate, 5 the chain of it (default 5)\n"
	"  --tdx                  a TDX confidential VM: instead of the four of an enclave\n"
	"    --mrtd HEX           48 bytes (default zeros), as the next four\n"
	"    --rtmr0 HEX, --rtmr1 HEX, --rtmr2 HEX, --rtmr3 HEX\n"
	"    --tee-tcb-svn HEX    16 bytes, to claim another TDX module than the machine's\n"
	"  --open-enclave         puts the Open Enclave report header in front\n"
	"\n"
	"serve DIR: a PCCS with the collateral of the platform, until it is ended\n"
	"  --listen HOST:PORT     where (default localhost:8081)\n"
	"  --dns-names LIST       names and IPs in its certificate, DIR/pccs.pem\n"
	"                         (default localhost,127.0.0.1,::1)\n"
	"\n"
	"vm DIR [options] -- COMMAND [argument...]: runs a command that sees, at /sys/kernel/config/tsm,\n"
	"what a TDX confidential VM on the platform would. Quotes are as the options of quote say:\n"
	"--mrtd, --rtmr0 to --rtmr3, --tee-tcb-svn, --debug, --quote-version, --certification; and\n"
	"  --provider NAME        another kind of VM, as sev_guest (default tdx_guest)\n"
	"  --padding N            zeros behind the quote, up to 65536 (default 0)\n"
	"  --fault NAME           no quotes: busy, refused, timeout, empty, as a host fails; or race, as\n"
	"                         if another process wrote to the same report\n"
	"\n"
	"--help, --version\n";

/* What getopt_long puts in front of its messages comes along as the subcommand's argv[0]. */
static const struct command {
	const char *name;
	const char *full_name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "init", "graphene-platform init", command_init },
	{ "quote", "graphene-platform quote", command_quote },
	{ "serve", "graphene-platform serve", command_serve },
	{ "show", "graphene-platform show", command_show },
	{ "vm", "graphene-platform vm", command_vm },
};

bool usage_error(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("graphene-platform: ", stderr);
	vfprintf(stderr, format, args);
	fputs("\ntry graphene-platform --help\n", stderr);
	va_end(args);
	return false;
}

int failure(const struct error *err)
{
	fprintf(stderr, "graphene-platform: %s\n", err->message);
	return EXIT_FAILURE;
}

const char *folder_operand(int argc, char **argv)
{
	if (optind >= argc || !*argv[optind])
		usage_error("the folder of the platform is missing");
	else if (optind + 1 < argc)
		usage_error("\"%s\" is one operand too many", argv[optind + 1]);
	else
		return argv[optind];
	return NULL;
}

/* Results that did not reach stdout, as on a full disk, are no success. */
static int close_stdout(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "graphene-platform: cannot write the result: %m\n");
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	crypto_setup();
	const char *name = argc > 1 ? argv[1] : "";
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help")) {
			fputs(help, stdout);
			return close_stdout(EXIT_SUCCESS);
		}
	}
	if (!strcmp(name, "--version")) {
		puts("graphene-platform " MARBLERUN_VERSION);
		return close_stdout(EXIT_SUCCESS);
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(name, commands[i].name)) {
			argv[1] = (char *)commands[i].full_name;
			return close_stdout(commands[i].run(argc - 1, argv + 1));
		}
	}
	if (*name)
		usage_error("\"%s\" is no command", name);
	else
		usage_error("a command is expected: init, show, quote, serve or vm");
	return EXIT_USAGE;
}
