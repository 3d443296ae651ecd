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
#include "sgx/quote.h"

struct platform;

struct platform_options {
	enum tcb_status tcb_status;
	enum tcb_status qe_status; /* TCB_UP_TO_DATE, TCB_OUT_OF_DATE or TCB_REVOKED */
	/* of the machine's TCB level; ended by NULL; NULL for none */
	const char *const *advisories;
	uint8_t fmspc[6];  /* stands in the PCK certificate: not used by keep_keys */
	int64_t issued_at; /* of collateral; 0: now */
	int64_t valid_for; /* seconds; of collateral, but the root's CRL holds a year at least */
	uint32_t tcb_evaluation_number;
	bool pck_revoked; /* puts the PCK certificate on its CRL */
};

/* Up to date, collateral from now on for 30 days, an FMSPC that no real machine has. */
extern const struct platform_options platform_default_options;

/*
 * Makes a platform: private/ (0700) with the keys, root_ca.pem to trust, further certificates,
 * collateral/ for a verifier. The folder appears complete or not at all, missing parents are made;
 * ERROR_STATE if there is one with something in it. With `keep_keys` the platform must exist
 * (ERROR_NOT_FOUND) and only its collateral is issued anew.
 */
bool platform_init(const char *folder, const struct platform_options *options, bool keep_keys,
	struct error *err);

/*
 * Appends lines of text on what a verifier will find at the time `now`: certificates, TCB, status,
 * validity; and that all of it is SIMULATED. Needs no access to private/.
 */
bool platform_describe(const char *folder, int64_t now, struct buf *out, struct error *err);

/*
 * Reads the keys. ERROR_NOT_FOUND if the folder is none of a platform. The other functions may be
 * called for one platform by any number of threads at once.
 */
struct platform *platform_open(const char *folder, struct error *err);
void platform_free(struct platform *platform);

/* What the Quoting Enclave does: appends a bare quote over this report body. */
bool platform_put_quote(struct platform *platform, const struct sgx_report_body *body,
	struct buf *out, struct error *err);

/*
 * The same for a quote of any version, of an enclave or of a confidential VM: of `body` version,
 * is_tdx, the report and cert_type count, which is one of enum sgx_cert_type. ERROR_NOT_FOUND on a
 * platform without TDX.
 */
bool platform_put_quote_of(struct platform *platform, const struct sgx_quote *body, struct buf *out,
	struct error *err);

/*
 * What EREPORT does: fills key_id and mac for a body that is complete. The MAC is AES-128-CMAC over
 * the body with the target's report key: HKDF-SHA-256 of the platform's secret (private/secret)
 * without salt, with info "graphene platform report key" NUL TARGETINFO (512) CPUSVN KEYID.
 */
void platform_make_report(const struct platform *platform, const struct sgx_target_info *target,
	struct sgx_report *report);

enum platform_seal_policy { PLATFORM_SEAL_MRENCLAVE, PLATFORM_SEAL_MRSIGNER };

/*
 * What EGETKEY does for key name SEAL with key ID 0: HKDF-SHA-256 of the platform's secret without
 * salt, with info "graphene platform seal key MRENCLAVE" NUL CPUSVN ISVSVN(2) CONFIGSVN(2) flags(8)
 * XFRM(8, without the bits that Gramine's sgx.seal_key.xfrm_mask leaves out) MISCSELECT(4)
 * MRENCLAVE; or "… MRSIGNER" NUL, the same and at the end MRSIGNER ISVPRODID(2). So a new ISVSVN or
 * the DEBUG flag means another key.
 */
void platform_seal_key(const struct platform *platform, enum platform_seal_policy policy,
	const struct sgx_report_body *self, uint8_t key[16]);

/* The ID of its Quoting Enclave, as it is in the headers of quotes. */
void platform_qe_id(const struct platform *platform, uint8_t id[SGX_QE_ID_SIZE]);

/* The TEE TCB SVN that reports of confidential VMs on this machine carry. */
void platform_tee_tcb_svn(const struct platform *platform, uint8_t svn[TD_SVN_SIZE]);

/* The CPUSVN that reports of enclaves on this machine carry. */
void platform_cpu_svn(const struct platform *platform, uint8_t svn[16]);

#endif
