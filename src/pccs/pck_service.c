/* SPDX-License-Identifier: Apache-2.0 */
#include "pccs/pck_service.h"

#include "base/hex.h"
#include "dcap/pck_lookup.h"
#include "pccs/request.h"
#include "sgx/quote.h"

static void put_parameter(struct buf *url, const char *name, const void *data, size_t size)
{
	buf_printf(url, "%s=", name);
	hex_encode(url, data, size);
}

/* Lengths are fixed: who sends another encrypted PPID than that of RSA-3072 gets no answer. */
static bool put_question(
	const char *service, const struct pck_request *wanted, struct buf *url, struct error *err)
{
	const struct sgx_pck_name *name = wanted->name;
	const uint8_t pce_svn[] = { (uint8_t)name->pce_svn, (uint8_t)(name->pce_svn >> 8) };
	bool is_intels = pccs_is_intels(service);
	bool has_ppid = name->type == SGX_CERT_TYPE_PPID_RSA_3072;
	if (is_intels && !has_ppid)
		return error_set(err, ERROR_UNSUPPORTED,
			"Intel's service finds a platform only by its PPID encrypted with RSA-3072 "
			"(type 3): name a PCCS that knows the platform");
	buf_printf(url, "%spckcert?", service);
	put_parameter(url, "cpusvn", name->cpu_svn, sizeof(name->cpu_svn));
	put_parameter(url, "&pcesvn", pce_svn, sizeof(pce_svn));
	put_parameter(url, "&pceid", name->pce_id, sizeof(name->pce_id));
	if (has_ppid)
		put_parameter(url, "&encrypted_ppid", name->ppid.data, name->ppid.size);
	if (!is_intels)
		put_parameter(url, "&qeid", wanted->qe_id, SGX_QE_ID_SIZE);
	return true;
}

static const char *pck_address(const struct pccs_service *service)
{
	const struct qcnl *config = &service->config;
	return config->pck_service ? config->pck_service : config->service;
}

static bool fetch_certificate(const struct pccs_request *request, const struct pck_request *wanted,
	struct buf *pem, struct error *err)
{
	const char *service = pck_address(request->service);
	AUTO(buf_free) struct buf url = { 0 };
	AUTO(net_answer_free) struct net_answer answer = { 0 };
	if (!put_question(service, wanted, &url, err) ||
		!pccs_get(request, buf_text(&url), PCK_CHAIN_MAX, &answer, err))
		return false;
	buf_put(pem, answer.body.data, answer.body.size);
	buf_put_text(pem, "\n");
	return pccs_put_chain(&answer, "SGX-PCK-Certificate-Issuer-Chain", NULL, pem, err) ||
	       error_prefix(err, "%s", service);
}

bool pccs_pck_fetch(const struct pccs_service *service, const struct pck_request *wanted,
	const struct net_limits *limits, struct buf *pem, int64_t *end, struct error *err)
{
	const struct pccs_request request = { service, limits };
	AUTO(buf_free) struct buf crl = { 0 };
	AUTO(buf_free) struct buf found = { 0 };
	bool is_there = wanted->name ? fetch_certificate(&request, wanted, &found, err)
				     : pccs_get_pck_crl(&request, wanted->ca, &crl, &found, err);
	if (!is_there)
		return error_prefix(err, "PCK certificate");
	if (!pck_answer_check(wanted, buf_bytes(&found), end, err))
		return error_prefix(err, "answer of %s",
			wanted->name ? pck_address(service) : service->config.service);
	buf_put(pem, found.data, found.size);
	return true;
}
