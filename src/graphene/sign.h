/* SPDX-License-Identifier: Apache-2.0 */
/* What the signer does: APP.manifest to APP.manifest.sgx and APP.sig (spec graphene-signing.md
 * clause 6). */
#ifndef GRAPHENE_SIGN_H
#define GRAPHENE_SIGN_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct sign_request {
	const char *manifest;
	const char *output; /* the signed manifest */
	const char *sigfile;
	const char *key;
	const char *passphrase; /* NULL: asked for when the key is encrypted */
	const char *libpal;     /* NULL: ours */
	const char *chroot;     /* trusted files are looked up below it; NULL: as they are */
	const char *depfile;    /* a Makefile that says what the outputs depend on; NULL for none */
	bool depend_only;       /* write the depfile and nothing else */
	uint32_t date;          /* 0xYYYYMMDD */
};

/* Writes the files and appends the report for the user to `report`. */
bool sign_enclave(const struct sign_request *request, struct buf *report, struct error *err);

#endif
