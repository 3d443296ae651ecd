/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that the Coordinator knows, as one value that is never modified after it is published (see
 * docs/architecture.md). Readers hold a reference; a change builds a new value.
 */
#ifndef COORDINATOR_DEPLOYMENT_H
#define COORDINATOR_DEPLOYMENT_H

#include "base/strmap.h"
#include "coordinator/counters.h"
#include "coordinator/pending_update.h"
#include "coordinator/pki.h"
#include "coordinator/sealed_file.h"
#include "coordinator/secrets.h"
#include "manifest/manifest.h"

#include <stdatomic.h>

/* Numbers and names of spec pki-and-state.md clause 2. */
enum coordinator_state {
	STATE_UNINITIALIZED = 0,
	STATE_RECOVERY = 1,
	STATE_ACCEPTING_MANIFEST = 2,
	STATE_ACCEPTING_MARBLES = 3,
};

#define DEPLOYMENT_ID_SIZE 16

struct deployment {
	atomic_size_t references;
	enum coordinator_state state;
	struct pki pki;
	struct buf
		quote; /* of the root certificate, with Open Enclave header; empty in simulation */
	uint8_t root_secret[ROOT_SECRET_SIZE];
	uint8_t previous_root_secret[ROOT_SECRET_SIZE]; /* the same until it is rotated */

	/* from here on empty until there is a manifest */
	uint8_t id[DEPLOYMENT_ID_SIZE];        /* ties the activation counters to this deployment */
	uint8_t counter_key[COUNTER_KEY_SIZE]; /* seals them, whatever seals the rest */
	bool has_old_counters;         /* from a version that sealed them with the data key */
	bool is_witnessed;             /* a witness knows how new this is, and must be asked */
	struct sealing sealing;        /* of all this; not part of what is encoded */
	struct buf manifest_text;      /* the exact bytes that were set */
	struct buf manifest_signature; /* ECDSA by the root key over them, ASN.1 DER */
	struct manifest *manifest;
	struct strmap shared_secrets;   /* shared and user-defined: name to struct secret */
	struct strmap previous_secrets; /* of those that were made anew, the values before */
	struct strmap raised;           /* package to uint64_t *, the updated SecurityVersion */
	struct buf update_log;          /* lines */
	struct pending_update *pending; /* NULL when no update waits */

	/*
	 * What the mesh API shows: the marble root, with a quote in it unless in simulation. Made
	 * before the deployment is published, and not sealed.
	 */
	X509 *mesh_certificate;

	/* made once, used by every activation */
	struct secret *root_ca;
	struct secret *coordinator_root;
	struct secret *coordinator_intermediate;
};

/* A new authority and root secret, without manifest. NULL on error. */
struct deployment *deployment_create(const struct pki_options *options, int64_t now,
	enum coordinator_state state, struct error *err);

/*
 * What becomes of `from` when a manifest is set: same authority, secrets generated, templates tried
 * (spec manifest.md clauses 3 and 5.5), signature and log entry made. `recovery_secrets` as below.
 * NULL with an error that has the prefix of the spec.
 */
struct deployment *deployment_with_manifest(const struct deployment *from,
	struct bytes manifest_text, int64_t now, struct strmap *recovery_secrets,
	struct error *err);

/*
 * Another one that says the same, with one reference, for the functions below to change before it
 * is published. `from` has a manifest.
 */
struct deployment *deployment_copy(const struct deployment *from);
/* Puts another manifest in the place of the present one, and signs it. */
bool deployment_set_manifest(
	struct deployment *deployment, struct bytes manifest_text, struct error *err);
/* Notes an update of a package, which has an effect after the next function. */
void deployment_raise(
	struct deployment *deployment, const char *package, uint64_t security_version);
/* Reads the manifest from its text again, with all updates of packages. */
bool deployment_reload_manifest(struct deployment *deployment, struct error *err);
/* Makes all certificates below the root anew. */
bool deployment_renew_authority(
	struct deployment *deployment, unsigned curve_bits, int64_t now, struct error *err);

/*
 * Makes a new data key, which the recovery keys of the manifest can restore: adds to
 * `recovery_secrets` what their owners get (see recovery_split).
 */
bool deployment_renew_sealing(
	struct deployment *deployment, struct strmap *recovery_secrets, struct error *err);

/* Appends everything that must survive a restart (spec pki-and-state.md clause 5), or reads it. */
bool deployment_encode(const struct deployment *deployment, struct buf *out, struct error *err);
struct deployment *deployment_decode(
	struct bytes data, const struct sealing *sealing, struct error *err);

/* An empty one with one reference, and, whenever its authority is new, what is made once of it. */
struct deployment *deployment_new(enum coordinator_state state);
void deployment_prepare(struct deployment *deployment);

/* It is freed with the last reference. */
struct deployment *deployment_reference(struct deployment *deployment);
void deployment_release(struct deployment *deployment);

DEFINE_AUTO_FREE(auto_deployment, struct deployment *, deployment_release)

#endif
