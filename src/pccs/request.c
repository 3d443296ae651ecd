/* SPDX-License-Identifier: Apache-2.0 */
#include "pccs/request.h"

#include "base/memory.h"
#include "net/url.h"

#include <string.h>

#define INTEL_HOST "api.trustedservices.intel.com"

#define FIRST_DELAY       1000 /* milliseconds */
#define DELAY_MAX         30000
#define STATUS_OK         200
#define STATUS_NOT_FOUND  404
#define STATUS_TOO_MANY   429
#define STATUS_ITS_FAULTS 500
#define STATUS_UNKNOWN    461 /* of a PCCS: platform, certificates */
#define STATUS_NO_CERTS   462

bool pccs_is_intels(const char *service)
{
	struct net_url url;
	return net_url_parse(service, &url, NULL) && !strcmp(url.address.host, INTEL_HOST);
}

/* Whether it looks like that of a PCCS, for SGX or TDX. */
static bool has_path_of_service(const char *url)
{
	return strstr(url, "/sgx/certification/") || strstr(url, "/tdx/certification/");
}

static bool check_status(unsigned status, const char *url, struct error *err)
{
	if (status == STATUS_OK)
		return true;
	if (status == STATUS_NOT_FOUND && !has_path_of_service(url))
		return error_set(err, ERROR_NOT_FOUND,
			"it has none (HTTP status %u), or is its address right "
			"(https://host:8081/sgx/certification/v4/)?",
			status);
	if (status == STATUS_NOT_FOUND || status == STATUS_UNKNOWN || status == STATUS_NO_CERTS)
		return error_set(err, ERROR_NOT_FOUND, "it has none (HTTP status %u)", status);
	if (status == STATUS_TOO_MANY || status >= STATUS_ITS_FAULTS)
		return error_set(err, ERROR_UNAVAILABLE,
			"it cannot answer at the moment (HTTP status %u)", status);
	return error_set(err, ERROR_INVALID,
		"it refuses the question (HTTP status %u): is its address right?", status);
}

static bool try_once(const struct pccs_request *request, const char *url, size_t max,
	struct net_answer *answer, struct error *err)
{
	const struct net_get get = {
		.tls = request->service->tls,
		.is_secure = request->service->config.is_secure,
		.by_proxy = true,
		.body_max = max,
		.limits = *request->limits,
	};
	struct error reason = { 0 };
	if (!net_get(&get, url, answer, &reason))
		return error_set(err, reason.kind, "%s%s", reason.message,
			reason.kind == ERROR_DENIED
				? ": name who certifies it (--collateral-ca), or do without "
				  "(USE_SECURE_CERT or --collateral-secure-cert FALSE)"
				: "");
	return check_status(answer->status, url, err) || error_prefix(err, "%s", url);
}

bool pccs_get(const struct pccs_request *request, const char *url, size_t max,
	struct net_answer *answer, struct error *err)
{
	const struct qcnl *config = &request->service->config;
	int delay = config->retry_delay ? (int)config->retry_delay * 1000 : FIRST_DELAY;
	for (uint32_t retries = 0;; retries++) {
		struct error reason = { 0 };
		if (try_once(request, url, max, answer, &reason))
			return true;
		net_answer_free(answer);
		if (reason.kind != ERROR_UNAVAILABLE || retries == config->retry_times ||
			!net_pause(delay, request->limits))
			return error_set(err, reason.kind, "%s", reason.message);
		if (!config->retry_delay && delay < DELAY_MAX)
			delay *= 2;
	}
}

bool pccs_put_chain(const struct net_answer *answer, const char *name, const char *other_name,
	struct buf *out, struct error *err)
{
	struct bytes value = net_answer_header(answer, name);
	if (!value.size && other_name)
		value = net_answer_header(answer, other_name);
	if (!value.size)
		return error_set(err, ERROR_INVALID, "its answer has no header %s", name);
	return net_url_put_decoded(out, value) ||
	       error_set(err, ERROR_INVALID, "the header %s is not percent-encoded", name);
}

bool pccs_get_pck_crl(const struct pccs_request *request, enum certificate_role ca, struct buf *crl,
	struct buf *chain, struct error *err)
{
	const struct qcnl *config = &request->service->config;
	AUTO(net_answer_free) struct net_answer answer = { 0 };
	AUTO(auto_free)
	char *url = xasprintf("%spckcrl?ca=%s%s", config->service,
		ca == CERTIFICATE_PLATFORM_CA ? "platform" : "processor",
		config->api == QCNL_API_3_0 ? "" : "&encoding=der");
	if (!pccs_get(request, url, CRL_MAX, &answer, err))
		return error_prefix(err, "PCK CRL");
	buf_put(crl, answer.body.data, answer.body.size);
	return pccs_put_chain(&answer, "SGX-PCK-CRL-Issuer-Chain", NULL, chain, err) ||
	       error_prefix(err, "PCK CRL: %s", url);
}
