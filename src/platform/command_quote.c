/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/report_header.h"
#include "base/cleanup.h"
#include "base/hex.h"
#include "platform/commands.h"
#include "platform/quote_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
	struct quote_options options;
	uint8_t report_data[SGX_REPORT_DATA_SIZE];
	bool has_report_data;
	bool for_enclave; /* an option was given that only enclaves have */
	bool open_enclave;
};

enum { REPORT_DATA = 1, MRENCLAVE, MRSIGNER, PROD_ID, SVN, OPEN_ENCLAVE, TDX };

static const struct option long_options[] = {
	{ "report-data", required_argument, NULL, REPORT_DATA },
	{ "mrenclave", required_argument, NULL, MRENCLAVE },
	{ "mrsigner", required_argument, NULL, MRSIGNER },
	{ "prod-id", required_argument, NULL, PROD_ID },
	{ "svn", required_argument, NULL, SVN },
	{ "open-enclave", no_argument, NULL, OPEN_ENCLAVE },
	{ "tdx", no_argument, NULL, TDX },
	QUOTE_LONG_OPTIONS,
	{ NULL, 0, NULL, 0 },
};

static bool set_report_data(struct arguments *a, const char *value)
{
	AUTO(buf_free) struct buf data = { 0 };
	if (!hex_decode(&data, value, strlen(value)) || !data.size ||
		data.size > SGX_REPORT_DATA_SIZE)
		return usage_error("report data \"%s\" is not 1 to 64 bytes in hex", value);
	memset(a->report_data, 0, sizeof(a->report_data));
	memcpy(a->report_data, data.data, data.size);
	a->has_report_data = true;
	return true;
}

static bool set_enclave_option(struct sgx_report_body *body, int option, const char *value)
{
	switch (option) {
	case MRENCLAVE:
		return quote_options_bytes(body->mr_enclave, SGX_HASH_SIZE, value);
	case MRSIGNER:
		return quote_options_bytes(body->mr_signer, SGX_HASH_SIZE, value);
	case PROD_ID:
		return quote_options_u16(&body->isv_prod_id, value);
	default:
		return quote_options_u16(&body->isv_svn, value);
	}
}

static bool set_option(struct arguments *a, int option, const char *value)
{
	switch (option) {
	case REPORT_DATA:
		return set_report_data(a, value);
	case OPEN_ENCLAVE:
		return a->open_enclave = true;
	case TDX:
		return a->options.quote.is_tdx = true;
	case MRENCLAVE:
	case MRSIGNER:
	case PROD_ID:
	case SVN:
		a->for_enclave = true;
		return set_enclave_option(&a->options.quote.report, option, value);
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
	if (!a->has_report_data)
		return usage_error("--report-data is missing");
	if (a->options.quote.is_tdx && a->for_enclave)
		return usage_error("--mrenclave, --mrsigner, --prod-id and --svn are of enclaves, "
				   "not of VMs (--tdx)");
	return quote_options_check(&a->options);
}

static void complete_enclave(
	const struct arguments *a, struct platform *platform, struct sgx_report_body *body)
{
	platform_cpu_svn(platform, body->cpu_svn);
	body->attributes.flags =
		SGX_FLAG_INITTED | SGX_FLAG_MODE64BIT | (a->options.debug ? SGX_FLAG_DEBUG : 0);
	body->attributes.xfrm = QUOTE_XFRM;
	memcpy(body->report_data, a->report_data, sizeof(body->report_data));
}

static bool put_quote(const char *folder, struct arguments *a, struct buf *out, struct error *err)
{
	struct platform *platform = platform_open(folder, err);
	if (!platform)
		return false;
	AUTO(buf_free) struct buf quote = { 0 };
	struct sgx_quote *of = &a->options.quote;
	quote_options_complete_vm(&a->options, platform);
	memcpy(of->td.report_data, a->report_data, sizeof(of->td.report_data));
	complete_enclave(a, platform, &of->report);
	bool made = platform_put_quote_of(platform, of, &quote, err);
	platform_free(platform);
	if (made && a->open_enclave)
		report_header_put(out, buf_bytes(&quote));
	else if (made)
		buf_put(out, quote.data, quote.size);
	return made;
}

int command_quote(int argc, char **argv)
{
	struct arguments a = { 0 };
	quote_options_start(&a.options);
	const char *folder = parse(argc, argv, &a) ? folder_operand(argc, argv) : NULL;
	if (!folder)
		return EXIT_USAGE;
	if (isatty(STDOUT_FILENO)) {
		usage_error("a quote is binary: redirect stdout to a file");
		return EXIT_USAGE;
	}
	AUTO(buf_free) struct buf out = { 0 };
	struct error err = { 0 };
	if (!put_quote(folder, &a, &out, &err))
		return failure(&err);
	fwrite(out.data, 1, out.size, stdout); /* main looks at errors of stdout */
	return EXIT_SUCCESS;
}
