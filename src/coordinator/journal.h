/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file behind counters: sealed records, each u32 length || AES-GCM(data key), bound to the
 * deployment's ID and to its place in the file. A record holds names with their new values: u32
 * length || name || u64 value. The last record may be cut short by a crash: then its increments
 * were never acknowledged, and it is dropped.
 */
#ifndef COORDINATOR_JOURNAL_H
#define COORDINATOR_JOURNAL_H

#include "coordinator/counters.h"

struct journal;

struct journal_record {
	struct buf entries;
};

void journal_record_put(struct journal_record *record, const char *name, uint64_t value);
void journal_record_free(struct journal_record *record);

struct journal *journal_create(const struct counters_config *config, struct error *err);
/* Calls on_entry for each entry, oldest first. */
struct journal *journal_open(const struct counters_config *config,
	void (*on_entry)(void *context, const char *name, uint64_t value), void *context,
	struct error *err);
void journal_close(struct journal *journal);
void journal_remove_others(const struct counters_config *config);

/* Appends and syncs. After a failure the file ends where it ended before. */
bool journal_append(
	struct journal *journal, const struct journal_record *record, struct error *err);

/* True when rewriting would make the file much shorter. */
bool journal_is_long(const struct journal *journal);
/* Replaces everything by one record. */
bool journal_rewrite(
	struct journal *journal, const struct journal_record *record, struct error *err);

#endif
