/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a manifest demands of an enclave, and whether a verified quote meets it (spec marble-api.md
 * clauses 4.3 to 4.6; messages as in clause 4).
 */
#ifndef ATTEST_POLICY_H
#define ATTEST_POLICY_H

#include "attest/platform_policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Strings are owned; the zero value demands a production enclave and nothing else. A package is a
 * TDX confidential VM if it names MRTD, and else an enclave.
 */
struct package_properties {
	bool debug;
	char *unique_id; /* MRENCLAVE in hex, NULL for any */
	char *signer_id; /* MRSIGNER in hex, NULL for any */
	bool has_product_id;
	uint64_t product_id;
	bool has_security_version;
	uint64_t security_version; /* the least that is accepted */
	char *mr_td;               /* MRTD in hex, NULL for an enclave */
	char *rtmr[TD_RTMRS];      /* in hex, NULL for any; only with mr_td */
	struct platform_policy platform;
};

/* Whether a register of a VM is among them, which makes MRTD necessary and what enclaves have
 * wrong. */
bool package_properties_name_vm(const struct package_properties *properties);
/* Frees the strings and leaves the zero value. */
void package_properties_free(struct package_properties *properties);
/* As the CLI and the log print it: `{Debug: false, UniqueID: "…", …}` with what is set. */
void package_properties_put_text(const struct package_properties *properties, struct buf *out);

/* Clause 4.4. ERROR_DENIED "PackageProperties not compliant:…". */
bool policy_check_properties(const struct package_properties *required,
	const struct dcap_result *result, struct error *err);

/* Clause 4.2: the first 32 bytes of the report data are SHA-256 of the certificate. */
bool policy_check_binding(
	struct bytes certificate_der, const struct dcap_result *result, struct error *err);

/*
 * All of clause 4.3 for a quote with Open Enclave header that came over a TLS connection with this
 * client certificate.
 */
bool policy_verify_quote(struct dcap_verifier *verifier, struct bytes report,
	struct bytes certificate_der, const struct package_properties *required, int64_t now,
	struct error *err);

#endif
