/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/report_header.h"
#include "base/cleanup.h"
#include "base/hex.h"
#include "base/number.h"
#include "platform/commands.h"
#include "platform/platform.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XFRM 0xe7 /* what current processors offer */

struct arguments {
	struct sgx_report_body body;
	bool has_report_data;
	bool open_enclave;
};

enum { REPORT_DATA = 1, MRENCLAVE, MRSIGNER, PROD_ID, SVN, DEBUG, OPEN_ENCLAVE };

static const struct option long_options[] = {
	{ "report-data", required_argument, NULL, REPORT_DATA },
	{ "mrenclave", required_argument, NULL, MRENCLAVE },
	{ "mrsigner", required_argument, NULL, MRSIGNER },
	{ "prod-id", required_argument, NULL, PROD_ID },
	{ "svn", required_argument, NULL, SVN },
	{ "debug", no_argument, NULL, DEBUG },
	{ "open-enclave", no_argument, NULL, OPEN_ENCLAVE },
	{ NULL, 0, NULL, 0 },
};

static bool set_report_data(struct arguments *a, const char *value)
{
	AUTO(buf_free) struct buf data = { 0 };
	if (!hex_decode(&data, value, strlen(value)) || !data.size ||
		data.size > SGX_REPORT_DATA_SIZE)
		return usage_error("report data \"%s\" is not 1 to 64 bytes in hex", value);
	memset(a->body.report_data, 0, sizeof(a->body.report_data));
	memcpy(a->body.report_data, data.data, data.size);
	a->has_report_data = true;
	return true;
}

static bool set_hash(uint8_t hash[SGX_HASH_SIZE], const char *value)
{
	return hex_decode_exact(hash, SGX_HASH_SIZE, value) ||
	       usage_error("\"%s\" is not 32 bytes in hex", value);
}

static bool set_u16(uint16_t *number, const char *value)
{
	unsigned long parsed = 0;
	if (!number_parse(value, UINT16_MAX, &parsed))
		return usage_error("\"%s\" is no number up to 65535", value);
	*number = (uint16_t)parsed;
	return true;
}

static bool set_option(struct arguments *a, int option, const char *value)
{
	switch (option) {
	case REPORT_DATA:
		return set_report_data(a, value);
	case MRENCLAVE:
		return set_hash(a->body.mr_enclave, value);
	case MRSIGNER:
		return set_hash(a->body.mr_signer, value);
	case PROD_ID:
		return set_u16(&a->body.isv_prod_id, value);
	case SVN:
		return set_u16(&a->body.isv_svn, value);
	case DEBUG:
		a->body.attributes.flags |= SGX_FLAG_DEBUG;
		return true;
	case OPEN_ENCLAVE:
		a->open_enclave = true;
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
	return a->has_report_data || usage_error("--report-data is missing");
}

static bool put_quote(const char *folder, struct arguments *a, struct buf *out, struct error *err)
{
	struct platform *platform = platform_open(folder, err);
	if (!platform)
		return false;
	AUTO(buf_free) struct buf quote = { 0 };
	platform_cpu_svn(platform, a->body.cpu_svn);
	bool made = platform_put_quote(platform, &a->body, &quote, err);
	platform_free(platform);
	if (made && a->open_enclave)
		report_header_put(out, buf_bytes(&quote));
	else if (made)
		buf_put(out, quote.data, quote.size);
	return made;
}

int command_quote(int argc, char **argv)
{
	struct arguments a = { .body.attributes = { .flags = SGX_FLAG_INITTED | SGX_FLAG_MODE64BIT,
				       .xfrm = XFRM } };
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
