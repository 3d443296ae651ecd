/* SPDX-License-Identifier: Apache-2.0 */
/* Which Marble a TLS client is (spec client-api.md clause 3). */
#ifndef COORDINATOR_MARBLE_PEER_H
#define COORDINATOR_MARBLE_PEER_H

#include "base/uuid.h"
#include "coordinator/pki.h"
#include "http/server.h"

struct marble_peer {
	char uuid[UUID_TEXT_SIZE]; /* canonical */
	struct buf type;
};

/*
 * The Marble whose certificate, among those shown with the request, was issued by the marble root.
 * ERROR_UNAUTHENTICATED with the reason for each certificate that is none.
 */
bool marble_peer_read(const struct pki *pki, const struct http_request *request, int64_t now,
	struct marble_peer *name, struct error *err);

#endif
