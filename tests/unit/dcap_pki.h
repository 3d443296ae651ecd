/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A platform and everything that Intel would issue for it, made in memory under a root of its own,
 * part by part, so that a test can make any part wrong. Failures end the program: they are bugs of
 * the test.
 */
#ifndef TESTS_DCAP_PKI_H
#define TESTS_DCAP_PKI_H

#include "dcap/verify.h"
#include "dcap_issue.h"
#include "sgx/quote.h"

/* After pki_make everything is good; change members and make what depends on them again. */
struct pki {
	char folder[48]; /* temporary: the collateral and root.pem */
	EVP_PKEY *root_key;
	EVP_PKEY *ca_key;
	EVP_PKEY *signing_key;
	EVP_PKEY *pck_key;
	EVP_PKEY *attestation_key;
	X509 *root;
	X509 *ca;
	X509 *signing;
	X509 *pck;
	struct pck_extension platform;
	struct buf tcb_info; /* bodies: what is signed */
	struct buf qe_identity;
	struct buf chain; /* certification data of the quote */
	uint16_t quote_version;
	bool is_tdx;
	struct sgx_report_body report;
	struct td_report td;              /* instead of it if is_tdx */
	struct sgx_report_body qe_report; /* report data is set when the quote is made */
	struct buf auth_data;
};

void pki_make(struct pki *pki);
void pki_free(struct pki *pki);

/* The certificates as pki_make has them, to be changed and issued again. */
struct certificate_fields pki_root_fields(const struct pki *pki);
struct certificate_fields pki_ca_fields(const struct pki *pki);
struct certificate_fields pki_signing_fields(const struct pki *pki);
struct certificate_fields pki_pck_fields(const struct pki *pki, const struct buf *sgx_extension);
/* Issues the PCK certificate for pki->platform anew and sets the chain. */
void pki_issue_pck(struct pki *pki);

/* Replaces pki->chain by these certificates, ended by NULL, and the usual NUL. */
void pki_set_chain(struct pki *pki, X509 *first, ...) __attribute__((sentinel));

/* Writes root.pem and all of the collateral. */
void pki_write(struct pki *pki);
void pki_write_file(const struct pki *pki, const char *name, struct bytes content);
/* Makes the collateral look as if it had been there for long, so that its age is relied on. */
void pki_make_old(const struct pki *pki);

/* Appends a quote with both signatures. */
void pki_put_quote(const struct pki *pki, struct buf *out);

/* A verifier over the folder that trusts root.pem. */
struct dcap_verifier *pki_verifier(const struct pki *pki);
/* A fresh quote, verified by a fresh verifier at PKI_NOW over what is in the folder. */
bool pki_verify(const struct pki *pki, struct dcap_result *result, struct error *err);

#endif
