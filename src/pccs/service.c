/* SPDX-License-Identifier: Apache-2.0 */
#include "pccs/service.h"

#include "base/hex.h"
#include "base/memory.h"
#include "crypto/cert.h"
#include "dcap/collateral_folder.h"
#include "net/url.h"
#include "pccs/request.h"

#include <string.h>

/* Intel's own service has the root's CRL elsewhere; a PCCS has it beside the rest. */
#define INTEL_ROOT_CRL "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"

#define SGX_PATH "/sgx/"

bool pccs_service_open(
	struct pccs_service *service, struct qcnl *config, const char *ca_file, struct error *err)
{
	struct net_url url;
	*service = (struct pccs_service){ .config = *config };
	*config = (struct qcnl){ 0 };
	if (net_url_parse(service->config.service, &url, err))
		service->tls = net_get_tls(service->config.is_secure, ca_file, err);
	if (service->tls)
		return true;
	pccs_service_close(service);
	return error_prefix(err, "collateral service");
}

void pccs_service_close(struct pccs_service *service)
{
	SSL_CTX_free(service->tls);
	qcnl_free(&service->config);
	*service = (struct pccs_service){ 0 };
}

void pccs_set_free(struct pccs_set *set)
{
	for (size_t i = 0; i < COLLATERAL_FILES; i++)
		buf_free(&set->files[i]);
	buf_free(&set->pck_crl_chain);
}

/* One fetch on its way. */
struct fetch {
	const struct pccs_service *service;
	const struct pccs_wanted *wanted;
	const struct pccs_request *request;
};

/* The service's address for SGX, or the one for TDX that belongs to it. */
static bool put_base(const struct fetch *fetch, struct buf *out, struct error *err)
{
	const char *base = fetch->service->config.service;
	const char *sgx = strstr(base, SGX_PATH);
	if (!fetch->wanted->is_tdx) {
		buf_put_text(out, base);
		return true;
	}
	if (!sgx)
		return error_set(err, ERROR_UNSUPPORTED,
			"the address %s has no \"" SGX_PATH "\" in it, so that of its collateral "
			"for TDX is not known",
			base);
	buf_put(out, base, (size_t)(sgx - base));
	buf_printf(out, "/tdx/%s", sgx + strlen(SGX_PATH));
	return true;
}

/* A signed document and the chain of who signed it. */
static bool fetch_document(const struct fetch *fetch, const struct buf *url,
	enum collateral_file file, const char *header, const char *other_header,
	struct pccs_set *out, struct error *err)
{
	AUTO(net_answer_free) struct net_answer answer = { 0 };
	if (!pccs_get(fetch->request, buf_text(url), collateral_file_max(file), &answer, err))
		return false;
	out->files[file] = buf_take(&answer.body);
	/* the chain of a document is the next file */
	return pccs_put_chain(&answer, header, other_header, &out->files[file + 1], err) ||
	       error_prefix(err, "%s", buf_text(url));
}

static bool fetch_tcb_info(const struct fetch *fetch, struct pccs_set *out, struct error *err)
{
	char digits[2 * PCK_FMSPC_SIZE + 1];
	AUTO(buf_free) struct buf url = { 0 };
	if (!put_base(fetch, &url, err))
		return false;
	hex_format(digits, fetch->wanted->fmspc, PCK_FMSPC_SIZE);
	buf_printf(&url, "tcb?fmspc=%s%s", digits,
		fetch->service->config.wants_early ? "&update=early" : "");
	return fetch_document(fetch, &url, COLLATERAL_TCB_INFO, "TCB-Info-Issuer-Chain",
		       "SGX-TCB-Info-Issuer-Chain", out, err) ||
	       error_prefix(err, "TCB info of platforms with FMSPC %s", digits);
}

static bool fetch_qe_identity(const struct fetch *fetch, struct pccs_set *out, struct error *err)
{
	AUTO(buf_free) struct buf url = { 0 };
	if (!put_base(fetch, &url, err))
		return false;
	buf_printf(
		&url, "qe/identity%s", fetch->service->config.wants_early ? "?update=early" : "");
	return fetch_document(fetch, &url, COLLATERAL_QE_IDENTITY,
		       "SGX-Enclave-Identity-Issuer-Chain", NULL, out, err) ||
	       error_prefix(err, "QE identity");
}

static bool fetch_pck_crl(const struct fetch *fetch, struct pccs_set *out, struct error *err)
{
	return pccs_get_pck_crl(fetch->request, fetch->wanted->pck_ca->role,
		&out->files[COLLATERAL_PCK_CRL], &out->pck_crl_chain, err);
}

/* The first URL at which a certificate says that its issuer's CRL is. */
static bool put_distribution_point(const struct certificate *certificate, struct buf *out)
{
	AUTO(auto_x509) X509 *x509 = cert_read(buf_bytes(&certificate->der), NULL);
	CRL_DIST_POINTS *points =
		x509 ? X509_get_ext_d2i(x509, NID_crl_distribution_points, NULL, NULL) : NULL;
	const DIST_POINT *point =
		sk_DIST_POINT_num(points) > 0 ? sk_DIST_POINT_value(points, 0) : NULL;
	if (point && point->distpoint && point->distpoint->type == 0 &&
		sk_GENERAL_NAME_num(point->distpoint->name.fullname) > 0) {
		const GENERAL_NAME *name =
			sk_GENERAL_NAME_value(point->distpoint->name.fullname, 0);
		if (name->type == GEN_URI)
			buf_put(out, ASN1_STRING_get0_data(name->d.uniformResourceIdentifier),
				(size_t)ASN1_STRING_length(name->d.uniformResourceIdentifier));
	}
	CRL_DIST_POINTS_free(points);
	return out->size > 0;
}

static bool get_crl_by_uri(const struct fetch *fetch, struct net_answer *answer, struct error *err)
{
	AUTO(buf_free) struct buf point = { 0 };
	AUTO(buf_free) struct buf url = { 0 };
	if (!put_distribution_point(&fetch->wanted->anchor->root, &point))
		return error_set(
			err, ERROR_INVALID, "the root certificate does not say where its CRL is");
	buf_printf(&url, "%scrl?uri=", fetch->service->config.service);
	net_url_put_escaped(&url, buf_text(&point));
	return pccs_get(fetch->request, buf_text(&url), CRL_MAX, answer, err);
}

static bool get_root_crl(const struct fetch *fetch, struct net_answer *answer, struct error *err)
{
	const struct qcnl *config = &fetch->service->config;
	if (pccs_is_intels(config->service))
		return pccs_get(fetch->request, INTEL_ROOT_CRL, CRL_MAX, answer, err);
	if (config->api == QCNL_API_3_1)
		return get_crl_by_uri(fetch, answer, err);
	AUTO(auto_free) char *url = xasprintf("%srootcacrl", config->service);
	struct error reason = { 0 };
	if (pccs_get(fetch->request, url, CRL_MAX, answer, &reason))
		return true;
	if (config->api == QCNL_API_ANY && reason.kind == ERROR_NOT_FOUND)
		return get_crl_by_uri(fetch, answer, err);
	return error_set(err, reason.kind, "%s", reason.message);
}

static bool fetch_root_crl(const struct fetch *fetch, struct pccs_set *out, struct error *err)
{
	AUTO(net_answer_free) struct net_answer answer = { 0 };
	if (!get_root_crl(fetch, &answer, err))
		return error_prefix(err, "root CRL");
	out->files[COLLATERAL_ROOT_CRL] = buf_take(&answer.body);
	return true;
}

bool pccs_service_fetch(const struct pccs_service *service, const struct pccs_wanted *wanted,
	const struct net_limits *limits, struct pccs_set *out, struct error *err)
{
	const struct pccs_request request = { service, limits };
	const struct fetch fetch = { service, wanted, &request };
	*out = (struct pccs_set){ 0 };
	return fetch_tcb_info(&fetch, out, err) && fetch_qe_identity(&fetch, out, err) &&
	       fetch_pck_crl(&fetch, out, err) && fetch_root_crl(&fetch, out, err);
}

struct collateral *pccs_wanted_verify(const struct pccs_wanted *wanted, const char *service,
	const struct buf files[COLLATERAL_FILES], int64_t now, struct error *err)
{
	static const char remedy[] = "the service has nothing newer: ask its operator";
	AUTO(auto_collateral)
	struct collateral *set =
		collateral_new(service, remedy, files, wanted->anchor, wanted->pck_ca, err);
	if (!set || !collateral_check_dates(set, now, err))
		return NULL;
	if (set->tcb_info.is_tdx != wanted->is_tdx || set->qe_identity.is_td_qe != wanted->is_tdx) {
		error_set(err, ERROR_DENIED, "not all of it is for %s, as was asked for",
			wanted->is_tdx ? "TDX" : "SGX");
		return NULL;
	}
	if (memcmp(set->tcb_info.fmspc, wanted->fmspc, PCK_FMSPC_SIZE) != 0) {
		char has[2 * PCK_FMSPC_SIZE + 1];
		char asked[2 * PCK_FMSPC_SIZE + 1];
		hex_format(has, set->tcb_info.fmspc, PCK_FMSPC_SIZE);
		hex_format(asked, wanted->fmspc, PCK_FMSPC_SIZE);
		error_set(err, ERROR_DENIED,
			"TCB info is for FMSPC %s instead of %s, which was asked for", has, asked);
		return NULL;
	}
	return TAKE(set);
}
