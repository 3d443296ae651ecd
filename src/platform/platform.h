/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated SGX machine: the keys and certificates that Intel and the machine would hold, kept in
 * a folder, and what hardware and Quoting Enclave do with them (spec dcap.md clause 5,
 * graphene-attestation.md clauses 6, 7, 10). Protects nothing; its root must be trusted by name.
 */
#ifndef PLATFORM_PLATFORM_H
#define PLATFORM_PLATFORM_H

#include "base/buf.h"
#include "base/error.h"
#include "dcap/tcb_status.h"
#include "sgx/report.h"

struct platform;

struct platform_options {
	enum tcb_status tcb_status;
	const char *const *advisories; /* ended by NULL; NULL for none */
	enum tcb_status qe_status;     /* TCB_UP_TO_DATE, TCB_OUT_OF_DATE or TCB_REVOKED */
	uint8_t fmspc[6];
	int64_t issued_at; /* of collateral */
	int64_t valid_for; /* seconds, of collateral */
	uint32_t tcb_evaluation_number;
	bool pck_revoked; /* puts the PCK certificate on its CRL */
};

extern const struct platform_options platform_default_options; /* issued_at is 0: now */

/*
 * Makes a platform in a new folder: private/ (0700) with the keys, root_ca.pem to trust,
 * collateral/ for a verifier. An existing platform is refused unless `keep_keys`, which only issues
 * its collateral anew.
 */
bool platform_init(const char *folder, const struct platform_options *options, bool keep_keys,
	struct error *err);

struct platform *platform_open(const char *folder, struct error *err);
void platform_free(struct platform *platform);

/* What the Quoting Enclave does: appends a bare quote over this report body. */
bool platform_put_quote(struct platform *platform, const struct sgx_report_body *body,
	struct buf *out, struct error *err);

/* What EREPORT does: fills key_id and mac for a body whose identity fields are set. */
void platform_make_report(const struct platform *platform, const struct sgx_target_info *target,
	struct sgx_report *report);

enum platform_seal_policy { PLATFORM_SEAL_MRENCLAVE, PLATFORM_SEAL_MRSIGNER };

/* What EGETKEY does for key name SEAL: depends on platform, policy, identity and SVN. */
void platform_seal_key(const struct platform *platform, enum platform_seal_policy policy,
	const struct sgx_report_body *self, uint8_t key[16]);

/* The CPUSVN that reports of enclaves on this machine carry. */
void platform_cpu_svn(const struct platform *platform, uint8_t svn[16]);

#endif
