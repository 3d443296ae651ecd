/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/collateral.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/reader.h"
#include "crypto/openssl.h"
#include "platform/documents.h"
#include "platform/folder.h"
#include "platform/pki.h"

#define YEAR (INT64_C(365) * 86400)

static bool save(const char *folder, const char *name, const struct buf *content, struct error *err)
{
	return platform_save(folder, name, buf_bytes(content), false, err);
}

/* The certificate of whoever signs, then the root's. */
static bool write_chain(const char *folder, const char *issuer, const char *name, struct error *err)
{
	AUTO(buf_free) struct buf chain = { 0 };
	return platform_load(folder, issuer, &chain, err) &&
	       platform_load(folder, PLATFORM_ROOT_CA, &chain, err) &&
	       save(folder, name, &chain, err);
}

static bool write_chains(const char *folder, struct error *err)
{
	return write_chain(folder, PLATFORM_TCB_SIGNING, PLATFORM_TCB_INFO_CHAIN, err) &&
	       write_chain(folder, PLATFORM_TCB_SIGNING, PLATFORM_QE_IDENTITY_CHAIN, err) &&
	       write_chain(folder, PLATFORM_CA, PLATFORM_PCK_CRL_CHAIN, err);
}

static bool write_crls(
	const char *folder, const struct platform_options *options, X509 *pck, struct error *err)
{
	AUTO(auto_pkey) EVP_PKEY *root_key = platform_load_key(folder, PLATFORM_ROOT_CA_KEY, err);
	AUTO(auto_pkey)
	EVP_PKEY *ca_key = root_key ? platform_load_key(folder, PLATFORM_CA_KEY, err) : NULL;
	if (!ca_key)
		return false;
	AUTO(buf_free) struct buf root_crl = { 0 };
	AUTO(buf_free) struct buf pck_crl = { 0 };
	/* the root's list outlives the others, as Intel's does */
	int64_t root_valid_for = options->valid_for > YEAR ? options->valid_for : YEAR;
	int64_t now = options->issued_at;
	return pki_put_crl(
		       &root_crl, PKI_ROOT_NAME, root_key, now, now + root_valid_for, NULL, err) &&
	       pki_put_crl(&pck_crl, PKI_PLATFORM_CA_NAME, ca_key, now, now + options->valid_for,
		       options->pck_revoked ? pck : NULL, err) &&
	       save(folder, PLATFORM_ROOT_CRL, &root_crl, err) &&
	       save(folder, PLATFORM_PCK_CRL, &pck_crl, err);
}

static bool write_documents(
	const char *folder, const struct platform_options *options, X509 *pck, struct error *err)
{
	struct pck_extension machine;
	uint8_t qe_report[PLATFORM_QE_REPORT_SIZE];
	AUTO(auto_pkey)
	EVP_PKEY *key = platform_load_key(folder, PLATFORM_TCB_SIGNING_KEY, err);
	if (!key || !platform_extension_of(pck, &machine, err) ||
		!platform_load_exact(folder, PLATFORM_QE_REPORT, qe_report, sizeof(qe_report), err))
		return false;
	struct reader r = reader_of(qe_report, SGX_REPORT_BODY_SIZE);
	struct sgx_report_body qe;
	sgx_report_body_parse(&r, &qe);
	AUTO(buf_free) struct buf tcb_info = { 0 };
	AUTO(buf_free) struct buf qe_identity = { 0 };
	return documents_put_tcb_info(&tcb_info, &machine, options, key, err) &&
	       documents_put_qe_identity(&qe_identity, &qe, options, key, err) &&
	       save(folder, PLATFORM_TCB_INFO, &tcb_info, err) &&
	       save(folder, PLATFORM_QE_IDENTITY, &qe_identity, err);
}

bool collateral_issue(const char *folder, const struct platform_options *options, struct error *err)
{
	AUTO(auto_free) char *collateral = platform_path(folder, PLATFORM_COLLATERAL);
	AUTO(auto_x509) X509 *pck = platform_load_cert(folder, PLATFORM_PCK, err);
	return pck && file_make_folders(collateral, 0755, err) && write_chains(folder, err) &&
	       write_crls(folder, options, pck, err) && write_documents(folder, options, pck, err);
}
