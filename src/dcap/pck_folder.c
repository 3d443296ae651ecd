/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/pck_folder.h"

#include "base/file.h"
#include "base/hex.h"
#include "base/memory.h"
#include "crypto/pem.h"
#include "dcap/pck_lookup.h"
#include "sgx/quote.h"

static bool read_in(const char *folder, const char *name, struct buf *out, struct error *err)
{
	AUTO(auto_free) char *path = xasprintf("%s/%s", folder, name);
	return file_read(path, PCK_CHAIN_MAX, out, err);
}

static bool put_issuers(
	const char *path, const uint8_t fmspc[PCK_FMSPC_SIZE], struct buf *pem, struct error *err)
{
	AUTO(auto_free) char *folder = collateral_folder_of(path, fmspc);
	struct error reason = { 0 };
	if (read_in(folder, PCK_FOLDER_ISSUERS, pem, &reason))
		return true;
	return error_set(err, reason.kind,
		"%s; 'marblerun collateral fetch' writes it, as Intel's PCS or a PCCS has it",
		reason.message);
}

static bool read_named(
	const char *path, const struct pck_request *request, struct buf *out, struct error *err)
{
	char qe_id[2 * SGX_QE_ID_SIZE + 1];
	struct error reason = { 0 };
	hex_format(qe_id, request->qe_id, SGX_QE_ID_SIZE);
	AUTO(auto_free) char *name = xasprintf(PCK_FOLDER_CERT_OF, qe_id);
	if (read_in(path, name, out, &reason) ||
		(reason.kind == ERROR_NOT_FOUND && read_in(path, PCK_FOLDER_CERT, out, &reason)))
		return true;
	if (reason.kind != ERROR_NOT_FOUND)
		return error_set(err, reason.kind, "%s", reason.message);
	return error_set(err, ERROR_NOT_FOUND,
		"put the platform's certificate into %s/%s ('marblerun collateral fetch' does, or "
		"name a PCCS with --collateral), or configure the quote provider library "
		"(QPL/PCCS) on the Marble's host, so that the quote has it",
		path, name);
}

bool pck_folder_put(
	const char *path, const struct pck_request *request, struct buf *pem, struct error *err)
{
	AUTO(buf_free) struct buf found = { 0 };
	AUTO(chain_free) struct chain chain = { 0 };
	struct pck_extension platform;
	if (!request->name)
		return put_issuers(path, request->fmspc, pem, err);
	if (!read_named(path, request, &found, err))
		return false;
	if (!chain_read(buf_bytes(&found), &chain, err))
		return error_prefix(err, "PCK certificate in %s", path);
	for (size_t i = 0; i < chain.count; i++)
		pem_encode(pem, "CERTIFICATE", buf_bytes(&chain.certificates[i].der));
	const struct certificate *pck = chain_find(&chain, CERTIFICATE_PCK);
	if (chain.count > 1 || !pck)
		return true; /* whoever asked looks at it as at any chain */
	return (pck_extension_parse(pck->sgx_extension, &platform, err) &&
		       put_issuers(path, platform.fmspc, pem, err)) ||
	       error_prefix(err, "PCK certificate in %s", path);
}
