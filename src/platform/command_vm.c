/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/tsm.h"
#include "base/cleanup.h"
#include "base/number.h"
#include "platform/commands.h"
#include "platform/quote_options.h"
#include "platform/vm_run.h"

#include <string.h>

#define PADDING_MAX 65536

DEFINE_AUTO_FREE(auto_platform, struct platform *, platform_free)

struct arguments {
	struct quote_options options;
	const char *provider;
	unsigned long padding;
	enum vm_fault fault;
};

enum { PROVIDER = 1, PADDING, FAULT };

static const struct option long_options[] = {
	{ "provider", required_argument, NULL, PROVIDER },
	{ "padding", required_argument, NULL, PADDING },
	{ "fault", required_argument, NULL, FAULT },
	QUOTE_LONG_OPTIONS,
	{ NULL, 0, NULL, 0 },
};

static bool set_fault(struct arguments *a, const char *value)
{
	static const char *const names[] = { [VM_FAULT_BUSY] = "busy",
		[VM_FAULT_REFUSED] = "refused",
		[VM_FAULT_TIMEOUT] = "timeout",
		[VM_FAULT_EMPTY] = "empty",
		[VM_FAULT_RACE] = "race" };
	for (size_t i = VM_FAULT_BUSY; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(value, names[i])) {
			a->fault = (enum vm_fault)i;
			return true;
		}
	}
	return usage_error(
		"\"%s\" is no fault: there are busy, refused, timeout, empty and race", value);
}

static bool set_option(struct arguments *a, int option, const char *value)
{
	switch (option) {
	case PROVIDER:
		a->provider = value;
		return *value || usage_error("--provider needs a name");
	case PADDING:
		return number_parse(value, PADDING_MAX, &a->padding) ||
		       usage_error("\"%s\" is no number up to %d", value, PADDING_MAX);
	case FAULT:
		return set_fault(a, value);
	case '?':
		return false; /* getopt_long has said why */
	default:
		return quote_options_set(&a->options, option, value);
	}
}

static bool parse(int argc, char **argv, struct arguments *a)
{
	int option;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (!set_option(a, option, optarg))
			return false;
	}
	if (!quote_options_check(&a->options))
		return false;
	if (optind >= argc || !*argv[optind])
		return usage_error("the folder of the platform is missing");
	return optind + 1 < argc ||
	       usage_error("the command is missing: DIR [options] -- COMMAND [argument...]");
}

/* Returns only on failure. */
static void run(const char *folder, struct arguments *a, char *const *command, struct error *err)
{
	AUTO(auto_platform) struct platform *platform = platform_open(folder, err);
	if (!platform)
		return;
	quote_options_complete_vm(&a->options, platform);
	/* what the command will find out only when it asks */
	AUTO(buf_free) struct buf quote = { 0 };
	if (!platform_put_quote_of(platform, &a->options.quote, &quote, err))
		return;
	const struct vm_kernel kernel = { platform, a->options.quote, a->provider, a->padding,
		a->fault };
	fprintf(stderr,
		"graphene-platform: SIMULATION of a confidential VM: it protects nothing, and its "
		"quotes verify with --trust-root %s/root_ca.pem alone\n",
		folder);
	int status;
	/* without exit handlers, while a thread still serves with this platform */
	if (vm_run(&kernel, command, &status, err))
		_exit(status);
}

int command_vm(int argc, char **argv)
{
	struct arguments a = { .provider = TSM_PROVIDER_TDX };
	quote_options_start(&a.options);
	a.options.quote.is_tdx = true;
	if (!parse(argc, argv, &a))
		return EXIT_USAGE;
	struct error err = { 0 };
	run(argv[optind], &a, argv + optind + 1, &err);
	return failure(&err);
}
