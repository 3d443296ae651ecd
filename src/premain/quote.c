/* SPDX-License-Identifier: Apache-2.0 */
#include "premain/quote.h"

#include "attest/issuer.h"
#include "attest/report_header.h"
#include "attest/tsm.h"
#include "base/log.h"
#include "base/memory.h"
#include "sgx/quote.h"

/* The Coordinator will find everything else that is wrong with it; this is the host's doing. */
static void warn_without_chain(struct bytes bare)
{
	struct sgx_quote quote;
	if (sgx_quote_parse(bare, &quote, NULL) && quote.cert_type != SGX_CERT_TYPE_PCK_CHAIN)
		log_warn(
			"the quote carries no certificate chain (PCK), so only a Coordinator whose "
			"PCCS knows this host accepts it: configure the quote provider library "
			"(PCCS) on this host");
}

static bool get_quote(enum libos libos, const char *folder,
	const uint8_t report_data[SGX_REPORT_DATA_SIZE], struct buf *quote, struct error *err)
{
	return libos == LIBOS_VM ? tsm_get_quote(folder, report_data, quote, err)
				 : issuer_get_quote(folder, report_data, quote, err);
}

void quote_put(enum libos libos, const char *folder, X509 *cert, struct buf *out)
{
	uint8_t report_data[SGX_REPORT_DATA_SIZE] = { 0 };
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(buf_free) struct buf bare = { 0 };
	struct error err = { 0 };
	cert_put_der(cert, &der);
	sha256(der.data, der.size, report_data);
	if (get_quote(libos, folder, report_data, &bare, &err)) {
		warn_without_chain(buf_bytes(&bare));
		report_header_put(out, buf_bytes(&bare));
		return;
	}
	AUTO(auto_free)
	char *line =
		xasprintf("failed to get quote: %s. Proceeding in simulation mode", err.message);
	log_warn(line);
	log_warn("without a quote only a Coordinator that runs in simulation mode itself accepts "
		 "this Marble");
}
