/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sealed state on disk (spec pki-and-state.md clause 4): `sealed_data` under a data key, the
 * data key sealed in `sealed_key` and bound to the hash of sealed_data, so that old and new files
 * cannot be mixed. Both are replaced atomically, data first; until the key follows, the previous
 * data stays as sealed_data.old. After a crash at any moment the old or the new state is there.
 */
#ifndef COORDINATOR_STORE_H
#define COORDINATOR_STORE_H

#include "base/buf.h"
#include "base/error.h"

#define DATA_KEY_SIZE 32

struct store;

struct store_config {
	const char *folder; /* created with mode 0700 if missing */
	/*
	 * The 16-byte seal key of the enclave; NULL outside of an enclave, where the data key is
	 * stored in plain text as every build of MarbleRun without enclave does.
	 */
	const uint8_t *seal_key;
};

/* Takes the folder for this process. NULL when another Coordinator has it, or it is unusable. */
struct store *store_open(const struct store_config *config, struct error *err);
void store_close(struct store *store);

enum store_content {
	STORE_EMPTY,  /* no state was ever saved */
	STORE_STATE,  /* *state was filled */
	STORE_LOCKED, /* there is a state, but its key does not unseal here; err says why */
};

/* False only for damage that no key explains. */
bool store_load(
	struct store *store, enum store_content *content, struct buf *state, struct error *err);

/* Seals durably. On failure what was saved before stays. */
bool store_save(struct store *store, struct bytes state, const uint8_t data_key[DATA_KEY_SIZE],
	struct error *err);

/* Of the state that was loaded or saved last. */
const uint8_t *store_data_key(const struct store *store);

#endif
