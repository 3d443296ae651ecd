/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "dcap/enclave_identity.h"
#include "simulated.h"

/* The report of the simulated Quoting Enclave, which fits those of the seeds. */
static void match(const struct enclave_identity *identity, bool is_tdx)
{
	const struct tcb_level *level = NULL;
	struct sgx_quote quote;
	simulated_must(sgx_quote_parse(simulated_quote(is_tdx), &quote, FUZZ_ERR), "no quote");
	if (enclave_identity_match(identity, &quote.qe_report, &level, FUZZ_ERR))
		simulated_must(level && level->svn <= quote.qe_report.isv_svn,
			"it has a level that it does not reach");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct enclave_identity identity;
	if (!enclave_identity_parse((struct bytes){ data, size }, &identity, FUZZ_ERR))
		return 0;
	match(&identity, false);
	match(&identity, true);
	enclave_identity_free(&identity);
	return 0;
}
