/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One activation of a Marble (spec marble-api.md clause 3): the checks in their order, the Marble's
 * certificate and secrets, its parameters. The caller counts and answers.
 */
#ifndef COORDINATOR_ACTIVATION_H
#define COORDINATOR_ACTIVATION_H

#include "coordinator/core.h"
#include "grpc/status.h"

struct activation_request {
	struct bytes quote; /* with Open Enclave header, or empty */
	struct bytes csr;
	const char *marble_type;
	const char *uuid;
	X509 *peer;      /* the TLS client certificate */
	bool is_hurried; /* an event loop waits: fail rather than make it wait */
};

/* A name with its value; both owned. */
struct activation_value {
	const char *name; /* in the manifest or static */
	struct buf value;
};

struct activation_result {
	/* In a hurry it failed, but without one it may succeed: RSA keys are to be generated ... */
	bool was_too_slow;
	bool has_to_wait;              /* ... or collateral is to be fetched. */
	struct deployment *deployment; /* whose manifest the names below belong to */
	const struct manifest_marble *marble;
	struct activation_value *files;
	size_t file_count;
	struct activation_value *env;
	size_t env_count;
};

void activation_result_free(struct activation_result *result);

/* On failure *code is the gRPC status that belongs to the message in err. */
bool activate(struct core *core, const struct activation_request *request, int64_t now,
	struct activation_result *result, enum grpc_code *code, struct error *err);

/* The refusal of a Marble type whose limit is used up. */
void activation_refuse_exhausted(
	const char *marble_type, uint64_t limit, enum grpc_code *code, struct error *err);

#endif
