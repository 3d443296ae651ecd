/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer in the wrong protocol most often means (spec premain.md clause 11). */
#ifndef GRPC_HINTS_H
#define GRPC_HINTS_H

#define GRPC_HINT_CLIENT_API                                                                       \
	"that is the client API (HTTPS); EDG_MARBLE_COORDINATOR_ADDR must name the mesh API, by "  \
	"default port 2001"

#endif
