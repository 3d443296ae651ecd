/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file behind counters.
 *
 *	header  u32 0xffffffff || u64 number of the first record || u32 check
 *	record  u32 length || u32 check || AES-GCM(key), bound to the deployment's ID and its number
 *
 * A record holds names with their new values: u32 length || name || u64 value. Numbers go on when
 * the file is rewritten, which makes one record of all. The last record may be cut short by a
 * crash: then its increments were never acknowledged, and it is dropped. The checks, which nobody
 * else can compute, tell that from a changed length. Files of format 1 have neither header nor
 * checks, and their numbers start at 0 again with each rewriting.
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
/* Calls on_entry for each entry, oldest first. One of format 1 is to be rewritten then. */
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
/* Has it format 1? */
bool journal_is_old(const struct journal *journal);
/* Replaces everything by one record. */
bool journal_rewrite(
	struct journal *journal, const struct journal_record *record, struct error *err);

/* How many were ever appended, or rewritten: grows with every change. */
uint64_t journal_records(const struct journal *journal);

/* Begins or ends to have a file: one with this record alone. */
bool journal_keep_on_disk(struct journal *journal, bool on_disk,
	const struct journal_record *record, struct error *err);

#endif
