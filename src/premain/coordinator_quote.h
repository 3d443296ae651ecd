/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the client API of a Coordinator says of itself (spec client-api.md clause 5.2), for
 * Coordinators that have no quote in the certificate of their mesh API. Nobody is trusted here: all
 * of it is to be verified.
 */
#ifndef PREMAIN_COORDINATOR_QUOTE_H
#define PREMAIN_COORDINATOR_QUOTE_H

#include "attest/ca_pair.h"

struct coordinator_quote {
	struct ca_pair certs;
	struct buf quote; /* bare, or behind the Open Enclave header; not empty */
};

/*
 * Asks the client API at `address` ("host:port") by HTTPS: /api/v2/quote, or /quote where that is
 * not known. ERROR_UNAVAILABLE when there is no answer, or the Coordinator has no quote;
 * ERROR_INVALID when it is none of a Coordinator. To be freed also when this fails.
 */
bool coordinator_quote_get(const char *address, struct coordinator_quote *quote, struct error *err);

/* Reads the body of such an answer, of either generation of the API. */
bool coordinator_quote_read(struct bytes body, struct coordinator_quote *quote, struct error *err);

void coordinator_quote_free(struct coordinator_quote *quote);

#endif
