/* SPDX-License-Identifier: Apache-2.0 */
/* Values that a user gives to user-defined secrets (spec manifest.md clause 6.5). */
#ifndef MANIFEST_SECRET_UPLOAD_H
#define MANIFEST_SECRET_UPLOAD_H

#include "base/strmap.h"
#include "manifest/secret.h"

/*
 * Reads the JSON of a set of secrets, {"<name>": {"Key": …} or {"Cert": …, "Private": …}}, and
 * checks it against the definitions (struct manifest's `secrets`). `values`, empty before, gets a
 * struct secret with its new value for each name, sorted; the caller frees it in either case, with
 * strmap_free and secret_free. All or nothing: ERROR_INVALID with the message of the clause for the
 * first one that is wrong.
 *
 * In v2 of the client API the set is the member "secrets" of the body: its JSON text goes in here
 * as it stands. What is left to the caller: whether the user may write each of the names, trying
 * the templates with the new values, and the prefix "parsing new secrets".
 */
bool secret_upload_parse(struct bytes json, const struct strmap *definitions, struct strmap *values,
	struct error *err);

#endif
