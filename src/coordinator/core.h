/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Coordinator behind its two APIs: the present deployment, the store, attestation. Any thread
 * may call any function.
 */
#ifndef COORDINATOR_CORE_H
#define COORDINATOR_CORE_H

#include "coordinator/change.h"
#include "coordinator/counters.h"
#include "coordinator/deployment.h"
#include "coordinator/events.h"
#include "coordinator/metrics.h"
#include "pccs/open.h"

#include <pthread.h>

#define CORE_DEFAULT_COLLATERAL "/etc/marblerun/collateral"

struct core_config {
	struct pki_options pki;
	const char *seal_folder;
	/* NULL in simulation: no quote of our own, and Marbles are not asked for theirs */
	const char *attestation_folder;
	struct pccs_options collateral; /* of the verifier; not used in simulation */
	const char *trust_root_file;    /* NULL for Intel's */
	const char *witness_file;       /* NULL for none: see witness.h */
	const char *version;            /* for metrics; NULL when they are not served */
};

struct core {
	struct core_config config;
	struct dcap_verifier *verifier; /* NULL in simulation */
	struct metrics *metrics;        /* NULL unless they are served */
	struct events *events;

	/* private to core*.c */
	struct collateral_source *network; /* the verifier's, if it asks a service; else NULL */
	bool has_untried_quote;
	struct store *store;
	struct witness *witness;   /* NULL when there is none */
	struct recovery *recovery; /* NULL unless a state waits for its recovery */
	EVP_PKEY *recovery_key;    /* the ephemeral one; NULL until it is asked for */
	struct counters *counters;
	struct deployment *current;
	pthread_mutex_t reading; /* of `current` and `counters`, held for an instant */
	pthread_mutex_t writing; /* held while a change is made and sealed */
	pthread_mutex_t quoting; /* the attestation device has one buffer per process */
};

/*
 * Opens the store and goes into the state that it finds (spec pki-and-state.md clause 2); makes the
 * quote. `config` must outlive the core. False when the Coordinator must not run.
 */
bool core_start(struct core *core, const struct core_config *config, struct error *err);
void core_stop(struct core *core);

/*
 * Verifies the Coordinator's own quote and warns if it does not verify, unless core_start did that:
 * it does not wait for collateral. This may wait.
 */
void core_try_own_quote(struct core *core);
/* Ends all waiting for collateral, now and later. From any thread. */
void core_give_up_waiting(struct core *core);

/* A reference to the present deployment; the caller releases it. */
struct deployment *core_deployment(struct core *core);
/* The counters of the deployment with a manifest, for as long as the core runs. */
struct counters *core_counters(struct core *core);

/* Returns when no increment of a counter is under way any more; none may be asked for afterwards.
 */
void core_finish_counting(struct core *core);

/*
 * Sets the manifest in states 1 and 2; sealed when it returns true. ERROR_STATE in others. What the
 * owners of its recovery keys get is added to `recovery_secrets` (see recovery_split).
 */
bool core_set_manifest(struct core *core, struct bytes manifest, struct strmap *recovery_secrets,
	struct error *err);

/*
 * Makes a change by the user who has the certificate of change->user, now. It is sealed when this
 * returns true. On false, see change_function. ERROR_UNAUTHENTICATED when the user is gone.
 */
bool core_change(
	struct core *core, change_function *make, struct change *change, struct error *err);

/*
 * Recovery in state 1 (spec client-api.md clause 7.2). The secret is one in plain text, or what
 * core_decrypt_secret made of one that was encrypted with the ephemeral key. When it returns true
 * with *remaining 0, the state that was sealed is the present one again.
 */
bool core_recover(struct core *core, struct bytes secret, struct bytes signature, size_t *remaining,
	struct error *err);
bool core_decrypt_secret(
	struct core *core, struct bytes encrypted, struct buf *secret, struct error *err);
/* Appends the ephemeral public key (clause 7.3), in DER. The first time takes seconds. */
bool core_get_recovery_key(struct core *core, struct buf *der, struct error *err);

/*
 * Appends a fresh quote, with Open Enclave header, over SHA-256(root certificate || nonce). Nothing
 * in simulation.
 */
bool core_make_quote(struct core *core, const struct deployment *deployment, struct bytes nonce,
	struct buf *out, struct error *err);

#endif
