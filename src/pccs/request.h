/* SPDX-License-Identifier: Apache-2.0 */
/* What all questions to a PCCS have in common; for this folder. */
#ifndef PCCS_REQUEST_H
#define PCCS_REQUEST_H

#include "net/get.h"
#include "pccs/service.h"

/* One or more questions that have to be answered within the limits. */
struct pccs_request {
	const struct pccs_service *service;
	const struct net_limits *limits;
};

/* Whether the address is of Intel's own service. */
bool pccs_is_intels(const char *service);

/* Asks, and again where that may help, as configured. Errors as of pccs_service_fetch. */
bool pccs_get(const struct pccs_request *request, const char *url, size_t max,
	struct net_answer *answer, struct error *err);

/* Appends the chain in this header, or the one of the other name unless that is NULL. */
bool pccs_put_chain(const struct net_answer *answer, const char *name, const char *other_name,
	struct buf *out, struct error *err);

/* Appends the PCK CRL of one of the two CAs as it comes, and who issued it. */
bool pccs_get_pck_crl(const struct pccs_request *request, enum certificate_role ca, struct buf *crl,
	struct buf *chain, struct error *err);

#endif
