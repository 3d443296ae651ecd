/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collateral from a service, in a cache that all users of the source share. A set is fetched when
 * it is first asked for, by one thread however many ask, and again long before it expires. It is
 * kept until it expires while the service is away, or answers with what does not verify, is for
 * another platform, or is older than what is known; a warning tells. What failed is not tried again
 * at once.
 */
#ifndef PCCS_NETWORK_H
#define PCCS_NETWORK_H

#include "dcap/collateral_source.h"
#include "pccs/service.h"

struct network_config {
	struct qcnl service; /* its content is taken over */
	const char *ca_file; /* PEM; NULL for the system's authorities */
	/* Sets are kept here as well; made if it is missing; NULL for none. */
	const char *cache_folder;
	/*
	 * A thread, started with the first set, fetches sets again when it is time. Without it
	 * those do who ask for them.
	 */
	bool refreshes_in_background;
	unsigned refresh_least; /* seconds between two refreshments; 0 for a minute */
};

/* NULL with ERROR_INVALID for an address that is none. */
struct collateral_source *network_source_open(struct network_config *config, struct error *err);

/*
 * Ends all waiting: who asks for what is not there gets ERROR_UNAVAILABLE from now on. From any
 * thread.
 */
void network_source_give_up(struct collateral_source *source);

#endif
