/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "dcap/chain.h"
#include "dcap/crl.h"
#include "dcap/enclave_identity.h"
#include "dcap/signed_document.h"
#include "dcap/tcb_info.h"
#include "platform/extension.h"
#include "platform/folder.h"
#include "platform/platform.h"

#include <string.h>

static void put_hex_line(struct buf *out, const char *name, const void *data, size_t size)
{
	buf_printf(out, "%-20s", name);
	hex_encode(out, data, size);
	buf_put_text(out, "\n");
}

static void put_validity(
	struct buf *out, const char *name, const struct validity *validity, int64_t now)
{
	char start[CLOCK_TEXT_SIZE];
	char end[CLOCK_TEXT_SIZE];
	clock_format_utc(start, validity->start);
	clock_format_utc(end, validity->end);
	const char *state = now < validity->start ? ", NOT YET VALID"
			    : now > validity->end ? ", EXPIRED"
						  : "";
	buf_printf(out, "%-20sfrom %s to %s%s\n", name, start, end, state);
}

/* The one certificate in this file, as a verifier reads it. */
static bool load_certificate(
	const char *folder, const char *file, struct chain *out, struct error *err)
{
	AUTO(buf_free) struct buf pem = { 0 };
	return platform_load(folder, file, &pem, err) &&
	       (chain_read(buf_bytes(&pem), out, err) || error_prefix(err, "%s/%s", folder, file));
}

static bool put_certificate(
	struct buf *out, const char *folder, const char *file, int64_t now, struct error *err)
{
	AUTO(chain_free) struct chain chain = { 0 };
	if (!load_certificate(folder, file, &chain, err))
		return false;
	const struct certificate *cert = &chain.certificates[0];
	uint8_t digest[SHA256_SIZE];
	sha256(cert->der.data, cert->der.size, digest);
	buf_printf(out, "%-20s%s\n", file, certificate_role_name(cert->role));
	put_validity(out, "", &cert->validity, now);
	put_hex_line(out, "  SHA-256", digest, sizeof(digest));
	return true;
}

static void put_level(struct buf *out, const char *name, const struct tcb_level *level)
{
	buf_printf(out, "%-20s%s", name,
		level ? tcb_status_name(level->status) : "below all levels, not supported");
	for (size_t i = 0; level && i < level->advisory_count; i++)
		buf_printf(out, "%s%s", i ? ", " : " with ", level->advisories[i]);
	buf_put_text(out, "\n");
}

/* Loads a document into text; *body is the signed part in it. */
static bool load_document(const char *folder, const char *file, const char *name, struct buf *text,
	struct bytes *body, struct error *err)
{
	struct signed_document document;
	if (!platform_load(folder, file, text, err))
		return false;
	if (!signed_document_find(buf_bytes(text), name, &document, err))
		return error_prefix(err, "%s/%s", folder, file);
	*body = document.body;
	return true;
}

static bool put_tcb_info(struct buf *out, const char *folder, const struct pck_extension *machine,
	int64_t now, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	AUTO(tcb_info_free) struct tcb_info info = { 0 };
	struct bytes body = { NULL, 0 };
	if (!load_document(folder, PLATFORM_TCB_INFO, "tcbInfo", &text, &body, err) ||
		!tcb_info_parse(body, &info, err))
		return false;
	put_level(out, "TCB status",
		tcb_levels_find(&info.levels, machine->components, machine->pce_svn));
	buf_printf(out, "%-20s%u\n", "evaluation number", info.evaluation_number);
	put_validity(out, "TCB info", &info.validity, now);
	return true;
}

static bool put_qe_identity(struct buf *out, const char *folder, int64_t now, struct error *err)
{
	uint8_t qe_report[PLATFORM_QE_REPORT_SIZE];
	AUTO(buf_free) struct buf text = { 0 };
	AUTO(enclave_identity_free) struct enclave_identity identity = { 0 };
	struct bytes body = { NULL, 0 };
	if (!platform_load_exact(folder, PLATFORM_QE_REPORT, qe_report, sizeof(qe_report), err) ||
		!load_document(
			folder, PLATFORM_QE_IDENTITY, "enclaveIdentity", &text, &body, err) ||
		!enclave_identity_parse(body, &identity, err))
		return false;
	struct reader r = reader_of(qe_report, SGX_REPORT_BODY_SIZE);
	struct sgx_report_body qe;
	sgx_report_body_parse(&r, &qe);
	const struct tcb_level *level = NULL;
	if (!enclave_identity_match(&identity, &qe, &level, err))
		return false;
	put_level(out, "QE TCB status", level);
	put_validity(out, "QE identity", &identity.validity, now);
	return true;
}

static bool put_pck_crl(struct buf *out, const char *folder, int64_t now, struct error *err)
{
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(crl_free) struct crl crl = { 0 };
	AUTO(chain_free) struct chain pck = { 0 };
	if (!load_certificate(folder, PLATFORM_PCK, &pck, err) ||
		!platform_load(folder, PLATFORM_PCK_CRL, &der, err) ||
		!crl_read(buf_bytes(&der), &crl, err))
		return false;
	bool revoked = !crl_check_not_listed(&crl, &pck.certificates[0], NULL);
	buf_printf(out, "%-20s%s\n", "PCK certificate", revoked ? "REVOKED" : "not revoked");
	put_validity(out, "PCK CRL", &crl.validity, now);
	return true;
}

static bool put_machine(struct buf *out, const char *folder, int64_t now, struct error *err)
{
	struct pck_extension machine;
	AUTO(auto_x509) X509 *pck = platform_load_cert(folder, PLATFORM_PCK, err);
	if (!pck || !platform_extension_of(pck, &machine, err))
		return false;
	put_hex_line(out, "FMSPC", machine.fmspc, sizeof(machine.fmspc));
	put_hex_line(out, "PPID", machine.ppid, sizeof(machine.ppid));
	put_hex_line(out, "TCB components", machine.components, sizeof(machine.components));
	buf_printf(out, "%-20s%u\n", "PCESVN", machine.pce_svn);
	return put_tcb_info(out, folder, &machine, now, err);
}

bool platform_describe(const char *folder, int64_t now, struct buf *out, struct error *err)
{
	static const char *const certificates[] = { PLATFORM_ROOT_CA, PLATFORM_CA, PLATFORM_PCK,
		PLATFORM_TCB_SIGNING };
	if (!platform_check(folder, err))
		return false;
	buf_printf(out,
		"SIMULATED SGX platform: protects nothing, and is accepted by nobody who does not\n"
		"name its root with --trust-root %s/" PLATFORM_ROOT_CA "\n\n",
		folder);
	bool good = put_machine(out, folder, now, err) && put_qe_identity(out, folder, now, err) &&
		    put_pck_crl(out, folder, now, err);
	for (size_t i = 0; good && i < sizeof(certificates) / sizeof(certificates[0]); i++)
		good = put_certificate(out, folder, certificates[i], now, err);
	return good || error_prefix(err, "cannot describe platform %s", folder);
}
