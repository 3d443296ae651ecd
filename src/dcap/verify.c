/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/verify.h"

#include "base/hex.h"
#include "base/memory.h"
#include "dcap/pck_lookup.h"
#include "dcap/quote_signer_cache.h"
#include "dcap/tdx.h"

#include <string.h>

struct dcap_verifier {
	struct anchor anchor;
	struct collateral_source *source;
	struct quote_signer_cache *signers;
	bool is_hurried;
	struct dcap_verifier *hurried; /* a copy that is, and that owns nothing; NULL in itself */
};

struct dcap_verifier *dcap_verifier_new(
	const struct dcap_verifier_config *config, struct error *err)
{
	struct dcap_verifier *verifier = xcalloc(1, sizeof(*verifier));
	verifier->signers = quote_signer_cache_new();
	verifier->source = config->source;
	bool has_anchor = anchor_open(config->trust_root_file, &verifier->anchor, err);
	if (has_anchor && !verifier->source)
		verifier->source = collateral_source_of_folder(
			config->collateral_folder, &verifier->anchor, config->look_again, err);
	if (!has_anchor || !verifier->source) {
		dcap_verifier_free(verifier);
		return NULL;
	}
	verifier->hurried = xmalloc(sizeof(*verifier));
	*verifier->hurried = *verifier;
	verifier->hurried->is_hurried = true;
	return verifier;
}

void dcap_verifier_free(struct dcap_verifier *verifier)
{
	if (!verifier)
		return;
	if (verifier->source)
		verifier->source->close(verifier->source);
	quote_signer_cache_free(verifier->signers);
	anchor_free(&verifier->anchor);
	free(verifier->hurried);
	free(verifier);
}

struct dcap_verifier *dcap_verifier_hurried(struct dcap_verifier *verifier)
{
	return verifier->hurried;
}

bool dcap_verifier_is_simulated(const struct dcap_verifier *verifier)
{
	return verifier->anchor.is_simulated;
}

/*
 * One verification on its way through the steps of the spec. They come in its order, but what does
 * not depend on the attested enclave or on the time is verified as a whole when it is first seen.
 * What this points to is released at its end.
 */
struct verification {
	struct sgx_quote quote;
	enum dcap_step step; /* the one that is being done */
	uint8_t signer_hash[SHA256_SIZE];
	bool is_known; /* the signer came from the cache */
	struct quote_signer *signer;
	struct collateral *collateral;
	const struct tcb_level *platform_level; /* in the collateral */
	const struct tcb_level *qe_level;
	const struct tcb_level *module_level; /* NULL unless the quote is of a TDX module's VM */
	enum tcb_status status;
};

static void verification_end(struct verification *v)
{
	if (v->signer)
		quote_signer_release(v->signer);
	if (v->collateral)
		collateral_release(v->collateral);
}

static struct quote_signer *make_signer(
	struct verification *v, struct dcap_verifier *verifier, int64_t now, struct error *err)
{
	const struct pck_request asker = {
		.anchor = &verifier->anchor,
		.now = now,
		.is_hurried = verifier->is_hurried,
	};
	AUTO(buf_free) struct buf chain = { 0 };
	v->step = DCAP_STEP_PCK_LOOKUP;
	if (!pck_lookup(&v->quote, verifier->source, &asker, &chain, err))
		return NULL;
	return quote_signer_new(&v->quote, buf_bytes(&chain), &verifier->anchor, &v->step, err);
}

/* Steps A and B, and of E what does not depend on the attested enclave. */
static bool find_signer(
	struct verification *v, struct dcap_verifier *verifier, int64_t now, struct error *err)
{
	quote_signer_hash(&v->quote, v->signer_hash);
	v->signer = quote_signer_cache_get(verifier->signers, v->signer_hash);
	/* a certificate that was looked up and has expired may have been issued anew */
	if (v->signer && !quote_signer_check_dates(v->signer, &verifier->anchor, now, NULL)) {
		quote_signer_release(v->signer);
		v->signer = NULL;
	}
	v->is_known = v->signer != NULL;
	if (!v->signer)
		v->signer = make_signer(v, verifier, now, err);
	if (!v->signer)
		return false;
	v->step = DCAP_STEP_PCK_DATES;
	return quote_signer_check_dates(v->signer, &verifier->anchor, now, err) ||
	       error_prefix(err, "PCK certificate chain");
}

/* Steps C and D. */
static bool check_collateral(
	struct verification *v, struct dcap_verifier *verifier, int64_t now, struct error *err)
{
	const struct quote_signer *signer = v->signer;
	const struct collateral_request request = {
		.fmspc = signer->platform.fmspc,
		.is_tdx = v->quote.is_tdx,
		.pck_ca = signer->pck_ca,
		.anchor = &verifier->anchor,
		.now = now,
		.is_hurried = verifier->is_hurried,
	};
	v->step = DCAP_STEP_COLLATERAL;
	v->collateral = verifier->source->get(verifier->source, &request, err);
	if (!v->collateral)
		return false;
	v->step = DCAP_STEP_REVOCATION;
	if (!collateral_check_crls(v->collateral, signer->pck, signer->pck_ca, now, err))
		return false;
	v->step = DCAP_STEP_DOCUMENTS;
	return collateral_check_documents(
		v->collateral, &signer->platform, v->quote.is_tdx, now, err);
}

/* The rest of step E. */
static bool check_quote_signature(struct verification *v, struct error *err)
{
	const struct sgx_quote *quote = &v->quote;
	v->step = DCAP_STEP_QUOTE_SIGNATURE;
	if (!p256_verify_raw(v->signer->attestation_key, quote->signed_part, quote->signature))
		return error_set(err, ERROR_DENIED,
			"the quote is not signed by its attestation key: was it changed?");
	return quote->is_tdx || quote->report.reserved_are_zero ||
	       error_set(err, ERROR_INVALID,
		       "the report in the quote has reserved fields that are not zero");
}

/* Step F, and for TDX the same for its module. */
static bool check_makers(struct verification *v, struct error *err)
{
	const struct collateral *collateral = v->collateral;
	v->step = DCAP_STEP_QE_IDENTITY;
	if (!enclave_identity_match(
		    &collateral->qe_identity, &v->quote.qe_report, &v->qe_level, err))
		return false;
	v->step = DCAP_STEP_TDX_MODULE;
	return !v->quote.is_tdx ||
	       tdx_modules_find(&collateral->tcb_info.modules, &v->quote.td, &v->module_level, err);
}

/* Step G. */
static bool find_platform_level(struct verification *v, struct error *err)
{
	const struct pck_extension *platform = &v->signer->platform;
	const struct tcb_levels *levels = &v->collateral->tcb_info.levels;
	v->step = DCAP_STEP_TCB_LEVEL;
	v->platform_level =
		v->quote.is_tdx ? tdx_level_find(levels, platform->components, platform->pce_svn,
					  &v->quote.td)
				: tcb_levels_find(levels, platform->components, platform->pce_svn);
	if (v->platform_level)
		return true;
	char components[2 * TCB_COMPONENTS + 1];
	char tdx[2 * TD_SVN_SIZE + 1];
	hex_format(components, platform->components, TCB_COMPONENTS);
	hex_format(tdx, v->quote.td.tee_tcb_svn, TD_SVN_SIZE);
	return error_set(err, ERROR_DENIED,
		"TCB not supported: the platform (components %s, PCESVN %u%s%s) is below every "
		"level of the TCB info",
		components, platform->pce_svn, v->quote.is_tdx ? ", TEE TCB SVN " : "",
		v->quote.is_tdx ? tdx : "");
}

static enum tcb_status status_of(const struct verification *v)
{
	const struct pck_extension *platform = &v->signer->platform;
	const struct tcb_info *info = &v->collateral->tcb_info;
	if (!v->quote.is_tdx)
		return tcb_status_converge(v->platform_level->status, v->qe_level->status);
	/* there is one, as a level was found that demands even more */
	const struct tcb_level *sgx_level =
		tcb_levels_find(&info->levels, platform->components, platform->pce_svn);
	const struct tdx_standing standing = {
		.levels = &info->levels,
		.modules = &info->modules,
		.report = &v->quote.td,
		.sgx_status = sgx_level->status,
		.tdx_status = v->platform_level->status,
		.module_level = v->module_level,
		.qe_status = v->qe_level->status,
	};
	return tdx_converge(&standing);
}

/* Step H. */
static bool converge(struct verification *v, struct error *err)
{
	const char *who = "of the platform";
	v->step = DCAP_STEP_STATUS;
	v->status = status_of(v);
	if (v->status != TCB_REVOKED)
		return true;
	if (v->qe_level->status == TCB_REVOKED)
		who = "of the Quoting Enclave";
	else if (v->module_level && v->module_level->status == TCB_REVOKED)
		who = "of the TDX module";
	return error_set(err, ERROR_DENIED, "TCB level invalid: Revoked (%s)", who);
}

static bool has_advisory(const struct dcap_result *result, const char *id)
{
	for (size_t i = 0; i < result->advisory_count; i++) {
		if (!strcmp(result->advisories[i], id))
			return true;
	}
	return false;
}

static bool add_advisories(
	struct dcap_result *result, const struct tcb_level *level, struct error *err)
{
	for (size_t i = 0; i < level->advisory_count; i++) {
		if (has_advisory(result, level->advisories[i]))
			continue;
		if (result->advisory_count == DCAP_ADVISORIES_MAX)
			return error_set(err, ERROR_INVALID, "more than %d advisories apply",
				DCAP_ADVISORIES_MAX);
		result->advisories[result->advisory_count++] = xstrdup(level->advisories[i]);
	}
	return true;
}

static bool collect_advisories(
	const struct verification *v, struct dcap_result *result, struct error *err)
{
	result->advisories = xcalloc(DCAP_ADVISORIES_MAX, sizeof(*result->advisories));
	if (add_advisories(result, v->platform_level, err) &&
		(!v->module_level || add_advisories(result, v->module_level, err)) &&
		add_advisories(result, v->qe_level, err))
		return true;
	dcap_result_free(result);
	return false;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void fill_result(
	const struct verification *v, const struct anchor *anchor, struct dcap_result *result)
{
	const struct collateral *collateral = v->collateral;
	const struct quote_signer *signer = v->signer;
	const struct validity chain = validity_common(signer->pck->validity,
		validity_common(signer->pck_ca->validity, anchor->root.validity));
	const struct validity all = validity_common(chain, collateral_validity(collateral));
	result->step = DCAP_STEPS;
	result->is_tdx = v->quote.is_tdx;
	result->report = v->quote.report;
	result->td = v->quote.td;
	result->status = v->status;
	result->platform_status = v->platform_level->status;
	result->qe_status = v->qe_level->status;
	result->tdx_module_status = v->module_level ? v->module_level->status : TCB_UP_TO_DATE;
	result->valid_from = all.start;
	result->valid_until = all.end;
	result->tcb_evaluation_number = smaller(
		collateral->tcb_info.evaluation_number, collateral->qe_identity.evaluation_number);
	result->is_simulated = anchor->is_simulated;
	memcpy(result->fmspc, signer->platform.fmspc, sizeof(result->fmspc));
	memcpy(result->ppid, signer->platform.ppid, sizeof(result->ppid));
	result->has_instance_id = signer->platform.is_multi_package;
	memcpy(result->instance_id, signer->platform.instance_id, sizeof(result->instance_id));
}

bool dcap_verify(struct dcap_verifier *verifier, struct bytes quote, int64_t now,
	struct dcap_result *result, struct error *err)
{
	*result = (struct dcap_result){ .status = TCB_REVOKED };
	AUTO(verification_end) struct verification v = { .step = DCAP_STEP_FORMAT };
	if (!sgx_quote_parse(quote, &v.quote, err) || !find_signer(&v, verifier, now, err) ||
		!check_collateral(&v, verifier, now, err) || !check_quote_signature(&v, err) ||
		!check_makers(&v, err) || !find_platform_level(&v, err) || !converge(&v, err) ||
		!collect_advisories(&v, result, err)) {
		result->step = v.step;
		return false;
	}
	fill_result(&v, &verifier->anchor, result);
	if (!v.is_known)
		quote_signer_cache_put(verifier->signers, v.signer_hash, v.signer);
	return true;
}

void dcap_result_free(struct dcap_result *result)
{
	for (size_t i = 0; i < result->advisory_count; i++)
		free(result->advisories[i]);
	free(result->advisories);
	*result = (struct dcap_result){ .status = TCB_REVOKED };
}

const uint8_t *dcap_result_report_data(const struct dcap_result *result)
{
	return result->is_tdx ? result->td.report_data : result->report.report_data;
}
