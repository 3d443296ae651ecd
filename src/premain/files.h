/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that the manifest gives a Marble (spec premain.md clauses 2 and 6). First it is decided
 * what is written and in which order; a manifest that is wrong is refused then, before anything is
 * written.
 */
#ifndef PREMAIN_FILES_H
#define PREMAIN_FILES_H

#include "grpc/marble_messages.h"
#include "premain/libos.h"

/* Points into the parameters. */
struct planned_file {
	const char *path;
	struct bytes content;
	bool is_pseudo; /* the runtime's: gets one exact write and is never created */
};

/* The zero value is empty. */
struct file_plan {
	struct planned_file *files;
	size_t count;
};

/*
 * The order: keys under `folder` (/dev/attestation) named keys/…, then its protected_files_key,
 * since protected files can be created only behind them; then all others by path. Keys must have
 * the form that the runtime expects, which would otherwise refuse them silently or take a key of
 * zeros: ERROR_INVALID. Where there is no `folder` its files are left out, with a warning; but in a
 * VM they are refused, since somebody relies there on files that would not be protected.
 */
bool files_plan(const Rpc__Parameters *parameters, enum libos libos, const char *folder,
	struct file_plan *plan, struct error *err);
void file_plan_free(struct file_plan *plan);

/* Missing folders get mode 0700, files 0600; what is there is overwritten. */
bool files_write(const struct file_plan *plan, struct error *err);

#endif
