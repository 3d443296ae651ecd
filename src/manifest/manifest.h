/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MarbleRun manifest: decoded by the rules of Go's encoding/json (spec manifest.md clause 1),
 * checked (clause 3), immutable afterwards.
 */
#ifndef MANIFEST_MANIFEST_H
#define MANIFEST_MANIFEST_H

#include "attest/policy.h"
#include "base/strmap.h"
#include "manifest/secret.h"
#include "manifest/template.h"

/* One entry of Files or Env (clause 2.4). */
struct manifest_content {
	struct buf data;           /* decoded */
	struct template *template; /* NULL with NoTemplates */
};

struct manifest_marble {
	char *package;
	uint64_t max_activations; /* 0: no limit */
	struct strmap files;      /* path to struct manifest_content */
	struct strmap env;        /* name to struct manifest_content */
	char **argv;
	size_t argc;
	bool disable_secret_binding;
};

struct manifest {
	struct strmap packages; /* name to struct package_properties */
	struct strmap marbles;  /* name to struct manifest_marble */
	struct strmap secrets;  /* name to struct secret, without values */
};

/*
 * Decodes and checks. NULL with ERROR_INVALID: "unmarshaling manifest: …" or "checking manifest:
 * …". Parts of the manifest that this version does not implement are refused by name when ignoring
 * them would change what the owner asked for; unknown keys are logged as warnings with their path.
 */
struct manifest *manifest_parse(struct bytes text, struct error *err);
void manifest_free(struct manifest *manifest);

#endif
