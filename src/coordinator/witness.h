/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file on other storage than the sealed state that knows how far that has come, so that an older
 * one is noticed when somebody puts it back: the deployment's ID, the number of the last save, and
 * how many records the counters' journal had. It is no secret and not sealed: whoever can change it
 * as well as the state, or tells the Coordinator another file, is not noticed.
 *
 * The file is a line of text, and one more while a new deployment takes the place of that of the
 * first. An empty file believes the state that it sees first; a missing one
 * is made only for a state that never had a witness.
 */
#ifndef COORDINATOR_WITNESS_H
#define COORDINATOR_WITNESS_H

#include "base/error.h"

#include <stdint.h>

#define WITNESS_ID_SIZE 16

struct witness;

/* ERROR_INVALID when there is a file that is none of a witness. The folder must exist. */
struct witness *witness_open(const char *path, struct error *err);
void witness_free(struct witness *witness);

/*
 * Is this state as new as the one that it knows? ERROR_DENIED, with what is wrong and what can be
 * done, if not. `was_witnessed`: the state says that it has a witness. Durable when it returns
 * true: nothing older is accepted from now on.
 */
bool witness_accept(struct witness *witness, const uint8_t id[WITNESS_ID_SIZE], uint64_t sequence,
	uint64_t records, bool was_witnessed, struct error *err);

/* A new deployment is about to be saved: it is believed as well from now on. NULL is accepted. */
bool witness_expect(struct witness *witness, const uint8_t id[WITNESS_ID_SIZE], struct error *err);
/* After a save of the state, or an append to the journal. From any thread; NULL is accepted. */
bool witness_note_save(struct witness *witness, const uint8_t id[WITNESS_ID_SIZE],
	uint64_t sequence, struct error *err);
bool witness_note_records(struct witness *witness, uint64_t records, struct error *err);

#endif
