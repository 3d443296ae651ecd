/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of proto/marble.proto. Reading them takes memory in proportion to their size and no
 * more, whatever a peer puts into them; what was read is wiped when it is freed, since answers are
 * made of secrets. Of equal keys in a map all are kept, in the order of arrival; the last counts.
 */
#ifndef GRPC_MARBLE_MESSAGES_H
#define GRPC_MARBLE_MESSAGES_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

#include "marble.pb-c.h"

#define GRPC_ACTIVATE_PATH "/rpc.Marble/Activate"

/* NULL with ERROR_INVALID if `message` is not well-formed. */
Rpc__ActivationReq *activation_request_read(struct bytes message, struct error *err);
Rpc__ActivationResp *activation_response_read(struct bytes message, struct error *err);

/* Append to out. */
void activation_request_put(const Rpc__ActivationReq *request, struct buf *out);
void activation_response_put(const Rpc__ActivationResp *response, struct buf *out);

/* For what was read. */
void activation_request_free(Rpc__ActivationReq *request);
void activation_response_free(Rpc__ActivationResp *response);
DEFINE_AUTO_FREE(auto_activation_request, Rpc__ActivationReq *, activation_request_free)
DEFINE_AUTO_FREE(auto_activation_response, Rpc__ActivationResp *, activation_response_free)

#endif
