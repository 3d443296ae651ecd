/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutual attestation: with EDG_MARBLE_COORDINATOR_ERA a Marble talks to no other enclave than the
 * one that this file names. It is checked in the TLS handshake, before anything is sent: by the
 * quote in the certificate of the mesh API (attest/ra_tls.h), which counts if there is any; else by
 * that of the client API, whose root has to vouch for the key of the mesh API.
 */
#ifndef PREMAIN_COORDINATOR_CHECK_H
#define PREMAIN_COORDINATOR_CHECK_H

#include "attest/era.h"
#include "crypto/openssl.h"
#include "premain/settings.h"

struct coordinator_check {
	struct era era;
	struct dcap_verifier *verifier;
	char *client_api;     /* host:port, asked for a quote when the certificate has none */
	bool is_simulated;    /* the accepted quote is */
	struct error refusal; /* why the handshake failed; kind ERROR_NONE: it did not */
};

/*
 * Reads the era file of the settings, which must name an enclave and, for quotes of hardware and
 * simulated ones alike, the folder of the collateral ("Collateral").
 */
bool coordinator_check_open(
	const struct settings *settings, struct coordinator_check *check, struct error *err);
void coordinator_check_free(struct coordinator_check *check);

/* From now on connections of `tls` demand the enclave. `check` must outlive them. */
void coordinator_check_demand(struct coordinator_check *check, SSL_CTX *tls);

#endif
