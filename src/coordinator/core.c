/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/core.h"

#include "attest/issuer.h"
#include "attest/ra_tls.h"
#include "attest/report_header.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "coordinator/core_private.h"
#include "coordinator/recovery.h"
#include "coordinator/seal_keys.h"
#include "coordinator/witness.h"
#include "pccs/network.h"

#include <string.h>

/*
 * Milliseconds after which a file that was written in place counts; one that was replaced does at
 * once. To look at all files costs a tenth of a verification, in an enclave more.
 */
#define COLLATERAL_LOOK_AGAIN 1000

static bool open_store(struct core *core, struct error *err)
{
	struct store_config config = { .folder = core->config.seal_folder };
	struct seal_keys keys;
	if (core->config.attestation_folder) {
		if (!seal_keys_get(core->config.attestation_folder, &keys, err))
			return false;
		config.keys = &keys;
	}
	core->store = store_open(&config, err);
	memory_wipe(&keys, sizeof(keys));
	return core->store != NULL;
}

static bool open_witness(struct core *core, struct error *err)
{
	if (!core->config.witness_file)
		return true;
	core->witness = witness_open(core->config.witness_file, err);
	return core->witness != NULL;
}

static bool open_verifier(struct core *core, struct error *err)
{
	if (!core->config.attestation_folder)
		return true;
	struct dcap_verifier_config config = {
		.trust_root_file = core->config.trust_root_file,
		.look_again = COLLATERAL_LOOK_AGAIN,
	};
	core->network = pccs_source_open(&core->config.collateral, &config.collateral_folder, err);
	if (!core->network && !config.collateral_folder)
		return false;
	config.source = core->network;
	core->verifier = dcap_verifier_new(&config, err);
	return core->verifier != NULL;
}

static bool start_new(struct core *core, enum coordinator_state state, struct error *err)
{
	core->current = deployment_create(&core->config.pki, clock_now(), state, err);
	return core->current != NULL;
}

bool core_ask_witness(struct core *core, struct deployment *deployment, struct counters *counters,
	uint64_t sequence, struct error *err)
{
	if (core->witness)
		return witness_accept(core->witness, deployment->id, sequence,
			counters_records(counters), deployment->is_witnessed, err);
	return !deployment->is_witnessed ||
	       error_set(err, ERROR_DENIED,
		       "the sealed state has a witness, which knows how new it is: name it "
		       "(EDG_COORDINATOR_WITNESS)");
}

struct counters_config core_counters_config(
	const struct core *core, const struct deployment *deployment)
{
	return (struct counters_config){
		.folder = core->config.seal_folder,
		.id = deployment->id,
		.key = deployment->counter_key,
		.may_be_old = deployment->has_old_counters,
		.is_in_memory = deployment->manifest->config.seal_mode == SEAL_DISABLED,
		.witness = core->witness,
	};
}

static bool start_stored(struct core *core, const struct stored *stored, struct error *err)
{
	core->current = deployment_decode(buf_bytes(&stored->state), &stored->sealing, err);
	if (!core->current)
		return error_prefix(err, "loading sealed state");
	const struct counters_config config = core_counters_config(core, core->current);
	core->counters = counters_open(&config, err);
	if (!core->counters ||
		!core_ask_witness(core, core->current, core->counters, stored->sequence, err))
		return false;
	/* from now on a journal of format 1 would be a damaged one; a new witness stays needed */
	bool is_new =
		!core->current->has_old_counters && (core->current->is_witnessed || !core->witness);
	core->current->has_old_counters = false;
	return is_new || core_save(core, core->current, err);
}

static bool load(struct core *core, struct error *err)
{
	enum store_content content;
	AUTO(stored_free) struct stored stored = { 0 };
	log_info("Loading state");
	struct error reason = { 0 };
	if (!store_load(core->store, &content, &stored, &reason)) {
		return error_set(err, reason.kind,
			"loading sealed state: %s: restore the seal directory as a whole, or move "
			"it away to start without a manifest",
			reason.message);
	}
	switch (content) {
	case STORE_STATE:
		return start_stored(core, &stored, err);
	case STORE_LOCKED:
		log_error("Failed to decrypt sealed state. Proceeding with a new state. Use the "
			  "/recover API endpoint to load an old state, or submit a new manifest to "
			  "overwrite the old state. Look up the documentation for more information "
			  "on how to proceed.",
			"error", reason.message);
		core->recovery = recovery_new(&stored.locked);
		return start_new(core, STATE_RECOVERY, err);
	case STORE_EMPTY:
		log_info("No sealed state found. Proceeding with new state.");
		return start_new(core, STATE_ACCEPTING_MANIFEST, err);
	}
	return false;
}

bool core_make_quote(struct core *core, const struct deployment *deployment, struct bytes nonce,
	struct buf *out, struct error *err)
{
	if (!core->config.attestation_folder)
		return true;
	uint8_t report_data[SGX_REPORT_DATA_SIZE] = { 0 };
	pki_root_hash(&deployment->pki, nonce, report_data);
	AUTO(buf_free) struct buf quote = { 0 };
	pthread_mutex_lock(&core->quoting);
	bool made = issuer_get_quote(core->config.attestation_folder, report_data, &quote, err);
	pthread_mutex_unlock(&core->quoting);
	if (made)
		report_header_put(out, buf_bytes(&quote));
	return made;
}

static X509 *quote_mesh_key(struct core *core, const struct pki *pki, struct error *err)
{
	pthread_mutex_lock(&core->quoting);
	X509 *made = ra_tls_issue(
		pki->marble_root, pki->intermediate_key, core->config.attestation_folder, err);
	pthread_mutex_unlock(&core->quoting);
	return made;
}

/*
 * Sets what the mesh API shows, before `next` is published. The key is mostly that of `previous`,
 * NULL for none. Marbles that do not ask who the Coordinator is need no quote, so that it serves
 * without one, too.
 */
static void make_mesh_certificate(
	struct core *core, const struct deployment *previous, struct deployment *next)
{
	X509 *made = NULL;
	struct error err = { 0 };
	if (previous && previous->pki.marble_root == next->pki.marble_root) {
		made = previous->mesh_certificate;
		X509_up_ref(made);
	} else if (core->config.attestation_folder) {
		made = quote_mesh_key(core, &next->pki, &err);
	}
	if (err.kind)
		log_warn("The mesh API has no quote in its certificate. Marbles that verify the "
			 "Coordinator will not start.",
			"error", err.message);
	if (!made) {
		made = next->pki.marble_root;
		X509_up_ref(made);
	}
	next->mesh_certificate = made;
}

static bool make_own_quote(struct core *core, struct error *err)
{
	log_info("Generating quote");
	if (!core->config.attestation_folder)
		log_warn("Failed to get quote. Proceeding in simulation mode.", "error",
			"there is none outside of an enclave; Marbles are accepted without any, and "
			"the key of the sealed state lies beside it, so never use this Coordinator "
			"for secrets that matter");
	return core_make_quote(
		core, core->current, (struct bytes){ "", 0 }, &core->current->quote, err);
}

/*
 * What would be wrong with the quote of every Marble on this machine is better known now. False if
 * it would have to be waited for.
 */
static bool try_quote(struct dcap_verifier *verifier, const struct deployment *deployment)
{
	AUTO(dcap_result_free) struct dcap_result result = { 0 };
	struct bytes quote;
	struct error err = { 0 };
	if (report_header_strip(buf_bytes(&deployment->quote), &quote, &err) &&
		dcap_verify(verifier, quote, clock_now(), &result, &err))
		return true;
	if (err.kind == ERROR_WOULD_WAIT)
		return false;
	log_warn("The quote of this Coordinator does not verify here. Marbles will be refused for "
		 "the same reason until it is mended; a restart is not needed.",
		"error", err.message);
	return true;
}

void core_try_own_quote(struct core *core)
{
	AUTO(auto_deployment) struct deployment *deployment = core_deployment(core);
	if (core->has_untried_quote)
		try_quote(core->verifier, deployment);
}

void core_give_up_waiting(struct core *core)
{
	if (core->network)
		network_source_give_up(core->network);
}

bool core_start(struct core *core, const struct core_config *config, struct error *err)
{
	*core = (struct core){ .config = *config };
	log_info("Creating the Core object");
	if (config->version) {
		core->metrics = metrics_new(config->version);
		core->events = events_new();
	}
	pthread_mutex_init(&core->reading, NULL);
	pthread_mutex_init(&core->writing, NULL);
	pthread_mutex_init(&core->quoting, NULL);
	if (open_verifier(core, err) && open_store(core, err) && open_witness(core, err) &&
		load(core, err) && make_own_quote(core, err)) {
		make_mesh_certificate(core, NULL, core->current);
		core->has_untried_quote =
			core->verifier &&
			!try_quote(dcap_verifier_hurried(core->verifier), core->current);
		return true;
	}
	core_stop(core);
	return false;
}

void core_stop(struct core *core)
{
	counters_close(core->counters);
	store_close(core->store);
	witness_free(core->witness);
	recovery_free(core->recovery);
	EVP_PKEY_free(core->recovery_key);
	deployment_release(core->current);
	dcap_verifier_free(core->verifier);
	metrics_free(core->metrics);
	events_free(core->events);
	pthread_mutex_destroy(&core->reading);
	pthread_mutex_destroy(&core->writing);
	pthread_mutex_destroy(&core->quoting);
}

struct deployment *core_deployment(struct core *core)
{
	pthread_mutex_lock(&core->reading);
	struct deployment *deployment = deployment_reference(core->current);
	pthread_mutex_unlock(&core->reading);
	return deployment;
}

struct counters *core_counters(struct core *core)
{
	pthread_mutex_lock(&core->reading);
	struct counters *counters = core->counters;
	pthread_mutex_unlock(&core->reading);
	return counters;
}

void core_finish_counting(struct core *core)
{
	counters_close(core->counters);
	core->counters = NULL;
}

void core_publish(struct core *core, struct deployment *next, struct counters *counters)
{
	make_mesh_certificate(core, core->current, next);
	pthread_mutex_lock(&core->reading);
	struct deployment *previous = core->current;
	core->current = next;
	core->counters = counters;
	pthread_mutex_unlock(&core->reading);
	deployment_release(previous);
}
