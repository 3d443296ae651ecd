/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "dcap/verify.h"
#include "simulated.h"

#include <string.h>

/* The first byte says what is signed anew before the quote behind it is verified. */
enum { SIGN_CHAIN = 1, SIGN_QE_REPORT = 2, SIGN_QUOTE = 4 };

/* `content` with one part of it signed anew; unchanged if it is no quote. */
static void sign(struct buf *content, unsigned part)
{
	struct sgx_quote quote;
	AUTO(buf_free) struct buf chain = { 0 };
	AUTO(buf_free) struct buf out = { 0 };
	if (!sgx_quote_parse(buf_bytes(content), &quote, FUZZ_ERR))
		return;
	if (part == SIGN_QUOTE) {
		simulated_sign_quote(&quote, &out);
	} else if (part == SIGN_QE_REPORT) {
		simulated_sign_qe_report(&quote, &out);
	} else {
		simulated_sign_chain(quote.cert_data, &chain);
		quote.cert_data = buf_bytes(&chain);
		buf_put(&out, quote.signed_part.data, quote.signed_part.size);
		sgx_quote_put_signature_data(&out, &quote);
	}
	buf_free(content);
	*content = buf_take(&out);
}

/*
 * In the seeds the report data are the hash of all else that is signed. So nothing but a forgery is
 * verified that is different and was not signed anew.
 */
static void check_not_forged(struct bytes content)
{
	struct sgx_quote quote;
	uint8_t said[SHA256_SIZE];
	uint8_t hash[SHA256_SIZE];
	AUTO(buf_free) struct buf body = { 0 };
	simulated_must(
		sgx_quote_parse(content, &quote, FUZZ_ERR), "verified, but cannot be parsed");
	memcpy(said, sgx_quote_report_data(&quote), sizeof(said));
	memset(quote.report.report_data, 0, sizeof(quote.report.report_data));
	memset(quote.td.report_data, 0, sizeof(quote.td.report_data));
	sgx_quote_put_signed_part(&body, &quote);
	sha256(body.data, body.size, hash);
	simulated_must(!memcmp(said, hash, sizeof(said)), "a forged quote was verified");
}

static bool verify(struct dcap_verifier *verifier, struct bytes quote, struct dcap_result *result)
{
	struct error err = { 0 };
	bool good = dcap_verify(verifier, quote, SIMULATED_NOW, result, &err);
	simulated_must(good == (result->step == DCAP_STEPS), "the step is not that of the verdict");
	simulated_must(good == (err.kind == ERROR_NONE), "the error is not that of the verdict");
	simulated_must(!good || (result->is_simulated && result->status != TCB_REVOKED &&
					result->valid_until >= SIMULATED_NOW),
		"verified, but not as it should be");
	return good;
}

/* By a verifier of its own, so that inputs do not depend on each other; then by what that keeps. */
static bool verify_twice(struct bytes quote)
{
	const struct dcap_verifier_config config = {
		.source = simulated_source(),
		.trust_root_file = FUZZ_PLATFORM "/root_ca.pem",
	};
	struct dcap_verifier *verifier = dcap_verifier_new(&config, FUZZ_ERR);
	struct dcap_result first;
	struct dcap_result second;
	bool good = verify(verifier, quote, &first);
	bool is_still = verify(verifier, quote, &second);
	simulated_must(good == is_still && first.step == second.step &&
			       first.status == second.status &&
			       first.advisory_count == second.advisory_count,
		"the second verdict is another");
	dcap_result_free(&first);
	dcap_result_free(&second);
	dcap_verifier_free(verifier);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(buf_free) struct buf quote = { 0 };
	unsigned parts = size ? data[0] : 0;
	if (size)
		buf_put(&quote, data + 1, size - 1);
	/* the quote's key before the report that is bound to it */
	for (unsigned part = SIGN_QUOTE; part; part >>= 1) {
		if (parts & part)
			sign(&quote, part);
	}
	bool good = verify_twice(buf_bytes(&quote));
	if (good && !(parts & (SIGN_CHAIN | SIGN_QE_REPORT | SIGN_QUOTE)))
		check_not_forged(buf_bytes(&quote));
	return 0;
}
