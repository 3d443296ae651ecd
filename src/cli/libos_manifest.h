/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Graphene or Gramine manifest needs to become a Marble's (spec cli.md clause 9). Changes
 * are computed from the document and made in its text, so comments, order and templates stay.
 */
#ifndef CLI_LIBOS_MANIFEST_H
#define CLI_LIBOS_MANIFEST_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum libos_form {
	LIBOS_GRAPHENE,         /* the premain is the entry point, as premain-libos */
	LIBOS_GRAPHENE_SPAWN,   /* as premain-graphene, of MarbleRun 0.3 */
	LIBOS_GRAPHENE_PRELOAD, /* the premain is a preloaded library, of MarbleRun 0.3 */
	LIBOS_GRAMINE,
};

struct libos_change {
	char *key;       /* dotted */
	char *value;     /* TOML */
	bool is_present; /* replaces a value, which was at `old`; else the entry is new */
	struct bytes old;
};

struct libos_changes {
	struct libos_change *items; /* in ascending order of the keys */
	size_t count;
};

/* "Graphene" or "Gramine". */
const char *libos_product(enum libos_form form);
/* The file that these manifests name: "premain-libos". */
const char *libos_premain(enum libos_form form);

/*
 * What has to change. ERROR_INVALID for a text that is no TOML, has values of other types than
 * expected or no libos.entrypoint; ERROR_STATE when it was changed before. The result points into
 * `text`; free it in any case.
 */
bool libos_changes_find(
	enum libos_form form, struct bytes text, struct libos_changes *changes, struct error *err);
void libos_changes_free(struct libos_changes *changes);

/*
 * Appends the text with the changes made: new entries at the end, below a comment. ERROR_INVALID
 * when the result would not say what it should, which tables in [brackets] may cause.
 */
bool libos_changes_apply(
	struct bytes text, const struct libos_changes *changes, struct buf *out, struct error *err);

#endif
