/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sealed state on disk: both files of sealed_file.h, replaced so that after a crash at any
 * moment the state before or the state after is there, whole. A save puts the data in place, keeps
 * those before as sealed_data.old, puts the key in place, and removes sealed_data.old.
 */
#ifndef COORDINATOR_STORE_H
#define COORDINATOR_STORE_H

#include "coordinator/sealed_file.h"

struct store;

struct store_config {
	const char *folder; /* created with mode 0700 if missing */
	/*
	 * NULL outside of an enclave, where the data key is stored in plain text as every build of
	 * MarbleRun without enclave does. Copied.
	 */
	const struct seal_keys *keys;
};

/* Takes the folder for this process. NULL when another Coordinator has it, or it is unusable. */
struct store *store_open(const struct store_config *config, struct error *err);
void store_close(struct store *store);

enum store_content {
	STORE_EMPTY,  /* no state was ever saved */
	STORE_STATE,  /* what was loaded was filled */
	STORE_LOCKED, /* there is a state, but its key does not unseal here; err says why */
};

struct stored {
	struct buf state; /* of STORE_STATE */
	struct sealing sealing;
	uint64_t sequence; /* of the save; 0 for files of format 1 */
	struct buf locked; /* of STORE_LOCKED: the data file, for a recovery */
};

void stored_free(struct stored *stored);

/* False only for damage that no key explains. */
bool store_load(
	struct store *store, enum store_content *content, struct stored *stored, struct error *err);

/*
 * Seals durably; *sequence is the number of the save. On failure what was saved before stays. The
 * mode is not SEAL_DISABLED.
 */
bool store_save(struct store *store, struct bytes state, const struct sealing *sealing,
	enum seal_mode mode, uint64_t *sequence, struct error *err);

/* Later saves have greater numbers than this. */
void store_continue(struct store *store, uint64_t sequence);

/* Removes what was saved, durably. After a failure some of it may be gone: save again. */
bool store_forget(struct store *store, struct error *err);

#endif
