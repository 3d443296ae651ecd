/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/memory.h"
#include "base/number.h"
#include "platform/commands.h"
#include "platform/platform.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY      INT64_C(86400)
#define DAYS_MAX 36500

struct arguments {
	struct platform_options options;
	const char **advisories;
	size_t advisory_count;
	bool has_fmspc;
	bool refresh;
};

enum {
	TCB_STATUS = 1,
	QE_TCB_STATUS,
	ADVISORY,
	REVOKE_PCK,
	EVALUATION_NUMBER,
	ISSUED_AT,
	VALID_FOR,
	FMSPC,
	REFRESH,
};

static const struct option long_options[] = {
	{ "tcb-status", required_argument, NULL, TCB_STATUS },
	{ "qe-tcb-status", required_argument, NULL, QE_TCB_STATUS },
	{ "advisory", required_argument, NULL, ADVISORY },
	{ "revoke-pck", no_argument, NULL, REVOKE_PCK },
	{ "evaluation-number", required_argument, NULL, EVALUATION_NUMBER },
	{ "issued-at", required_argument, NULL, ISSUED_AT },
	{ "valid-for", required_argument, NULL, VALID_FOR },
	{ "fmspc", required_argument, NULL, FMSPC },
	{ "refresh", no_argument, NULL, REFRESH },
	{ NULL, 0, NULL, 0 },
};

static bool set_status(enum tcb_status *status, const char *value)
{
	return tcb_status_from_name(value, status) ||
	       usage_error("\"%s\" is no TCB status; UpToDate is one, for example", value);
}

static bool set_evaluation_number(struct platform_options *options, const char *value)
{
	unsigned long number = 0;
	if (!number_parse(value, UINT32_MAX, &number))
		return usage_error("\"%s\" is no evaluation number", value);
	options->tcb_evaluation_number = (uint32_t)number;
	return true;
}

static bool set_valid_for(struct platform_options *options, const char *value)
{
	unsigned long days = 0;
	if (!number_parse(value, DAYS_MAX, &days) || !days)
		return usage_error("\"%s\" is no number of days from 1 to %d", value, DAYS_MAX);
	options->valid_for = (int64_t)days * DAY;
	return true;
}

static bool set_issued_at(struct platform_options *options, const char *value)
{
	/* 0 would mean now */
	return (clock_parse_utc(value, &options->issued_at) && options->issued_at > 0) ||
	       usage_error("\"%s\" is no time of the form 2024-05-16T00:00:00Z", value);
}

static bool set_fmspc(struct arguments *a, const char *value)
{
	a->has_fmspc = true;
	return hex_decode_exact(a->options.fmspc, sizeof(a->options.fmspc), value) ||
	       usage_error("\"%s\" is no FMSPC, which has 12 hex digits", value);
}

static bool set_option(struct arguments *a, int option, const char *value)
{
	switch (option) {
	case TCB_STATUS:
		return set_status(&a->options.tcb_status, value);
	case QE_TCB_STATUS:
		return set_status(&a->options.qe_status, value);
	case ADVISORY:
		a->advisories[a->advisory_count++] = value;
		return true;
	case REVOKE_PCK:
		a->options.pck_revoked = true;
		return true;
	case EVALUATION_NUMBER:
		return set_evaluation_number(&a->options, value);
	case ISSUED_AT:
		return set_issued_at(&a->options, value);
	case VALID_FOR:
		return set_valid_for(&a->options, value);
	case FMSPC:
		return set_fmspc(a, value);
	case REFRESH:
		a->refresh = true;
		return true;
	default:
		return false; /* getopt_long has said why */
	}
}

static bool parse(int argc, char **argv, struct arguments *a)
{
	int option;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (!set_option(a, option, optarg))
			return false;
	}
	return !a->refresh || !a->has_fmspc ||
	       usage_error("--refresh keeps the PCK certificate and with it the FMSPC: for another "
			   "--fmspc make a new platform");
}

int command_init(int argc, char **argv)
{
	/* there cannot be more advisories than arguments; the last entry stays NULL */
	AUTO(auto_free) const char **advisories = xcalloc((size_t)argc + 1, sizeof(*advisories));
	struct arguments a = { .options = platform_default_options, .advisories = advisories };
	a.options.advisories = advisories;
	const char *folder = parse(argc, argv, &a) ? folder_operand(argc, argv) : NULL;
	if (!folder)
		return EXIT_USAGE;
	struct error err = { 0 };
	if (!platform_init(folder, &a.options, a.refresh, &err))
		return failure(&err);
	printf("SIMULATED platform %s %s\n"
	       "root to trust: %s/root_ca.pem\n"
	       "collateral: %s/collateral\n",
		folder, a.refresh ? "has new collateral" : "made", folder, folder);
	return EXIT_SUCCESS;
}
