/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The enclave that would be: APP.manifest.sgx and APP.sig, and the checks that hardware and loader
 * make before it may run (spec graphene-signing.md clause 7).
 */
#ifndef GRAPHENE_SIM_ENCLAVE_H
#define GRAPHENE_SIM_ENCLAVE_H

#include "base/buf.h"
#include "base/error.h"
#include "graphene/manifest.h"
#include "sgx/report.h"

#define SIM_RUNTIME_THREADS 3 /* helpers that the real runtime takes from sgx.thread_num */

struct sim_enclave {
	struct buf text; /* of the signed manifest: what is measured */
	struct buf sig;
	struct graphene_manifest *manifest;
};

/*
 * Reads both files. ERROR_NOT_FOUND when there is no signed manifest, ERROR_UNSUPPORTED for what a
 * manifest may want and this runtime does not have.
 */
bool sim_enclave_load(struct sim_enclave *enclave, const char *app, struct error *err);
void sim_enclave_free(struct sim_enclave *enclave);

/*
 * Plays EINIT: recomputes the measurement with `libpal` and checks it and the signature against
 * APP.sig. ERROR_DENIED says which check failed. Fills the identity that reports will carry, all
 * but cpu_svn and report_data.
 */
bool sim_enclave_verify(const struct sim_enclave *enclave, const char *libpal,
	struct sgx_report_body *self, struct error *err);

/* Threads that one process of the application may have. */
unsigned sim_enclave_app_threads(const struct sim_enclave *enclave);

#endif
