/* SPDX-License-Identifier: Apache-2.0 */
/* Users, and what their roles allow them (spec manifest.md clause 2.6). */
#ifndef MANIFEST_USER_H
#define MANIFEST_USER_H

#include "base/buf.h"
#include "base/error.h"
#include "base/strmap.h"

#include <stdbool.h>

enum user_action {
	USER_UPDATE_SECURITY_VERSION, /* of a package */
	USER_READ_SECRET,
	USER_WRITE_SECRET,
	USER_UPDATE_MANIFEST, /* has no resources */
};

struct manifest_role {
	unsigned actions;        /* bits 1 << enum user_action */
	struct strmap resources; /* names; the value of each is the role */
};

struct manifest_user {
	const char *name;       /* the key in struct manifest's users */
	struct buf certificate; /* DER */
	const struct manifest_role **roles;
	size_t role_count;
};

/* The user whose certificate has exactly these bytes; NULL if there is none. */
const struct manifest_user *user_find(const struct strmap *users, struct bytes certificate);

/* The action on this resource; on nothing in particular for NULL. */
bool user_may(const struct manifest_user *user, enum user_action action, const char *resource);

struct document; /* manifest/document.h */

/*
 * Fills the maps with what a checked document says: name to struct manifest_role and to struct
 * manifest_user. An entry of Admins is a user who may update every package, unless Users has the
 * name. ERROR_INVALID for a certificate that is none, in the words of clause 3.
 */
bool users_read(const struct document *document, struct strmap *roles, struct strmap *users,
	struct error *err);
void users_free(struct strmap *roles, struct strmap *users);

#endif
