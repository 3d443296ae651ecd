/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCK certificates from a PCCS or Intel's PCS, for quotes that lack them (spec dcap.md clauses 1.5
 * and 3.4). A PCCS finds a platform by the ID of its Quoting Enclave; Intel's service only by the
 * PPID encrypted with a key of RSA-3072.
 */
#ifndef PCCS_PCK_SERVICE_H
#define PCCS_PCK_SERVICE_H

#include "dcap/collateral_source.h"
#include "pccs/service.h"

/*
 * Appends what is asked for, in PEM, after looking at it as pck_answer_check does; *end is when it
 * expires. Errors as of pccs_service_fetch, or ERROR_UNSUPPORTED.
 */
bool pccs_pck_fetch(const struct pccs_service *service, const struct pck_request *wanted,
	const struct net_limits *limits, struct buf *pem, int64_t *end, struct error *err);

#endif
