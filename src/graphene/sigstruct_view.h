/* SPDX-License-Identifier: Apache-2.0 */
/* APP.sig for people and for scripts (spec graphene-signing.md clause 6). */
#ifndef GRAPHENE_SIGSTRUCT_VIEW_H
#define GRAPHENE_SIGSTRUCT_VIEW_H

#include "base/buf.h"
#include "sgx/sigstruct.h"

enum sigstruct_format { SIGSTRUCT_TEXT, SIGSTRUCT_TOML, SIGSTRUCT_JSON };

/* Appends identity and versions, with `verbose` attributes, masks and date as well. */
void sigstruct_view_put(struct buf *out, const struct sigstruct *fields,
	enum sigstruct_format format, bool verbose);

#endif
