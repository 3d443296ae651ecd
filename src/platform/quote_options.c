/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/quote_options.h"

#include "base/hex.h"
#include "base/number.h"
#include "platform/commands.h"

#define TD_SEPT_VE_DISABLE (UINT64_C(1) << 28) /* set in all genuine VMs */

void quote_options_start(struct quote_options *options)
{
	*options = (struct quote_options){ .quote.cert_type = SGX_CERT_TYPE_PCK_CHAIN };
}

bool quote_options_bytes(uint8_t *bytes, size_t size, const char *value)
{
	return hex_decode_exact(bytes, size, value) ||
	       usage_error("\"%s\" is not %zu bytes in hex", value, size);
}

bool quote_options_u16(uint16_t *number, const char *value)
{
	unsigned long parsed = 0;
	if (!number_parse(value, UINT16_MAX, &parsed))
		return usage_error("\"%s\" is no number up to 65535", value);
	*number = (uint16_t)parsed;
	return true;
}

static bool set_version(struct sgx_quote *quote, const char *value)
{
	return (quote_options_u16(&quote->version, value) &&
		       quote->version >= SGX_QUOTE_VERSION_3 &&
		       quote->version <= SGX_QUOTE_VERSION_5) ||
	       usage_error("\"%s\" is no version of quotes: there are 3, 4 and 5", value);
}

static bool set_certification(struct sgx_quote *quote, const char *value)
{
	return (quote_options_u16(&quote->cert_type, value) &&
		       quote->cert_type >= SGX_CERT_TYPE_PPID &&
		       quote->cert_type <= SGX_CERT_TYPE_PCK_CHAIN) ||
	       usage_error("\"%s\" is no type of certification data: there are 1 to 5", value);
}

static bool set_vm_option(struct td_report *td, int option, const char *value)
{
	switch (option) {
	case QUOTE_TEE_TCB_SVN:
		return quote_options_bytes(td->tee_tcb_svn, TD_SVN_SIZE, value);
	case QUOTE_MRTD:
		return quote_options_bytes(td->mr_td, TD_HASH_SIZE, value);
	default:
		return quote_options_bytes(td->rtmr[option - QUOTE_RTMR], TD_HASH_SIZE, value);
	}
}

bool quote_options_set(struct quote_options *options, int option, const char *value)
{
	switch (option) {
	case QUOTE_DEBUG:
		return options->debug = true;
	case QUOTE_VERSION:
		return set_version(&options->quote, value);
	case QUOTE_CERTIFICATION:
		return set_certification(&options->quote, value);
	default:
		options->for_vm = true;
		options->has_tee_tcb_svn |= option == QUOTE_TEE_TCB_SVN;
		return set_vm_option(&options->quote.td, option, value);
	}
}

bool quote_options_check(struct quote_options *options)
{
	struct sgx_quote *quote = &options->quote;
	if (!quote->is_tdx && options->for_vm)
		return usage_error("--mrtd, --rtmr0 to --rtmr3 and --tee-tcb-svn are of VMs: add "
				   "--tdx");
	if (!quote->version)
		quote->version = quote->is_tdx ? SGX_QUOTE_VERSION_4 : SGX_QUOTE_VERSION_3;
	return !quote->is_tdx || quote->version != SGX_QUOTE_VERSION_3 ||
	       usage_error("VMs have quotes of version 4 or 5");
}

void quote_options_complete_vm(struct quote_options *options, const struct platform *platform)
{
	struct td_report *td = &options->quote.td;
	if (!options->has_tee_tcb_svn)
		platform_tee_tcb_svn(platform, td->tee_tcb_svn);
	td->is_1_5 = options->quote.version == SGX_QUOTE_VERSION_5;
	if (td->is_1_5)
		platform_tee_tcb_svn(platform, td->tee_tcb_svn_2);
	td->attributes = TD_SEPT_VE_DISABLE | (options->debug ? TD_ATTRIBUTE_DEBUG : 0);
	td->xfam = QUOTE_XFRM;
}
