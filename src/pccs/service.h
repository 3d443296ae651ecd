/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks Intel's PCS, or a PCCS that has its API in between, versions 3 and 4, for collateral (spec
 * dcap.md clause 3.4). Nothing that comes from there is believed before it is verified.
 */
#ifndef PCCS_SERVICE_H
#define PCCS_SERVICE_H

#include "crypto/openssl.h"
#include "dcap/collateral.h"
#include "net/connect.h"
#include "pccs/qcnl.h"

struct pccs_service {
	struct qcnl config;
	SSL_CTX *tls;
};

/* Takes over the content of *config. `ca_file` may be NULL: the system's authorities. */
bool pccs_service_open(
	struct pccs_service *service, struct qcnl *config, const char *ca_file, struct error *err);
void pccs_service_close(struct pccs_service *service);

/* What a set of collateral is for, and who vouches for it. */
struct pccs_wanted {
	const uint8_t *fmspc; /* PCK_FMSPC_SIZE bytes */
	bool is_tdx;
	const struct certificate *pck_ca; /* Platform or Processor CA */
	const struct anchor *anchor;
};

/* As the service sent it. */
struct pccs_set {
	struct buf files[COLLATERAL_FILES];
	struct buf pck_crl_chain;
};

/*
 * Fetches all parts, within the limits. What can be tried again is, as configured. On failure
 * ERROR_NOT_FOUND (the service does not know this kind of platform), ERROR_UNAVAILABLE,
 * ERROR_DENIED (it is not who it should be) or ERROR_INVALID; what was fetched is to be freed.
 */
bool pccs_service_fetch(const struct pccs_service *service, const struct pccs_wanted *wanted,
	const struct net_limits *limits, struct pccs_set *out, struct error *err);
void pccs_set_free(struct pccs_set *set);

/*
 * The files as a set that can be used: verified, for these platforms, of the time `now`. Messages
 * name the service. NULL with what collateral_new or collateral_check_dates says, or ERROR_DENIED.
 */
struct collateral *pccs_wanted_verify(const struct pccs_wanted *wanted, const char *service,
	const struct buf files[COLLATERAL_FILES], int64_t now, struct error *err);

#endif
