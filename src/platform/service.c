/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/service.h"

#include "base/hex.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/number.h"
#include "dcap/json_field.h"
#include "dcap/signed_document.h"
#include "http/target.h"
#include "net/url.h"
#include "platform/extension.h"
#include "platform/folder.h"
#include "platform/machine.h"
#include "platform/pki.h"
#include "platform/platform.h"
#include "platform/ppid.h"
#include "platform/tcb_info_v2.h"

#include <string.h>

#define FMSPC_DIGITS 12

enum status {
	OK = 200,
	WRONG_PARAMETER = 400,
	NOT_FOUND = 404,
	WRONG_METHOD = 405,
	NUMBER_IS_GONE = 410,
	OUR_FAULT = 500,
};

/* One request on its way. */
struct exchange {
	struct platform_service *service;
	bool is_tdx;
	unsigned version; /* of the API */
	const char *query;
	struct http_response *response;
};

bool platform_service_open(struct platform_service *service, const char *folder, struct error *err)
{
	*service = (struct platform_service){ .folder = folder };
	struct platform *platform = platform_open(folder, err);
	if (!platform)
		return false;
	platform_qe_id(platform, service->qe_id);
	platform_free(platform);
	service->tcb_signing_key = platform_load_key(folder, PLATFORM_TCB_SIGNING_KEY, err);
	return service->tcb_signing_key != NULL;
}

void platform_service_close(struct platform_service *service)
{
	EVP_PKEY_free(service->tcb_signing_key);
	for (size_t i = 0; i < sizeof(service->values) / sizeof(service->values[0]); i++)
		buf_free(&service->values[i]);
}

/* Each answer has at most one header for each of the service's values, and Content-Type. */
static struct buf *add_header(struct exchange *exchange, const char *name, size_t value)
{
	struct buf *text = &exchange->service->values[value];
	buf_clear(text);
	exchange->response->headers[exchange->response->header_count++] =
		(struct http_header){ name, "" };
	return text;
}

/* The header's text is complete. */
static void set_value(struct exchange *exchange, const struct buf *text)
{
	exchange->response->headers[exchange->response->header_count - 1].value = buf_text(text);
}

static void set_type(struct exchange *exchange, const char *type)
{
	exchange->response->headers[exchange->response->header_count++] =
		(struct http_header){ "Content-Type", type };
}

static enum status our_fault(const struct error *err)
{
	log_error("A request cannot be answered", "error", err->message);
	return OUR_FAULT;
}

static bool get_parameter(const struct exchange *exchange, const char *name, struct buf *out)
{
	return http_query_get(exchange->query, name, out);
}

static bool is_hex(const struct buf *text, size_t digits)
{
	AUTO(buf_free) struct buf bytes = { 0 };
	return text->size == digits && hex_decode(&bytes, buf_text(text), digits);
}

/* Appends a file of the collateral for the technology that is asked for. */
static enum status load(
	const struct exchange *exchange, const char *name, struct buf *out, struct error *err)
{
	const char *file = name + strlen(PLATFORM_COLLATERAL "/");
	AUTO(auto_free) char *tdx = xasprintf(PLATFORM_TDX_COLLATERAL "/%s", file);
	if (platform_load(exchange->service->folder, exchange->is_tdx ? tdx : name, out, err))
		return OK;
	/* a platform may have no TDX; everything else it has */
	return exchange->is_tdx && err->kind == ERROR_NOT_FOUND ? NOT_FOUND : our_fault(err);
}

static enum status add_chain(struct exchange *exchange, const char *header, const char *file)
{
	AUTO(buf_free) struct buf chain = { 0 };
	struct error err = { 0 };
	enum status status = load(exchange, file, &chain, &err);
	if (status != OK)
		return status;
	struct buf *value = add_header(exchange, header, 0);
	net_url_put_escaped(value, buf_text(&chain));
	set_value(exchange, value);
	return OK;
}

static bool find_evaluation_number(
	struct bytes text, const char *name, unsigned long *number, struct error *err)
{
	struct signed_document document;
	AUTO(json_tree_free) struct json_tree tree = { 0 };
	uint32_t found = 0;
	bool good = signed_document_find(text, name, &document, err) &&
		    json_tree_read(document.body, &tree, err) &&
		    json_field_uint(json_tree_root(&tree), "tcbEvaluationDataNumber", UINT32_MAX,
			    &found, err);
	*number = found;
	return good;
}

/* The parameters `update` and `tcbEvaluationDataNumber` of which there may be one. */
static enum status check_edition(
	const struct exchange *exchange, struct bytes text, const char *name)
{
	AUTO(buf_free) struct buf update = { 0 };
	AUTO(buf_free) struct buf number = { 0 };
	unsigned long wanted;
	unsigned long served;
	struct error err = { 0 };
	bool has_update = get_parameter(exchange, "update", &update);
	bool has_number = get_parameter(exchange, "tcbEvaluationDataNumber", &number);
	if (has_update && (has_number || (strcmp(buf_text(&update), "standard") != 0 &&
						 strcmp(buf_text(&update), "early") != 0)))
		return WRONG_PARAMETER;
	if (!has_number)
		return OK;
	if (!number_parse(buf_text(&number), UINT32_MAX, &wanted))
		return WRONG_PARAMETER;
	if (!find_evaluation_number(text, name, &served, &err))
		return our_fault(&err);
	return wanted == served ? OK : wanted < served ? NUMBER_IS_GONE : NOT_FOUND;
}

static enum status put_document(struct exchange *exchange, const char *file, const char *name)
{
	struct buf *body = &exchange->response->body;
	struct error err = { 0 };
	enum status status = load(exchange, file, body, &err);
	if (status == OK)
		status = check_edition(exchange, buf_bytes(body), name);
	return status;
}

static bool is_ours(const struct exchange *exchange, const char *fmspc, struct error *err)
{
	struct pck_extension machine;
	uint8_t wanted[PCK_FMSPC_SIZE];
	AUTO(auto_x509)
	X509 *pck = platform_load_cert(exchange->service->folder, PLATFORM_PCK, err);
	return pck && platform_extension_of(pck, &machine, err) &&
	       hex_decode_exact(wanted, sizeof(wanted), fmspc) &&
	       !memcmp(machine.fmspc, wanted, sizeof(wanted));
}

static enum status answer_tcb(struct exchange *exchange)
{
	AUTO(buf_free) struct buf fmspc = { 0 };
	struct error err = { 0 };
	if (!get_parameter(exchange, "fmspc", &fmspc) || !is_hex(&fmspc, FMSPC_DIGITS))
		return WRONG_PARAMETER;
	if (!is_ours(exchange, buf_text(&fmspc), &err))
		return err.kind ? our_fault(&err) : NOT_FOUND;
	enum status status = put_document(exchange, PLATFORM_TCB_INFO, "tcbInfo");
	if (status == OK && exchange->version == 3) {
		AUTO(buf_free) struct buf version_3 = buf_take(&exchange->response->body);
		if (!tcb_info_v2_put(&exchange->response->body, buf_bytes(&version_3),
			    exchange->service->tcb_signing_key, &err))
			return our_fault(&err);
	}
	if (status != OK)
		return status;
	set_type(exchange, "application/json");
	return add_chain(exchange,
		exchange->version == 3 ? "SGX-TCB-Info-Issuer-Chain" : "TCB-Info-Issuer-Chain",
		PLATFORM_TCB_INFO_CHAIN);
}

static enum status answer_qe_identity(struct exchange *exchange)
{
	enum status status = put_document(exchange, PLATFORM_QE_IDENTITY, "enclaveIdentity");
	if (status != OK)
		return status;
	set_type(exchange, "application/json");
	return add_chain(exchange, "SGX-Enclave-Identity-Issuer-Chain", PLATFORM_QE_IDENTITY_CHAIN);
}

/* As DER, or else as its lower-case hex digits. */
static enum status put_crl(struct exchange *exchange, const char *file, bool is_der)
{
	AUTO(buf_free) struct buf crl = { 0 };
	struct error err = { 0 };
	enum status status = load(exchange, file, &crl, &err);
	if (status != OK)
		return status;
	if (is_der)
		buf_put(&exchange->response->body, crl.data, crl.size);
	else
		hex_encode(&exchange->response->body, crl.data, crl.size);
	set_type(exchange, is_der ? "application/pkix-crl" : "text/plain");
	return OK;
}

static enum status answer_pck_crl(struct exchange *exchange)
{
	AUTO(buf_free) struct buf ca = { 0 };
	AUTO(buf_free) struct buf encoding = { 0 };
	bool is_der = get_parameter(exchange, "encoding", &encoding) &&
		      !strcmp(buf_text(&encoding), "der");
	if (!get_parameter(exchange, "ca", &ca))
		return WRONG_PARAMETER;
	if (strcmp(buf_text(&ca), "platform") != 0)
		return strcmp(buf_text(&ca), "processor") ? WRONG_PARAMETER : NOT_FOUND;
	enum status status = put_crl(exchange, PLATFORM_PCK_CRL, is_der);
	return status == OK
		       ? add_chain(exchange, "SGX-PCK-CRL-Issuer-Chain", PLATFORM_PCK_CRL_CHAIN)
		       : status;
}

static enum status answer_root_crl(struct exchange *exchange)
{
	return put_crl(exchange, PLATFORM_ROOT_CRL, false);
}

static enum status answer_crl(struct exchange *exchange)
{
	AUTO(buf_free) struct buf uri = { 0 };
	if (!get_parameter(exchange, "uri", &uri))
		return WRONG_PARAMETER;
	if (!strcmp(buf_text(&uri), PKI_ROOT_CRL_URL))
		return put_crl(exchange, PLATFORM_ROOT_CRL, true);
	if (!strcmp(buf_text(&uri), PKI_PCK_CRL_URL))
		return put_crl(exchange, PLATFORM_PCK_CRL, true);
	return NOT_FOUND;
}

/* A question for a certificate, whose parameters must have exactly these lengths. */
struct pck_question {
	uint8_t cpu_svn[SGX_PCK_NAME_CPU_SVN];
	uint8_t pce_svn[sizeof(uint16_t)];
	uint8_t pce_id[PCK_PCE_ID_SIZE];
	uint8_t qe_id[SGX_QE_ID_SIZE]; /* this or the next may be missing, and is zero then */
	uint8_t encrypted_ppid[SGX_PPID_RSA_3072_SIZE];
};

static bool read_question(const struct exchange *exchange, struct pck_question *out)
{
	const struct {
		const char *name;
		uint8_t *value;
		size_t size;
		bool is_needed;
	} parameters[] = {
		{ "cpusvn", out->cpu_svn, sizeof(out->cpu_svn), true },
		{ "pcesvn", out->pce_svn, sizeof(out->pce_svn), true },
		{ "pceid", out->pce_id, sizeof(out->pce_id), true },
		{ "qeid", out->qe_id, sizeof(out->qe_id), false },
		{ "encrypted_ppid", out->encrypted_ppid, sizeof(out->encrypted_ppid), false },
	};
	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		AUTO(buf_free) struct buf text = { 0 };
		if (!get_parameter(exchange, parameters[i].name, &text)) {
			if (parameters[i].is_needed)
				return false;
		} else if (!hex_decode_exact(
				   parameters[i].value, parameters[i].size, buf_text(&text))) {
			return false;
		}
	}
	return true;
}

/* A PCCS knows a platform by its Quoting Enclave, Intel's service by its PPID alone. */
static bool is_asked_for(const struct platform_service *service,
	const struct pck_question *question, const struct pck_extension *machine)
{
	const struct bytes encrypted = { question->encrypted_ppid,
		sizeof(question->encrypted_ppid) };
	if (memcmp(question->qe_id, service->qe_id, sizeof(question->qe_id)) != 0 &&
		!platform_ppid_is(service->folder, encrypted, machine->ppid))
		return false;
	/* the certificate is for one TCB level: whoever is below does not have its key */
	for (size_t i = 0; i < sizeof(question->cpu_svn); i++) {
		if (question->cpu_svn[i] < machine_cpu_svn[i])
			return false;
	}
	return (question->pce_svn[0] | question->pce_svn[1] << 8) >= machine->pce_svn &&
	       !memcmp(question->pce_id, machine->pce_id, sizeof(question->pce_id));
}

static enum status answer_pck_certificate(struct exchange *exchange)
{
	const char *folder = exchange->service->folder;
	struct error err = { 0 };
	struct pck_extension machine;
	struct pck_question question = { 0 };
	if (!read_question(exchange, &question))
		return WRONG_PARAMETER;
	AUTO(auto_x509) X509 *pck = platform_load_cert(folder, PLATFORM_PCK, &err);
	if (!pck || !platform_extension_of(pck, &machine, &err))
		return our_fault(&err);
	if (!is_asked_for(exchange->service, &question, &machine))
		return NOT_FOUND;
	if (!platform_load(folder, PLATFORM_PCK, &exchange->response->body, &err))
		return our_fault(&err);
	const uint8_t pce_svn[] = { (uint8_t)machine.pce_svn, (uint8_t)(machine.pce_svn >> 8) };
	struct buf *tcbm = add_header(exchange, "SGX-TCBm", 1);
	hex_encode(tcbm, machine_cpu_svn, sizeof(machine_cpu_svn));
	hex_encode(tcbm, pce_svn, sizeof(pce_svn));
	set_value(exchange, tcbm);
	struct buf *fmspc = add_header(exchange, "SGX-FMSPC", 2);
	hex_encode(fmspc, machine.fmspc, sizeof(machine.fmspc));
	set_value(exchange, fmspc);
	struct buf *type = add_header(exchange, "SGX-PCK-Certificate-CA-Type", 3);
	buf_put_text(type, "platform");
	set_value(exchange, type);
	set_type(exchange, "application/x-pem-file");
	return add_chain(exchange, "SGX-PCK-Certificate-Issuer-Chain", PLATFORM_PCK_CRL_CHAIN);
}

static const struct {
	const char *path;
	bool is_for_tdx_too;
	enum status (*answer)(struct exchange *exchange);
} routes[] = {
	{ "tcb", true, answer_tcb },
	{ "qe/identity", true, answer_qe_identity },
	{ "pckcrl", false, answer_pck_crl },
	{ "pckcert", false, answer_pck_certificate },
	{ "rootcacrl", false, answer_root_crl },
	{ "crl", false, answer_crl },
};

/* What follows the part that says for what and in which version. */
static const char *strip_prefix(const char *path, struct exchange *exchange)
{
	static const struct {
		const char *prefix;
		bool is_tdx;
		unsigned version;
	} prefixes[] = {
		{ "/sgx/certification/v3/", false, 3 },
		{ "/sgx/certification/v4/", false, 4 },
		{ "/tdx/certification/v4/", true, 4 },
	};
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t length = strlen(prefixes[i].prefix);
		if (strncmp(path, prefixes[i].prefix, length) != 0)
			continue;
		exchange->is_tdx = prefixes[i].is_tdx;
		exchange->version = prefixes[i].version;
		return path + length;
	}
	return "";
}

static enum status answer(const char *path, struct exchange *exchange)
{
	const char *rest = strip_prefix(path, exchange);
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!strcmp(rest, routes[i].path) &&
			(!exchange->is_tdx || routes[i].is_for_tdx_too))
			return routes[i].answer(exchange);
	}
	return NOT_FOUND;
}

void platform_service_handle(
	const struct http_request *request, struct http_response *response, void *context)
{
	struct exchange exchange = {
		.service = context, .query = request->query, .response = response
	};
	response->status = strcmp(request->method, "GET") ? WRONG_METHOD
							  : (int)answer(request->path, &exchange);
	if (response->status == OK)
		return;
	response->header_count = 0;
	buf_clear(&response->body);
}
