/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmarblerun: verifies a MarbleRun Coordinator by remote attestation, and uses its client API.
 *
 *	struct marblerun *m = marblerun_new("coordinator.example.com:4433");
 *	if (marblerun_set_era(m, era, strlen(era)) && marblerun_verify(m) && marblerun_get_...)
 *	...
 *	marblerun_free(m);
 *
 * A handle is for one Coordinator: settings first, then one of the functions that decide whom to
 * trust, then calls. Before that decision calls fail, and nothing but the request for a quote is
 * sent. Handles know nothing of each other; each may be used by one thread at a time.
 *
 * Functions that return bool are false on failure, and marblerun_error says why. What they return
 * through pointers is the caller's, to be freed with the function of its type, and untouched on
 * failure; what they are given is copied, and stays the caller's. Texts are UTF-8 and end with NUL.
 * Sizes are bytes. Memory that held secrets is wiped. When there is no memory the process ends.
 *
 * The proxy variables of the environment count as in curl(1); nothing else of it does. No signal is
 * caught or raised, nothing printed. A call takes 120 seconds at most, 15 of them to connect.
 */
#ifndef MARBLERUN_MARBLERUN_H
#define MARBLERUN_MARBLERUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct marblerun;

/*
 * `address` is "HOST:PORT" of the client API. Never NULL: an address that is none is reported by
 * the first function that needs it.
 */
struct marblerun *marblerun_new(const char *address);
/* Accepts NULL. */
void marblerun_free(struct marblerun *m);

enum marblerun_error_kind {
	MARBLERUN_OK = 0,
	MARBLERUN_INTERNAL,        /* a fault of the library or the machine */
	MARBLERUN_INVALID,         /* malformed or contradictory input */
	MARBLERUN_DENIED,          /* the Coordinator is not the one that is wanted */
	MARBLERUN_UNAUTHENTICATED, /* the Coordinator does not know these credentials */
	MARBLERUN_NOT_FOUND,       /* a file, or a key on a token, does not exist */
	MARBLERUN_STATE,           /* not possible now: no manifest is set, nobody is trusted yet */
	MARBLERUN_UNAVAILABLE,     /* no answer, or the Coordinator's answer is an error */
	MARBLERUN_UNSUPPORTED,     /* the Coordinator is too old for this */
};

/* Of the last function that failed: MARBLERUN_OK and "" before. Valid until the next call. */
enum marblerun_error_kind marblerun_error_kind(const struct marblerun *m);
/*
 * One text for people: what is wrong, where, and what to do, the latter in terms of the command
 * line marblerun(1). Never has a secret in it.
 */
const char *marblerun_error(const struct marblerun *m);

/* Bytes with one NUL behind them. The zero value is none, with data NULL. */
struct marblerun_bytes {
	uint8_t *data;
	size_t size;
};

/* Wipes, and leaves the zero value. */
void marblerun_bytes_free(struct marblerun_bytes *bytes);

/* What the Coordinator has to be */

/*
 * The attestation configuration: a JSON object with UniqueID (MRENCLAVE), or SignerID (MRSIGNER)
 * with ProductID and SecurityVersion, the least that is accepted; Debug: true accepts debug
 * enclaves as well. MinimumTCBEvaluationDataNumber and AcceptedPlatforms, a list of PPIDs or
 * platform instance IDs in hex, are demanded of the machine. MARBLERUN_INVALID names the member
 * that is wrong.
 */
bool marblerun_set_era(struct marblerun *m, const void *json, size_t size);

/*
 * A folder with tcb_info.json, qe_identity.json, their *_issuer_chain.pem, pck.crl and root_ca.crl;
 * or the address of a service that has them, Intel's PCS or a PCCS, such as
 * https://localhost:8081/sgx/certification/v4/. NULL, as by default: what
 * /etc/sgx_default_qcnl.conf names.
 */
void marblerun_set_collateral(struct marblerun *m, const char *collateral);
/*
 * How to ask a service, each NULL for the default: PEM file with the authorities that its
 * certificate is checked by (the system's); "FALSE" to do without that check ("TRUE", or what the
 * configuration of the machine says); a folder to keep what it has sent (none).
 */
void marblerun_set_collateral_service(struct marblerun *m, const char *ca_file,
	const char *secure_cert, const char *cache_folder);

/* PEM file with the root of a simulated platform, in the place of Intel's. NULL: Intel's again. */
void marblerun_set_trust_root(struct marblerun *m, const char *file);

/* By default UpToDate and SWHardeningNeeded. */
void marblerun_accept_tcb_statuses(struct marblerun *m, const char *const *names, size_t count);
/* Advisories that are accepted with SWHardeningNeeded; by default, and with none, all. */
void marblerun_accept_advisories(struct marblerun *m, const char *const *ids, size_t count);

/* Demands a fresh quote over these bytes; none by default. */
void marblerun_set_nonce(struct marblerun *m, const void *nonce, size_t size);

enum marblerun_notice {
	MARBLERUN_NOTICE_ACCEPTED, /* a state of the Coordinator that is not the best, but accepted
				    */
	MARBLERUN_NOTICE_WARNING,  /* something that the user may not have meant */
};

/*
 * Called, inside of other functions, for each thing that the user should know although it is no
 * error: TCB levels, roots that are SIMULATED, members of the configuration that do not exist.
 */
void marblerun_on_notice(struct marblerun *m,
	void (*notice)(void *context, enum marblerun_notice kind, const char *text), void *context);

/* Whom to trust: one of these */

/*
 * Gets the Coordinator's quote, verifies it as of now against the settings, and from here on trusts
 * the root certificate alone that the quote vouches for. MARBLERUN_DENIED says which check failed.
 */
bool marblerun_verify(struct marblerun *m);

/* Trusts the root certificate that an earlier marblerun_verify led to: the PEM of the chain. */
bool marblerun_trust(struct marblerun *m, const void *pem, size_t size);

/* For tests: trusts the root of whoever answers now. In simulation mode there is no quote. */
bool marblerun_insecure_trust(struct marblerun *m);

/* For tests: no certificate is looked at, now or later, so there is none to get. */
void marblerun_insecure_connect(struct marblerun *m);

enum marblerun_certificate {
	MARBLERUN_ROOT,
	MARBLERUN_INTERMEDIATE, /* which issues certificates to Marbles */
	MARBLERUN_CHAIN,        /* the intermediate one and the root */
};

/* The Coordinator's certificates, in PEM. */
bool marblerun_get_certificate(
	struct marblerun *m, enum marblerun_certificate which, struct marblerun_bytes *pem);

/*
 * The quote, with Open Enclave header, that marblerun_verify verified; unverified after
 * marblerun_insecure_trust. MARBLERUN_STATE when there was none.
 */
bool marblerun_get_quote(struct marblerun *m, struct marblerun_bytes *quote);

/* Who the user is */

/* Certificate (or chain) and private key in PEM, without password. They are tried when they are
 * used. */
bool marblerun_set_credentials(struct marblerun *m, const void *certificate,
	size_t certificate_size, const void *key, size_t key_size);

/* A key pair and its certificate on a PKCS#11 token. The key stays there. */
struct marblerun_pkcs11 {
	/*
	 * JSON: Path of the module, one of TokenSerial, TokenLabel and SlotNumber, and Pin, unless
	 * LoginNotSupported is true.
	 */
	const void *config;
	size_t config_size;
	/* Bytes of CKA_ID and CKA_LABEL, as texts; NULL for any, but not for both of a pair. */
	const char *key_id;
	const char *key_label;
	const char *certificate_id;
	const char *certificate_label;
};

/* Opens the token until the handle is freed. MARBLERUN_NOT_FOUND when one of the two is not there.
 */
bool marblerun_set_pkcs11_credentials(struct marblerun *m, const struct marblerun_pkcs11 *place);

/* Calls. Those that are for users need credentials that the manifest knows. */

/*
 * `code`: 1 waits for recovery, 2 for a manifest, 3 accepts Marbles. `message` is a text for
 * people.
 */
bool marblerun_get_status(struct marblerun *m, int *code, struct marblerun_bytes *message);

#define MARBLERUN_FINGERPRINT_SIZE 65 /* 64 lower-case hex digits and NUL */

struct marblerun_manifest {
	struct marblerun_bytes manifest;              /* as it was set */
	char fingerprint[MARBLERUN_FINGERPRINT_SIZE]; /* SHA-256 of that */
	struct marblerun_bytes
		signature; /* of the root key over that, ECDSA in DER; none of old ones */
};

void marblerun_manifest_free(struct marblerun_manifest *manifest);

/* MARBLERUN_STATE when there is none yet. */
bool marblerun_get_manifest(struct marblerun *m, struct marblerun_manifest *manifest);

/* Whether the Coordinator's manifest has this SHA-256, in lower-case hex: MARBLERUN_DENIED if not.
 */
bool marblerun_verify_manifest(struct marblerun *m, const char *fingerprint);

/*
 * Sets the first manifest, in JSON. `recovery` becomes what the owners of the recovery keys need to
 * recover the Coordinator, each by their private key: a JSON object from name of the key to base64
 * of the encrypted secret; no bytes if the manifest has no recovery keys. It cannot be had again.
 */
bool marblerun_set_manifest(
	struct marblerun *m, const void *json, size_t size, struct marblerun_bytes *recovery);

/*
 * Hands in one recovery secret, decrypted by the private recovery key, and its signature by that
 * key (RSASSA-PKCS1-v1_5 with SHA-256). The secret may be encrypted with the key of the next
 * function (RSA-OAEP with SHA-256) on its way. `remaining`: secrets that are missing; 0: the
 * Coordinator is recovered, and has its old root certificate again. `message` is a text for people.
 */
bool marblerun_recover(struct marblerun *m, const void *secret, size_t secret_size,
	const void *signature, size_t signature_size, uint64_t *remaining,
	struct marblerun_bytes *message);
/* The ephemeral key of a Coordinator that waits for recovery: PEM of an RSA public key. */
bool marblerun_get_recovery_key(struct marblerun *m, struct marblerun_bytes *pem);

/* Lines of JSON, each with a line feed at its end. */
bool marblerun_get_update_log(struct marblerun *m, struct marblerun_bytes *lines);

/* An update that waits, or was applied. */
struct marblerun_update {
	uint64_t missing;     /* acknowledgements; 0: it was applied */
	char **missing_users; /* who may give them, where the Coordinator says */
	size_t missing_user_count;
	struct marblerun_bytes message; /* for people; may be none */
	struct marblerun_bytes
		recovery; /* as of marblerun_set_manifest, if its keys were changed */
};

void marblerun_update_free(struct marblerun_update *update);

/* As a user: an update of SecurityVersions, or a whole manifest that others may have to agree to.
 */
bool marblerun_apply_update(
	struct marblerun *m, const void *json, size_t size, struct marblerun_update *update);
/* As a user: agrees to the update that waits, which must be this manifest byte by byte. */
bool marblerun_acknowledge_update(
	struct marblerun *m, const void *json, size_t size, struct marblerun_update *update);
/* As a user: drops the update that waits. */
bool marblerun_cancel_update(struct marblerun *m);
/* The update that waits, and its manifest. */
bool marblerun_get_pending_update(
	struct marblerun *m, struct marblerun_bytes *manifest, struct marblerun_update *update);

struct marblerun_secret {
	char *name;
	char *type;    /* "plain", "symmetric-key", "cert-rsa", "cert-ecdsa" or "cert-ed25519" */
	uint64_t size; /* bits of the key; 0 where that is fixed */
	uint64_t valid_for; /* days of a certificate */
	bool is_shared;
	bool is_user_defined;               /* without any bytes until a user has set it */
	struct marblerun_bytes certificate; /* DER; of certificates only */
	struct marblerun_bytes public_key;  /* PKIX; of others the same as the next one */
	struct marblerun_bytes private_key; /* PKCS#8, or the symmetric key, or the plain data */
};

struct marblerun_secrets {
	struct marblerun_secret *items; /* in ascending order of the names */
	size_t count;
};

void marblerun_secrets_free(struct marblerun_secrets *secrets);

/* As a user who may read them all: `count` secrets, at least one. */
bool marblerun_get_secrets(struct marblerun *m, const char *const *names, size_t count,
	struct marblerun_secrets *secrets);

/*
 * As a user who may write them all: a JSON object from name of a user-defined secret to
 * {"Key": base64} or {"Cert": base64 of DER, "Private": base64}. All are set, or none.
 */
bool marblerun_set_secrets(struct marblerun *m, const void *json, size_t size);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
