/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/collateral.h"

#include "base/hex.h"
#include "base/memory.h"
#include "dcap/signed_document.h"

#include <string.h>

static bool read_crls(struct collateral *c, const struct buf files[COLLATERAL_FILES],
	const struct anchor *anchor, const struct certificate *pck_ca, struct error *err)
{
	if (!crl_read(buf_bytes(&files[COLLATERAL_ROOT_CRL]), &c->root_crl, err) ||
		!crl_check_issuer(&c->root_crl, &anchor->root, err))
		return error_prefix(err, "root CRL");
	if (!crl_read(buf_bytes(&files[COLLATERAL_PCK_CRL]), &c->pck_crl, err) ||
		!crl_check_issuer(&c->pck_crl, pck_ca, err))
		return error_prefix(err, "PCK CRL");
	memcpy(c->pck_ca_point, pck_ca->point, P256_RAW_SIZE);
	return true;
}

static bool read_signer(const struct buf *pem, const struct anchor *anchor, struct chain *chain,
	const struct certificate **signer, struct error *err)
{
	return (chain_read(buf_bytes(pem), chain, err) &&
		       chain_check_signing(chain, anchor, signer, err)) ||
	       error_prefix(err, "issuer chain");
}

static bool open_document(const struct buf *text, const char *name,
	const struct certificate *signer, struct bytes *body, struct error *err)
{
	struct signed_document document;
	if (!signed_document_find(buf_bytes(text), name, &document, err) ||
		!signed_document_verify(&document, signer->key, err))
		return false;
	*body = document.body;
	return true;
}

static bool read_tcb_info(struct collateral *c, const struct buf files[COLLATERAL_FILES],
	const struct anchor *anchor, struct error *err)
{
	struct bytes body;
	return (read_signer(&files[COLLATERAL_TCB_INFO_CHAIN], anchor, &c->tcb_info_chain,
			&c->tcb_info_signer, err) &&
		       open_document(&files[COLLATERAL_TCB_INFO], "tcbInfo", c->tcb_info_signer,
			       &body, err) &&
		       tcb_info_parse(body, &c->tcb_info, err)) ||
	       error_prefix(err, "TCB info");
}

static bool read_qe_identity(struct collateral *c, const struct buf files[COLLATERAL_FILES],
	const struct anchor *anchor, struct error *err)
{
	const struct buf *chain = &files[COLLATERAL_QE_IDENTITY_CHAIN];
	struct bytes body;
	/* usually one certificate signs both, and need not be verified twice */
	bool same_chain =
		bytes_equal(buf_bytes(chain), buf_bytes(&files[COLLATERAL_TCB_INFO_CHAIN]));
	if (same_chain)
		c->qe_identity_signer = c->tcb_info_signer;
	return ((same_chain || read_signer(chain, anchor, &c->qe_identity_chain,
				       &c->qe_identity_signer, err)) &&
		       open_document(&files[COLLATERAL_QE_IDENTITY], "enclaveIdentity",
			       c->qe_identity_signer, &body, err) &&
		       enclave_identity_parse(body, &c->qe_identity, err)) ||
	       error_prefix(err, "QE identity");
}

struct collateral *collateral_new(const char *folder, const char *remedy,
	const struct buf files[COLLATERAL_FILES], const struct anchor *anchor,
	const struct certificate *pck_ca, struct error *err)
{
	AUTO(auto_collateral) struct collateral *c = xcalloc(1, sizeof(*c));
	c->references = 1;
	c->folder = xstrdup(folder);
	c->remedy = remedy ? xstrdup(remedy) : NULL;
	if (read_crls(c, files, anchor, pck_ca, err) && read_tcb_info(c, files, anchor, err) &&
		read_qe_identity(c, files, anchor, err))
		return TAKE(c);
	return NULL;
}

struct collateral *collateral_keep(struct collateral *collateral)
{
	collateral->references++;
	return collateral;
}

void collateral_release(struct collateral *collateral)
{
	if (--collateral->references > 0)
		return;
	crl_free(&collateral->root_crl);
	crl_free(&collateral->pck_crl);
	chain_free(&collateral->tcb_info_chain);
	chain_free(&collateral->qe_identity_chain);
	tcb_info_free(&collateral->tcb_info);
	enclave_identity_free(&collateral->qe_identity);
	free(collateral->folder);
	free(collateral->remedy);
	free(collateral);
}

static bool check_crl_dates(const struct collateral *c, int64_t now, struct error *err)
{
	return validity_check(&c->root_crl.validity, now, "root CRL", c->remedy, err) &&
	       validity_check(&c->pck_crl.validity, now, "PCK CRL", c->remedy, err);
}

bool collateral_check_crls(const struct collateral *collateral, const struct certificate *pck,
	const struct certificate *pck_ca, int64_t now, struct error *err)
{
	const struct collateral *c = collateral;
	return check_crl_dates(c, now, err) && crl_check_not_listed(&c->root_crl, pck_ca, err) &&
	       crl_check_not_listed(&c->pck_crl, pck, err);
}

static bool check_signer(const struct collateral *c, const struct certificate *signer, int64_t now,
	struct error *err)
{
	return certificate_check_date(signer, now, c->remedy, err) &&
	       crl_check_not_listed(&c->root_crl, signer, err);
}

static bool check_document_dates(const struct collateral *c, int64_t now, struct error *err)
{
	return check_signer(c, c->tcb_info_signer, now, err) &&
	       check_signer(c, c->qe_identity_signer, now, err) &&
	       validity_check(&c->tcb_info.validity, now, "TCB info", c->remedy, err) &&
	       validity_check(&c->qe_identity.validity, now, "QE identity", c->remedy, err);
}

static bool check_platform(
	const struct collateral *c, const struct pck_extension *platform, struct error *err)
{
	char has[2 * PCK_FMSPC_SIZE + 1];
	char wanted[2 * PCK_FMSPC_SIZE + 1];
	const struct tcb_info *info = &c->tcb_info;
	hex_format(has, info->fmspc, PCK_FMSPC_SIZE);
	hex_format(wanted, platform->fmspc, PCK_FMSPC_SIZE);
	if (memcmp(info->fmspc, platform->fmspc, PCK_FMSPC_SIZE) != 0)
		return error_set(err, ERROR_DENIED,
			"TCB info in %s is for FMSPC %s, the platform has %s: collateral of "
			"several kinds of platforms belongs into one folder per FMSPC",
			c->folder, has, wanted);
	if (memcmp(info->pce_id, platform->pce_id, PCK_PCE_ID_SIZE) != 0)
		return error_set(err, ERROR_DENIED,
			"TCB info in %s is for another PCEID than the platform's", c->folder);
	return true;
}

/* Both technologies of one platform have the same FMSPC. */
static bool check_technology(const struct collateral *c, bool is_tdx, struct error *err)
{
	const char *wrong = NULL;
	if (c->tcb_info.is_tdx != is_tdx)
		wrong = "TCB info";
	else if (c->qe_identity.is_td_qe != is_tdx)
		wrong = "QE identity";
	return !wrong ||
	       error_set(err, ERROR_DENIED,
		       "%s in %s is for %s, the quote is of %s: collateral for TDX belongs "
		       "into a folder tdx beside that for SGX",
		       wrong, c->folder, is_tdx ? "SGX" : "TDX",
		       is_tdx ? "a confidential VM (TDX)" : "an SGX enclave");
}

bool collateral_check_documents(const struct collateral *collateral,
	const struct pck_extension *platform, bool is_tdx, int64_t now, struct error *err)
{
	const struct collateral *c = collateral;
	return check_technology(c, is_tdx, err) && check_document_dates(c, now, err) &&
	       check_platform(c, platform, err);
}

bool collateral_check_dates(const struct collateral *collateral, int64_t now, struct error *err)
{
	return check_crl_dates(collateral, now, err) && check_document_dates(collateral, now, err);
}

const char *collateral_find_older_part(
	const struct collateral *collateral, const struct collateral *than)
{
	const struct collateral *c = collateral;
	/* documents by their number first: older ones are sometimes issued anew (clause 3.3) */
	const struct {
		const char *name;
		uint32_t number, than_number;
		int64_t start, than_start;
	} parts[] = {
		{ "TCB info", c->tcb_info.evaluation_number, than->tcb_info.evaluation_number,
			c->tcb_info.validity.start, than->tcb_info.validity.start },
		{ "QE identity", c->qe_identity.evaluation_number,
			than->qe_identity.evaluation_number, c->qe_identity.validity.start,
			than->qe_identity.validity.start },
		{ "PCK CRL", 0, 0, c->pck_crl.validity.start, than->pck_crl.validity.start },
		{ "root CRL", 0, 0, c->root_crl.validity.start, than->root_crl.validity.start },
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		bool is_same_number = parts[i].number == parts[i].than_number;
		if (is_same_number ? parts[i].start < parts[i].than_start
				   : parts[i].number < parts[i].than_number)
			return parts[i].name;
	}
	return NULL;
}

struct validity collateral_validity(const struct collateral *collateral)
{
	const struct collateral *c = collateral;
	const struct validity parts[] = { c->pck_crl.validity, c->tcb_info_signer->validity,
		c->qe_identity_signer->validity, c->tcb_info.validity, c->qe_identity.validity };
	struct validity all = c->root_crl.validity;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		all = validity_common(all, parts[i]);
	return all;
}
