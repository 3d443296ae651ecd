/* SPDX-License-Identifier: Apache-2.0 */
/* What the launcher itself says on stderr, beside the log: "graphene-sim: …", one write each. */
#ifndef GRAPHENE_SIM_NOTICE_H
#define GRAPHENE_SIM_NOTICE_H

#include "base/error.h"
#include "graphene/manifest.h"

void sim_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The reason why the application does not start. */
void sim_complain(const struct error *err);

/*
 * Says that this is a simulation, and which settings of the manifest would be insecure even if it
 * were none (spec graphene-process-model.md clause 13).
 */
void sim_notice_insecurity(const struct graphene_manifest *manifest);

#endif
