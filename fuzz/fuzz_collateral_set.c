/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "dcap/verify.h"
#include "pccs/set_file.h"
#include "simulated.h"

#include "pccs/service.h"

#include <string.h>

/* A source that has one set. */
struct single {
	struct collateral_source base;
	struct collateral *collateral;
};

static struct collateral *get_single(struct collateral_source *source,
	const struct collateral_request *request, struct error *err)
{
	(void)request;
	(void)err;
	return collateral_keep(((struct single *)source)->collateral);
}

static void close_single(struct collateral_source *source)
{
	(void)source;
}

/* The quote is good, so that all that decides is in the set. */
static void verify_quote(struct collateral *collateral, bool is_tdx)
{
	struct single source = { { .get = get_single, .close = close_single }, collateral };
	const struct dcap_verifier_config config = {
		.source = &source.base,
		.trust_root_file = FUZZ_PLATFORM "/root_ca.pem",
	};
	struct dcap_verifier *verifier = dcap_verifier_new(&config, FUZZ_ERR);
	struct dcap_result result;
	bool good =
		dcap_verify(verifier, simulated_quote(is_tdx), SIMULATED_NOW, &result, FUZZ_ERR);
	simulated_must(!good || result.valid_until <= collateral_validity(collateral).end,
		"verified for longer than the set holds");
	dcap_result_free(&result);
	dcap_verifier_free(verifier);
}

/* As a service's or a cached one is. */
static void use(const struct buf files[COLLATERAL_FILES], bool is_tdx)
{
	const struct chain *chain = simulated_pck_chain();
	const struct certificate *pck = chain_find(chain, CERTIFICATE_PCK);
	struct pck_extension platform;
	simulated_must(
		pck_extension_parse(pck->sgx_extension, &platform, FUZZ_ERR), "no SGX extension");
	const struct pccs_wanted wanted = {
		.fmspc = platform.fmspc,
		.is_tdx = is_tdx,
		.pck_ca = chain_find_pck_ca(chain),
		.anchor = simulated_anchor(),
	};
	AUTO(auto_collateral)
	struct collateral *collateral =
		pccs_wanted_verify(&wanted, "it", files, SIMULATED_NOW, FUZZ_ERR);
	if (!collateral)
		return;
	simulated_must(!collateral_find_older_part(collateral, collateral), "older than itself");
	verify_quote(collateral, is_tdx);
}

static void sign(const struct buf files[COLLATERAL_FILES], struct buf out[COLLATERAL_FILES])
{
	static const char *const names[COLLATERAL_FILES] = {
		[COLLATERAL_TCB_INFO] = "tcbInfo",
		[COLLATERAL_QE_IDENTITY] = "enclaveIdentity",
	};
	for (size_t i = 0; i < COLLATERAL_FILES; i++) {
		if (names[i])
			simulated_sign_document(buf_bytes(&files[i]), names[i], &out[i]);
		else if (i == COLLATERAL_PCK_CRL)
			simulated_sign_der(buf_bytes(&files[i]), CERTIFICATE_PLATFORM_CA, &out[i]);
		else if (i == COLLATERAL_ROOT_CRL)
			simulated_sign_der(buf_bytes(&files[i]), CERTIFICATE_ROOT, &out[i]);
		else
			simulated_sign_chain(buf_bytes(&files[i]), &out[i]);
	}
}

static void free_files(struct buf files[COLLATERAL_FILES])
{
	for (size_t i = 0; i < COLLATERAL_FILES; i++)
		buf_free(&files[i]);
}

/* An odd time means a set for TDX. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf files[COLLATERAL_FILES] = { 0 };
	struct buf signed_anew[COLLATERAL_FILES] = { 0 };
	AUTO(buf_free) struct buf again = { 0 };
	int64_t fetched_at;
	if (set_file_parse((struct bytes){ data, size }, files, &fetched_at, FUZZ_ERR)) {
		bool is_tdx = fetched_at & 1;
		set_file_put(&again, files, fetched_at);
		simulated_must(bytes_equal(buf_bytes(&again), (struct bytes){ data, size }),
			"written, it is another file");
		use(files, is_tdx);
		sign(files, signed_anew);
		use(signed_anew, is_tdx);
	}
	free_files(files);
	free_files(signed_anew);
	return 0;
}
