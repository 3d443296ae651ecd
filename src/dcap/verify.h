/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The complete DCAP verification of a quote of an SGX enclave or a TDX confidential VM, versions 3
 * to 5 (spec dcap.md clauses 4, steps A to H, and 6).
 * What is left to the caller is policy: which TCB statuses, which enclaves, which report data.
 */
#ifndef DCAP_VERIFY_H
#define DCAP_VERIFY_H

#include "base/buf.h"
#include "base/error.h"
#include "dcap/collateral_source.h"
#include "dcap/pck_extension.h"
#include "dcap/step.h"
#include "dcap/tcb_status.h"
#include "sgx/report.h"
#include "sgx/td_report.h"

/*
 * Holds the trust anchor, the collateral source and a cache of what was verified before. One may be
 * used by any number of threads at once.
 */
struct dcap_verifier;

struct dcap_verifier_config {
	/*
	 * Folder with tcb_info.json, qe_identity.json, their *_issuer_chain.pem, pck.crl and
	 * root_ca.crl; or with one such folder per FMSPC (12 lower-case hex digits). Collateral for
	 * TDX may stand in a folder tdx beside that for SGX. Files are read again when they change.
	 * Quotes that lack their PCK certificate, or what vouches for it, need files that
	 * pck_folder.h describes.
	 */
	const char *collateral_folder;
	/* Milliseconds for which the folder's files are not looked at; see collateral_folder.h. */
	unsigned look_again;
	/* In place of the folder, or NULL. The verifier closes it, also when it cannot be made. */
	struct collateral_source *source;
	/* PEM certificate of a simulated root, or NULL for Intel's, whose key is built in. */
	const char *trust_root_file;
};

/* NULL with an error that names the file. */
struct dcap_verifier *dcap_verifier_new(
	const struct dcap_verifier_config *config, struct error *err);
void dcap_verifier_free(struct dcap_verifier *verifier);
/*
 * The same for threads that must not wait: verifying fails with ERROR_WOULD_WAIT when collateral
 * has to be fetched first. Lives as long as the verifier.
 */
struct dcap_verifier *dcap_verifier_hurried(struct dcap_verifier *verifier);
/* True if the anchor is not Intel's: whatever verifies is to be called SIMULATED. */
bool dcap_verifier_is_simulated(const struct dcap_verifier *verifier);

#define DCAP_ADVISORIES_MAX 64 /* of one result; if more apply, the verification fails */

struct dcap_result {
	enum dcap_step step; /* DCAP_STEPS, or the one that failed; all else is zero then */
	bool is_tdx;
	/* of the attested enclave, or VM if is_tdx; debug is not judged here */
	struct sgx_report_body report;
	struct td_report td;
	enum tcb_status status; /* converged from the next three; never TCB_REVOKED */
	enum tcb_status platform_status;
	enum tcb_status qe_status;
	enum tcb_status tdx_module_status; /* UpToDate where there is no module of its own */
	char **advisories;                 /* of the matched levels, in order of appearance */
	size_t advisory_count;
	int64_t valid_from;  /* latest start of anything that was relied on (clause 4.2, rule 4) */
	int64_t valid_until; /* earliest end */
	uint32_t tcb_evaluation_number; /* the smaller one of TCB info and QE identity */
	uint8_t fmspc[6];
	/* name the platform, for allow-lists; multi-package platforms alone have an instance ID */
	uint8_t ppid[PCK_PLATFORM_ID_SIZE];
	bool has_instance_id;
	uint8_t instance_id[PCK_PLATFORM_ID_SIZE];
	bool is_simulated;
};

/*
 * Verifies `quote` (bare, no Open Enclave header) as of the time `now`. On success *result is
 * filled, else only its step; free it with dcap_result_free. Errors: ERROR_INVALID (malformed),
 * ERROR_DENIED (a check failed; the message says which, and the remedy where there is one),
 * ERROR_UNSUPPORTED, ERROR_NOT_FOUND (no collateral, or PCK certificate, for this platform).
 */
bool dcap_verify(struct dcap_verifier *verifier, struct bytes quote, int64_t now,
	struct dcap_result *result, struct error *err);
void dcap_result_free(struct dcap_result *result);

/* The 64 bytes of the enclave's or VM's choice: in *result. */
const uint8_t *dcap_result_report_data(const struct dcap_result *result);

#endif
