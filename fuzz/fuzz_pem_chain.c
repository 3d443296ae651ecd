/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "dcap/pck_lookup.h"
#include "simulated.h"

/* What a service may have answered to a question for the issuers alone, or for all of a chain. */
static void check_answer(struct bytes pem, const struct sgx_pck_name *name)
{
	static const uint8_t qe_id[SGX_QE_ID_SIZE];
	static const uint8_t fmspc[PCK_FMSPC_SIZE];
	const struct pck_request request = {
		.name = name,
		.qe_id = qe_id,
		.ca = CERTIFICATE_PLATFORM_CA,
		.fmspc = fmspc,
		.anchor = simulated_anchor(),
		.now = SIMULATED_NOW,
	};
	int64_t end;
	if (pck_answer_check(&request, pem, &end, FUZZ_ERR))
		simulated_must(end >= SIMULATED_NOW, "an expired chain was accepted");
}

static void check(struct bytes pem)
{
	static const uint8_t encrypted[SGX_PPID_RSA_3072_SIZE];
	const struct sgx_pck_name name = {
		.type = SGX_CERT_TYPE_PPID_RSA_3072,
		.ppid = { encrypted, sizeof(encrypted) },
		.pce_svn = 13,
	};
	const struct certificate *found[2];
	AUTO(chain_free) struct chain chain = { 0 };
	if (!chain_read(pem, &chain, FUZZ_ERR))
		return;
	(void)chain_check_pck(&chain, simulated_anchor(), &found[0], &found[1], FUZZ_ERR);
	(void)chain_check_signing(&chain, simulated_anchor(), &found[0], FUZZ_ERR);
	check_answer(pem, NULL);
	check_answer(pem, &name);
}

/* As it is, and signed anew. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes pem = { data, size };
	AUTO(buf_free) struct buf signed_anew = { 0 };
	check(pem);
	simulated_sign_chain(pem, &signed_anew);
	check(buf_bytes(&signed_anew));
	return 0;
}
