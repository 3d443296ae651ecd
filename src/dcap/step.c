/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/step.h"

const char *dcap_step_statement(enum dcap_step step)
{
	static const char *const statements[] = {
		[DCAP_STEP_FORMAT] = "the quote is well-formed and of a kind that can be verified",
		[DCAP_STEP_PCK_LOOKUP] = "its PCK certificate chain is in it, or was found for it",
		[DCAP_STEP_PCK_CHAIN] = "its PCK certificate chain leads to the trusted root",
		[DCAP_STEP_QE_REPORT] = "the report of the Quoting Enclave is signed by the PCK "
					"key",
		[DCAP_STEP_ATTESTATION_KEY] = "the attestation key is the one that the Quoting "
					      "Enclave reports",
		[DCAP_STEP_PCK_DATES] = "the certificates of the chain are of this time",
		[DCAP_STEP_COLLATERAL] = "the platform's collateral is there and signed under the "
					 "trusted root",
		[DCAP_STEP_REVOCATION] = "the CRLs are of this time and list neither the PCK "
					 "certificate nor its CA",
		[DCAP_STEP_DOCUMENTS] = "TCB info and QE identity are of this time, for this "
					"platform, and their signer is not revoked",
		[DCAP_STEP_QUOTE_SIGNATURE] = "the quote is signed by the attestation key",
		[DCAP_STEP_QE_IDENTITY] = "the Quoting Enclave is Intel's",
		[DCAP_STEP_TDX_MODULE] = "the TDX module is Intel's, if there is one",
		[DCAP_STEP_TCB_LEVEL] = "the platform is at a level of the TCB info",
		[DCAP_STEP_STATUS] = "neither platform nor Quoting Enclave is revoked",
	};
	return statements[step];
}
