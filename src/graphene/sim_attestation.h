/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pseudo files of /dev/attestation as an enclave under SGX sees them, with the writing rule of
 * Gramine 1.2 and later (spec graphene-attestation.md clauses 1 to 6 and 10). Knows nothing of the
 * file system that shows them. Functions may be called from several threads at once.
 */
#ifndef GRAPHENE_SIM_ATTESTATION_H
#define GRAPHENE_SIM_ATTESTATION_H

#include "base/buf.h"
#include "base/error.h"
#include "graphene/manifest.h"
#include "graphene/sim_process.h"
#include "platform/platform.h"
#include "sgx/report.h"

#include <stdint.h>
#include <sys/types.h>

struct sim_attestation;
struct sim_pseudo_file;

/* What the module needs from outside. */
struct sim_attestation_host {
	/* called once, when the platform is first needed; NULL with the error to log */
	struct platform *(*open_platform)(void *context, struct error *err);
	/* whether the state of a process may still be asked for */
	bool (*process_lives)(void *context, const struct sim_process *process);
	void *context;
};

struct sim_attestation *sim_attestation_new(const struct graphene_manifest *manifest,
	const struct sgx_report_body *self, const struct sim_attestation_host *host);
void sim_attestation_free(struct sim_attestation *attestation);

/* Opens the platform now, so that what is wrong with it shows at the start. */
bool sim_attestation_open_platform(struct sim_attestation *attestation, struct error *err);

/*
 * The key with which protected files of this key name are encrypted, of an enclave's own names too.
 * ERROR_STATE if it was not set.
 */
bool sim_attestation_get_key(struct sim_attestation *attestation, const char *name,
	uint8_t key[GRAPHENE_WRAP_KEY_SIZE], struct error *err);

/*
 * Names are relative to /dev/attestation, "" is the folder itself. Returns the mode with its type
 * (S_IFREG or S_IFDIR), 0 if there is no such thing.
 */
mode_t sim_attestation_mode(const struct sim_attestation *attestation, const char *name);

/* The n-th name in a folder, NULL behind the last one. */
const char *sim_attestation_entry(
	const struct sim_attestation *attestation, const char *folder, size_t n);

/*
 * Opens a file, which for report, quote and seal keys is the moment when they are made: later reads
 * show this content. `flags` as for open(2). NULL with errno set to ENOENT or EACCES; the reason is
 * logged.
 */
struct sim_pseudo_file *sim_pseudo_file_open(struct sim_attestation *attestation, const char *name,
	int flags, const struct sim_process *process);
void sim_pseudo_file_close(struct sim_pseudo_file *file);

/* Appends at most size bytes from offset. */
void sim_pseudo_file_read(
	struct sim_pseudo_file *file, uint64_t offset, size_t size, struct buf *out);

/* Replaces the whole value. 0, or EACCES and the old value stays. */
int sim_pseudo_file_write(
	struct sim_pseudo_file *file, const struct sim_process *process, struct bytes data);

#endif
