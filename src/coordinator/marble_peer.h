/* SPDX-License-Identifier: Apache-2.0 */
/* Which Marble a TLS client is (spec client-api.md clause 3). */
#ifndef COORDINATOR_MARBLE_PEER_H
#define COORDINATOR_MARBLE_PEER_H

#include "base/uuid.h"
#include "coordinator/pki.h"

struct marble_peer {
	char uuid[UUID_TEXT_SIZE]; /* canonical */
	struct buf type;
};

/*
 * The Marble whose certificate, among those that the client showed, was issued by the marble root.
 * ERROR_UNAUTHENTICATED with the reason for each certificate that is none.
 */
bool marble_peer_read(
	const struct pki *pki, SSL *tls, int64_t now, struct marble_peer *name, struct error *err);

#endif
