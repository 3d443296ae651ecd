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

#define TD_SEPT_VE_DISABLE (UINT64_C(1) << 28) /* set in all genuine VMs */

struct arguments {
	struct sgx_quote quote;
	uint8_t report_data[SGX_REPORT_DATA_SIZE];
	bool has_report_data;
	bool debug;
	bool for_enclave; /* an option was given that only enclaves have */
	bool for_vm;
	bool has_tee_tcb_svn;
	bool open_enclave;
};

enum {
	REPORT_DATA = 1,
	MRENCLAVE,
	MRSIGNER,
	PROD_ID,
	SVN,
	DEBUG,
	OPEN_ENCLAVE,
	QUOTE_VERSION,
	CERTIFICATION,
	TDX,
	TEE_TCB_SVN,
	MRTD,
	RTMR, /* the first of four */
};

static const struct option long_options[] = {
	{ "report-data", required_argument, NULL, REPORT_DATA },
	{ "mrenclave", required_argument, NULL, MRENCLAVE },
	{ "mrsigner", required_argument, NULL, MRSIGNER },
	{ "prod-id", required_argument, NULL, PROD_ID },
	{ "svn", required_argument, NULL, SVN },
	{ "debug", no_argument, NULL, DEBUG },
	{ "open-enclave", no_argument, NULL, OPEN_ENCLAVE },
	{ "quote-version", required_argument, NULL, QUOTE_VERSION },
	{ "certification", required_argument, NULL, CERTIFICATION },
	{ "tdx", no_argument, NULL, TDX },
	{ "tee-tcb-svn", required_argument, NULL, TEE_TCB_SVN },
	{ "mrtd", required_argument, NULL, MRTD },
	{ "rtmr0", required_argument, NULL, RTMR },
	{ "rtmr1", required_argument, NULL, RTMR + 1 },
	{ "rtmr2", required_argument, NULL, RTMR + 2 },
	{ "rtmr3", required_argument, NULL, RTMR + 3 },
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

static bool set_bytes(uint8_t *bytes, size_t size, const char *value)
{
	return hex_decode_exact(bytes, size, value) ||
	       usage_error("\"%s\" is not %zu bytes in hex", value, size);
}

static bool set_u16(uint16_t *number, const char *value)
{
	unsigned long parsed = 0;
	if (!number_parse(value, UINT16_MAX, &parsed))
		return usage_error("\"%s\" is no number up to 65535", value);
	*number = (uint16_t)parsed;
	return true;
}

static bool set_version(struct sgx_quote *quote, const char *value)
{
	return (set_u16(&quote->version, value) && quote->version >= SGX_QUOTE_VERSION_3 &&
		       quote->version <= SGX_QUOTE_VERSION_5) ||
	       usage_error("\"%s\" is no version of quotes: there are 3, 4 and 5", value);
}

static bool set_certification(struct sgx_quote *quote, const char *value)
{
	return (set_u16(&quote->cert_type, value) && quote->cert_type >= SGX_CERT_TYPE_PPID &&
		       quote->cert_type <= SGX_CERT_TYPE_PCK_CHAIN) ||
	       usage_error("\"%s\" is no type of certification data: there are 1 to 5", value);
}

static bool set_enclave_option(struct sgx_report_body *body, int option, const char *value)
{
	switch (option) {
	case MRENCLAVE:
		return set_bytes(body->mr_enclave, SGX_HASH_SIZE, value);
	case MRSIGNER:
		return set_bytes(body->mr_signer, SGX_HASH_SIZE, value);
	case PROD_ID:
		return set_u16(&body->isv_prod_id, value);
	default:
		return set_u16(&body->isv_svn, value);
	}
}

static bool set_vm_option(struct td_report *td, int option, const char *value)
{
	switch (option) {
	case TDX:
		return true;
	case TEE_TCB_SVN:
		return set_bytes(td->tee_tcb_svn, TD_SVN_SIZE, value);
	case MRTD:
		return set_bytes(td->mr_td, TD_HASH_SIZE, value);
	default:
		return set_bytes(td->rtmr[option - RTMR], TD_HASH_SIZE, value);
	}
}

static bool set_option(struct arguments *a, int option, const char *value)
{
	switch (option) {
	case REPORT_DATA:
		return set_report_data(a, value);
	case DEBUG:
		return a->debug = true;
	case OPEN_ENCLAVE:
		return a->open_enclave = true;
	case QUOTE_VERSION:
		return set_version(&a->quote, value);
	case CERTIFICATION:
		return set_certification(&a->quote, value);
	case MRENCLAVE:
	case MRSIGNER:
	case PROD_ID:
	case SVN:
		a->for_enclave = true;
		return set_enclave_option(&a->quote.report, option, value);
	case '?':
		return false; /* getopt_long has said why */
	default:
		a->for_vm = true;
		a->quote.is_tdx |= option == TDX;
		a->has_tee_tcb_svn |= option == TEE_TCB_SVN;
		return set_vm_option(&a->quote.td, option, value);
	}
}

static bool check(const struct arguments *a)
{
	if (!a->has_report_data)
		return usage_error("--report-data is missing");
	if (a->quote.is_tdx && a->for_enclave)
		return usage_error("--mrenclave, --mrsigner, --prod-id and --svn are of enclaves, "
				   "not of VMs (--tdx)");
	if (!a->quote.is_tdx && a->for_vm)
		return usage_error("--mrtd, --rtmr0 to --rtmr3 and --tee-tcb-svn are of VMs: add "
				   "--tdx");
	return !a->quote.is_tdx || a->quote.version != SGX_QUOTE_VERSION_3 ||
	       usage_error("VMs have quotes of version 4 or 5");
}

static bool parse(int argc, char **argv, struct arguments *a)
{
	int option;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (!set_option(a, option, optarg))
			return false;
	}
	if (!a->quote.version)
		a->quote.version = a->quote.is_tdx ? SGX_QUOTE_VERSION_4 : SGX_QUOTE_VERSION_3;
	return check(a);
}

static void complete_enclave(
	const struct arguments *a, struct platform *platform, struct sgx_report_body *body)
{
	platform_cpu_svn(platform, body->cpu_svn);
	body->attributes.flags =
		SGX_FLAG_INITTED | SGX_FLAG_MODE64BIT | (a->debug ? SGX_FLAG_DEBUG : 0);
	body->attributes.xfrm = XFRM;
	memcpy(body->report_data, a->report_data, sizeof(body->report_data));
}

static void complete_vm(const struct arguments *a, struct platform *platform, struct td_report *td)
{
	if (!a->has_tee_tcb_svn)
		platform_tee_tcb_svn(platform, td->tee_tcb_svn);
	td->is_1_5 = a->quote.version == SGX_QUOTE_VERSION_5;
	if (td->is_1_5)
		platform_tee_tcb_svn(platform, td->tee_tcb_svn_2);
	td->attributes = TD_SEPT_VE_DISABLE | (a->debug ? TD_ATTRIBUTE_DEBUG : 0);
	td->xfam = XFRM;
	memcpy(td->report_data, a->report_data, sizeof(td->report_data));
}

static bool put_quote(const char *folder, struct arguments *a, struct buf *out, struct error *err)
{
	struct platform *platform = platform_open(folder, err);
	if (!platform)
		return false;
	AUTO(buf_free) struct buf quote = { 0 };
	if (a->quote.is_tdx)
		complete_vm(a, platform, &a->quote.td);
	else
		complete_enclave(a, platform, &a->quote.report);
	bool made = platform_put_quote_of(platform, &a->quote, &quote, err);
	platform_free(platform);
	if (made && a->open_enclave)
		report_header_put(out, buf_bytes(&quote));
	else if (made)
		buf_put(out, quote.data, quote.size);
	return made;
}

int command_quote(int argc, char **argv)
{
	struct arguments a = { .quote.cert_type = SGX_CERT_TYPE_PCK_CHAIN };
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
