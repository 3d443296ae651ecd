/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a host needs so that SGX enclaves run and get quotes, checked piece by piece (spec
 * graphene-attestation.md clause 9); or a confidential VM, to get quotes. `root` is where the
 * host's files are: "" for this machine,
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

#define HOST_CHECKS 7 /* at most */

struct host_checks {
	struct host_check list[HOST_CHECKS];
	size_t count;
	bool is_vm;    /* what is checked is a confidential VM, and what it needs */
	bool all_good; /* of those that were not skipped */
};

/* What all checks are made of. */
void host_check_set(struct host_check *check, enum host_outcome outcome, const char *detail,
	const char *repair);
bool host_has_file(const char *root, const char *path);
/* Of the processor, as /proc/cpuinfo has it. */
bool host_has_flag(const char *root, const char *flag);

void host_checks_run(const char *root, struct host_checks *checks);
void host_checks_free(struct host_checks *checks);

#endif
