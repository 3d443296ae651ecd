/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/pck_lookup.h"

#include "crypto/pem.h"
#include "dcap/text.h"

#include <string.h>

bool pck_lookup_read_leaf(struct bytes data, struct certificate *out, struct error *err)
{
	AUTO(buf_free) struct buf pem = { 0 };
	AUTO(chain_free) struct chain chain = { 0 };
	if (!text_starts_with(data, "-----BEGIN"))
		pem_encode(&pem, "CERTIFICATE", data);
	else
		buf_put(&pem, data.data, data.size);
	if (!chain_read(buf_bytes(&pem), &chain, err))
		return false;
	if (chain.count != 1 || chain.certificates[0].role != CERTIFICATE_PCK)
		return error_set(err, ERROR_INVALID, "it is not one PCK certificate");
	*out = chain.certificates[0];
	chain.count = 0;
	return true;
}

static bool complete_leaf(struct bytes data, struct collateral_source *source,
	const struct pck_request *asker, struct buf *pem, struct error *err)
{
	AUTO(certificate_free) struct certificate leaf = { 0 };
	struct pck_extension platform;
	struct pck_request request = *asker;
	if (!pck_lookup_read_leaf(data, &leaf, err) ||
		!certificate_issuer_role(&leaf, &request.ca, err) ||
		!pck_extension_parse(leaf.sgx_extension, &platform, err))
		return error_prefix(err, "PCK certificate in the quote");
	request.fmspc = platform.fmspc;
	pem_encode(pem, "CERTIFICATE", buf_bytes(&leaf.der));
	return source->put_pck(source, &request, pem, err) ||
	       error_prefix(err, "issuers of the PCK certificate in the quote");
}

bool pck_lookup(const struct sgx_quote *quote, struct collateral_source *source,
	const struct pck_request *asker, struct buf *pem, struct error *err)
{
	if (quote->cert_type == SGX_CERT_TYPE_PCK_CHAIN) {
		buf_put(pem, quote->cert_data.data, quote->cert_data.size);
		return true;
	}
	if (quote->cert_type == SGX_CERT_TYPE_PCK_LEAF)
		return complete_leaf(quote->cert_data, source, asker, pem, err);
	if (!sgx_cert_type_is_name(quote->cert_type))
		return error_set(err, ERROR_UNSUPPORTED,
			"the quote has certification data of type %u; types 1 to 5 are accepted",
			quote->cert_type);
	struct sgx_pck_name name;
	struct pck_request request = *asker;
	request.name = &name;
	request.qe_id = quote->header.user_data;
	if (!sgx_pck_name_parse(quote->cert_type, quote->cert_data, &name, err))
		return false;
	return source->put_pck(source, &request, pem, err) ||
	       error_prefix(err,
		       "the quote has no PCK certificate chain (certification data type %u)",
		       quote->cert_type);
}

static bool check_name(
	const struct sgx_pck_name *name, const struct pck_extension *platform, struct error *err)
{
	if (name->type == SGX_CERT_TYPE_PPID &&
		memcmp(name->ppid.data, platform->ppid, SGX_PPID_SIZE) != 0)
		return error_set(err, ERROR_DENIED,
			"the PCK certificate is another platform's: its PPID is not the quote's");
	if (memcmp(name->pce_id, platform->pce_id, PCK_PCE_ID_SIZE) != 0)
		return error_set(err, ERROR_DENIED,
			"the PCK certificate is another platform's: its PCEID is not the quote's");
	/* the CPUSVN of the name is in the raw form, which says nothing of the certificate's */
	return name->pce_svn == platform->pce_svn ||
	       error_set(err, ERROR_DENIED,
		       "the PCK certificate is of another TCB level: it has PCESVN %u, the quote "
		       "%u; have the platform's PCK certificates fetched anew",
		       platform->pce_svn, name->pce_svn);
}

bool pck_lookup_check(
	const struct sgx_quote *quote, const struct pck_extension *platform, struct error *err)
{
	struct sgx_pck_name name;
	return !sgx_cert_type_is_name(quote->cert_type) ||
	       (sgx_pck_name_parse(quote->cert_type, quote->cert_data, &name, err) &&
		       check_name(&name, platform, err));
}

/* Certificates from the leaf, or else the CA, up to the anchor's edition. */
static bool check_dates(const struct pck_request *request, const struct certificate *const *first,
	size_t count, int64_t *end, struct error *err)
{
	*end = request->anchor->root.validity.end;
	for (size_t i = 0; i < count; i++) {
		if (!certificate_check_date(first[i], request->now, NULL, err))
			return false;
		*end = first[i]->validity.end < *end ? first[i]->validity.end : *end;
	}
	return true;
}

bool pck_answer_check(
	const struct pck_request *request, struct bytes pem, int64_t *end, struct error *err)
{
	AUTO(chain_free) struct chain chain = { 0 };
	const struct certificate *certificates[2]; /* CA and leaf */
	struct pck_extension platform;
	if (!chain_read(pem, &chain, err))
		return error_prefix(err, "PCK certificate chain");
	bool is_good = request->name ? chain_check_pck(&chain, request->anchor, &certificates[1],
					       &certificates[0], err) &&
					       pck_extension_parse(certificates[1]->sgx_extension,
						       &platform, err) &&
					       check_name(request->name, &platform, err)
				     : chain_check_pck_issuers(
					       &chain, request->anchor, &certificates[0], err);
	if (is_good && !request->name && certificates[0]->role != request->ca)
		is_good = error_set(err, ERROR_DENIED, "it is that of another CA");
	return (is_good && check_dates(request, certificates, request->name ? 2 : 1, end, err)) ||
	       error_prefix(err, "PCK certificate chain");
}
