/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a verification in their order (spec dcap.md clause 4), for whoever wants to know how
 * far one came: all before the one that failed have passed, none behind it was done.
 */
#ifndef DCAP_STEP_H
#define DCAP_STEP_H

enum dcap_step {
	DCAP_STEP_FORMAT,
	DCAP_STEP_PCK_LOOKUP,
	DCAP_STEP_PCK_CHAIN,
	DCAP_STEP_QE_REPORT,
	DCAP_STEP_ATTESTATION_KEY,
	DCAP_STEP_PCK_DATES,
	DCAP_STEP_COLLATERAL,
	DCAP_STEP_REVOCATION,
	DCAP_STEP_DOCUMENTS,
	DCAP_STEP_QUOTE_SIGNATURE,
	DCAP_STEP_QE_IDENTITY,
	DCAP_STEP_TDX_MODULE, /* passes for quotes of SGX */
	DCAP_STEP_TCB_LEVEL,
	DCAP_STEP_STATUS,
	DCAP_STEPS, /* all have passed */
};

/* What holds when the step has passed, as a statement. */
const char *dcap_step_statement(enum dcap_step step);

#endif
