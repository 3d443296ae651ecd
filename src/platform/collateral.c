/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/collateral.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/reader.h"
#include "crypto/openssl.h"
#include "platform/documents.h"
#include "platform/folder.h"
#include "platform/pki.h"

#include <string.h>

#define YEAR (INT64_C(365) * 86400)

/* One folder of collateral that is being written. */
struct issue {
	const char *platform; /* folder */
	const char *folder;   /* in it: PLATFORM_COLLATERAL or PLATFORM_TDX_COLLATERAL */
	bool for_tdx;
	const struct platform_options *options;
	X509 *pck;
};

/* `name` is that of the file in PLATFORM_COLLATERAL. */
static bool save(
	const struct issue *issue, const char *name, const struct buf *content, struct error *err)
{
	const char *file = name + strlen(PLATFORM_COLLATERAL "/");
	AUTO(auto_free) char *place = xasprintf("%s/%s", issue->folder, file);
	return platform_save(issue->platform, place, buf_bytes(content), false, err);
}

/* The certificate of whoever signs, then the root's. */
static bool write_chain(
	const struct issue *issue, const char *issuer, const char *name, struct error *err)
{
	AUTO(buf_free) struct buf chain = { 0 };
	return platform_load(issue->platform, issuer, &chain, err) &&
	       platform_load(issue->platform, PLATFORM_ROOT_CA, &chain, err) &&
	       save(issue, name, &chain, err);
}

static bool write_chains(const struct issue *issue, struct error *err)
{
	return write_chain(issue, PLATFORM_TCB_SIGNING, PLATFORM_TCB_INFO_CHAIN, err) &&
	       write_chain(issue, PLATFORM_TCB_SIGNING, PLATFORM_QE_IDENTITY_CHAIN, err) &&
	       write_chain(issue, PLATFORM_CA, PLATFORM_PCK_CRL_CHAIN, err);
}

static bool write_crls(const struct issue *issue, struct error *err)
{
	const struct platform_options *options = issue->options;
	AUTO(auto_pkey)
	EVP_PKEY *root_key = platform_load_key(issue->platform, PLATFORM_ROOT_CA_KEY, err);
	AUTO(auto_pkey)
	EVP_PKEY *ca_key =
		root_key ? platform_load_key(issue->platform, PLATFORM_CA_KEY, err) : NULL;
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
		       options->pck_revoked ? issue->pck : NULL, err) &&
	       save(issue, PLATFORM_ROOT_CRL, &root_crl, err) &&
	       save(issue, PLATFORM_PCK_CRL, &pck_crl, err);
}

static bool write_documents(const struct issue *issue, struct error *err)
{
	const char *report = issue->for_tdx ? PLATFORM_TD_QE_REPORT : PLATFORM_QE_REPORT;
	struct pck_extension machine;
	uint8_t qe_report[PLATFORM_QE_REPORT_SIZE];
	AUTO(auto_pkey)
	EVP_PKEY *key = platform_load_key(issue->platform, PLATFORM_TCB_SIGNING_KEY, err);
	if (!key || !platform_extension_of(issue->pck, &machine, err) ||
		!platform_load_exact(issue->platform, report, qe_report, sizeof(qe_report), err))
		return false;
	struct reader r = reader_of(qe_report, SGX_REPORT_BODY_SIZE);
	struct sgx_report_body qe;
	sgx_report_body_parse(&r, &qe);
	AUTO(buf_free) struct buf tcb_info = { 0 };
	AUTO(buf_free) struct buf qe_identity = { 0 };
	return documents_put_tcb_info(
		       &tcb_info, &machine, issue->for_tdx, issue->options, key, err) &&
	       documents_put_qe_identity(
		       &qe_identity, &qe, issue->for_tdx, issue->options, key, err) &&
	       save(issue, PLATFORM_TCB_INFO, &tcb_info, err) &&
	       save(issue, PLATFORM_QE_IDENTITY, &qe_identity, err);
}

static bool issue_folder(const struct issue *issue, struct error *err)
{
	AUTO(auto_free) char *path = platform_path(issue->platform, issue->folder);
	return file_make_folders(path, 0755, err) && write_chains(issue, err) &&
	       write_crls(issue, err) && write_documents(issue, err);
}

bool collateral_issue(const char *folder, const struct platform_options *options, struct error *err)
{
	AUTO(auto_x509) X509 *pck = platform_load_cert(folder, PLATFORM_PCK, err);
	const struct issue sgx = { folder, PLATFORM_COLLATERAL, false, options, pck };
	const struct issue tdx = { folder, PLATFORM_TDX_COLLATERAL, true, options, pck };
	return pck && issue_folder(&sgx, err) &&
	       (!platform_has_tdx(folder) || issue_folder(&tdx, err));
}
