/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a host needs so that SGX enclaves run and get quotes, checked piece by piece (spec
 * graphene-attestation.md clause 9). `root` is where the host's files are: "" for this machine,
 * "/host" in a container into which they are mounted there.
 */
#ifndef CLI_HOST_CHECKS_H
#define CLI_HOST_CHECKS_H

#include "base/buf.h"

#include <stdbool.h>

enum host_outcome { HOST_GOOD, HOST_BAD, HOST_SKIPPED };

struct host_check {
	const char *name; /* what is checked, as a statement */
	enum host_outcome outcome;
	struct buf detail; /* what was found */
	struct buf repair; /* commands, and what else to do; empty if it is good */
};

#define HOST_CHECKS 7

struct host_checks {
	struct host_check list[HOST_CHECKS];
	bool all_good; /* of those that were not skipped */
};

void host_checks_run(const char *root, struct host_checks *checks);
void host_checks_free(struct host_checks *checks);

#endif
