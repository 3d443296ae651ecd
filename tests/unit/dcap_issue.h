/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates, CRLs and signed documents in the form of Intel's, right or wrong as a test asks
 * for. Failures end the program: they are bugs of the test.
 */
#ifndef TESTS_DCAP_ISSUE_H
#define TESTS_DCAP_ISSUE_H

#include "crypto/key.h"
#include "dcap/pck_extension.h"

/* Ends the program, saying what failed, unless the condition holds. */
void issue_must(bool condition, const char *what);
#define MUST(condition) issue_must(condition, #condition)

#define PKI_NOW INT64_C(1750000000) /* 2025-06-15; all parts are valid for a day around it */
#define PKI_DAY 86400

/* One certificate. Extensions are in OpenSSL's configuration syntax; NULL leaves one out. */
struct certificate_fields {
	const char *common_name;
	EVP_PKEY *key;
	X509 *issuer; /* NULL: self-signed */
	EVP_PKEY *issuer_key;
	const char *key_usage;
	const char *constraints;
	const char *distribution_point;
	const struct buf *sgx_extension; /* NULL for none */
	const char *critical_oid;        /* of a further extension, NULL for none */
	const char *serial;              /* hex, NULL for a random one */
	int64_t start;                   /* 0 for the usual dates */
	int64_t end;
	bool is_signed_by_sha384;
};

struct crl_fields {
	X509 *issuer;
	EVP_PKEY *key;
	const X509 *revoked; /* NULL for none */
	int64_t start;       /* 0 for the usual dates */
	int64_t end;
	const char *further_oid; /* of a further extension, NULL for none */
	bool is_further_critical;
	bool has_no_number;
};

X509 *issue_certificate(const struct certificate_fields *fields);

void issue_sgx_extension(struct buf *out, const struct pck_extension *platform);
void issue_crl(struct buf *out, const struct crl_fields *fields);
/* {"name":body,"signature":"..."} */
void issue_document(struct buf *out, const char *name, struct bytes body, EVP_PKEY *key);
/* Replaces the one occurrence of `old` in text. */
void replace_once(struct buf *text, const char *old, const char *new);

#endif
