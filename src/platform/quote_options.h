/* SPDX-License-Identifier: Apache-2.0 */
/* Options that say what a quote is of, for all subcommands that make quotes. */
#ifndef PLATFORM_QUOTE_OPTIONS_H
#define PLATFORM_QUOTE_OPTIONS_H

#include "platform/platform.h"
#include "sgx/quote.h"

#include <getopt.h>

/* Codes for getopt; those of a subcommand's own options are below the first. */
enum quote_option {
	QUOTE_DEBUG = 128,
	QUOTE_VERSION,
	QUOTE_CERTIFICATION,
	QUOTE_TEE_TCB_SVN, /* from here on: of VMs alone */
	QUOTE_MRTD,
	QUOTE_RTMR, /* the first of four */
};

/* Elements of a table for getopt_long. */
#define QUOTE_LONG_OPTIONS                                                                         \
	{ "debug", no_argument, NULL, QUOTE_DEBUG },                                               \
		{ "quote-version", required_argument, NULL, QUOTE_VERSION },                       \
		{ "certification", required_argument, NULL, QUOTE_CERTIFICATION },                 \
		{ "tee-tcb-svn", required_argument, NULL, QUOTE_TEE_TCB_SVN },                     \
		{ "mrtd", required_argument, NULL, QUOTE_MRTD },                                   \
		{ "rtmr0", required_argument, NULL, QUOTE_RTMR },                                  \
		{ "rtmr1", required_argument, NULL, QUOTE_RTMR + 1 },                              \
		{ "rtmr2", required_argument, NULL, QUOTE_RTMR + 2 },                              \
	{                                                                                          \
		"rtmr3", required_argument, NULL, QUOTE_RTMR + 3                                   \
	}

#define QUOTE_XFRM 0xe7 /* what current processors offer */

struct quote_options {
	struct sgx_quote quote; /* is_tdx is for the subcommand to set */
	bool debug;
	bool for_vm; /* an option was given that only VMs have */
	bool has_tee_tcb_svn;
};

/* With a PCK chain; the version is chosen by quote_options_check. */
void quote_options_start(struct quote_options *options);
/* False, with a usage error, for a value that the option does not take. */
bool quote_options_set(struct quote_options *options, int option, const char *value);
/* To be called when all options are set. False, with a usage error, if they contradict. */
bool quote_options_check(struct quote_options *options);

/* Fills what the options do not say of the VM, but for the report data. */
void quote_options_complete_vm(struct quote_options *options, const struct platform *platform);

/* For values of other options: exactly `size` bytes in hex, a number up to 65535. */
bool quote_options_bytes(uint8_t *bytes, size_t size, const char *value);
bool quote_options_u16(uint16_t *number, const char *value);

#endif
