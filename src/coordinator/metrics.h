/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Prometheus is told (spec client-api.md clause 10). Any thread may call any function; all
 * accept NULL for metrics, which then are off.
 */
#ifndef COORDINATOR_METRICS_H
#define COORDINATOR_METRICS_H

#include "base/buf.h"

#include <stdbool.h>

struct metrics;

struct metrics *metrics_new(const char *version);
void metrics_free(struct metrics *metrics);

/* One request to the client API; methods are written in lower case. */
struct metrics_request {
	const char *path;
	const char *method;
	int code;
	double seconds;
	size_t request_size;
	size_t response_size;
};

void metrics_begin_request(struct metrics *metrics, const char *path);
void metrics_end_request(struct metrics *metrics, const struct metrics_request *request);

/* A call of the mesh API begins, and ends with a gRPC status. */
void metrics_begin_call(struct metrics *metrics, const char *marble_type, const char *uuid);
void metrics_end_call(
	struct metrics *metrics, const char *marble_type, const char *uuid, const char *code);

/* Appends everything in the text format of Prometheus, and counts that this was asked for. */
void metrics_put(struct metrics *metrics, int coordinator_state, struct buf *out);

#endif
