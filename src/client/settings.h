/* SPDX-License-Identifier: Apache-2.0 */
/* What a user says about the Coordinator that is wanted, before it is asked for anything. */
#ifndef CLIENT_SETTINGS_H
#define CLIENT_SETTINGS_H

#include "attest/era.h"
#include "base/buf.h"
#include "client/notices.h"
#include "marblerun/marblerun.h"

struct name_list {
	char **items; /* owned */
	size_t count;
};

/* Replaces what was in the list by copies. */
void name_list_set(struct name_list *list, const char *const *names, size_t count);
/* Frees them. */
void name_list_clear(struct name_list *list);

struct settings {
	bool has_era;
	struct era era;
	/* as struct pccs_options has them */
	char *collateral;
	char *collateral_ca;
	char *collateral_secure_cert;
	char *collateral_cache;
	char *trust_root; /* file, or NULL for Intel's root */
	struct name_list tcb_statuses;
	struct name_list advisories; /* none: all */
	struct buf nonce;
	struct notices notices;
};

/* Frees all and leaves the zero value. */
void settings_free(struct settings *settings);

#endif
