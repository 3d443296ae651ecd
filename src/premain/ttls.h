/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transparent TLS is done by runtimes of another kind (spec marble-api.md clause 9). A Marble that
 * the manifest gives TLS tags must not run here without it: its connections would be in the clear.
 */
#ifndef PREMAIN_TTLS_H
#define PREMAIN_TTLS_H

#include "grpc/marble_messages.h"

/* True if there is no TTLS configuration. Otherwise logs what it lists and sets ERROR_UNSUPPORTED.
 */
bool ttls_check_absent(const Rpc__Parameters *parameters, struct error *err);

#endif
