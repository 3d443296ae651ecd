/* SPDX-License-Identifier: Apache-2.0 */
/* The identities of Intel's Quoting Enclaves, version 2 (spec dcap.md clauses 3.2 and 4 F). */
#ifndef DCAP_ENCLAVE_IDENTITY_H
#define DCAP_ENCLAVE_IDENTITY_H

#include "base/buf.h"
#include "dcap/tcb_levels.h"
#include "dcap/validity.h"
#include "sgx/report.h"

/* Immutable once it is parsed. Masks say which bits of the report count. */
struct enclave_identity {
	bool is_td_qe; /* of the enclave that makes quotes of confidential VMs */
	struct validity validity;
	uint32_t evaluation_number;
	uint32_t misc_select;
	uint32_t misc_select_mask;
	struct sgx_attributes attributes;
	struct sgx_attributes attributes_mask;
	uint8_t mr_signer[SGX_HASH_SIZE];
	uint16_t isv_prod_id;
	struct tcb_levels levels; /* svn is the ISVSVN */
};

/*
 * Parses the body of the document, whose signature is the caller's to check. ERROR_INVALID names
 * the member; ERROR_UNSUPPORTED for other versions and other enclaves than the two.
 */
bool enclave_identity_parse(struct bytes body, struct enclave_identity *out, struct error *err);
void enclave_identity_free(struct enclave_identity *identity);

/*
 * The report is one of this enclave; *level is where its ISVSVN stands. ERROR_DENIED names the
 * field that differs, or says that no level is low enough.
 */
bool enclave_identity_match(const struct enclave_identity *identity,
	const struct sgx_report_body *report, const struct tcb_level **level, struct error *err);

#endif
