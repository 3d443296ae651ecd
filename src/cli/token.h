/* SPDX-License-Identifier: Apache-2.0 */
/* The flags that say where on a PKCS#11 token something is (spec cli.md clause 2). */
#ifndef CLI_TOKEN_H
#define CLI_TOKEN_H

#include "base/buf.h"
#include "base/error.h"
#include "cli/options.h"
#include "marblerun/marblerun.h"

/* Reads what --pkcs11-config names into `config`, which *place goes on pointing into. */
bool token_read_place(const struct options *options, struct buf *config,
	struct marblerun_pkcs11 *place, struct error *err);

#endif
