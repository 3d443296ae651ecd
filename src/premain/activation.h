/* SPDX-License-Identifier: Apache-2.0 */
/* The one call of a Marble (spec marble-api.md clause 2). */
#ifndef PREMAIN_ACTIVATION_H
#define PREMAIN_ACTIVATION_H

#include "grpc/marble_messages.h"
#include "premain/identity.h"
#include "premain/settings.h"

/*
 * Activates the Marble. NULL on failure, with a message in Go's form, "rpc error: code =
 * PermissionDenied desc = …". The answer has parameters, be they empty; the caller frees it.
 */
Rpc__ActivationResp *activation_call(const struct settings *settings,
	const struct identity *identity, const char *uuid, struct bytes request, struct bytes quote,
	struct error *err);

#endif
