/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MarbleRun manifest: decoded by the rules of Go's encoding/json (spec manifest.md clause 1),
 * checked (clause 3), immutable afterwards.
 */
#ifndef MANIFEST_MANIFEST_H
#define MANIFEST_MANIFEST_H

#include "attest/policy.h"
#include "base/strmap.h"
#include "manifest/seal_mode.h"
#include "manifest/secret.h"
#include "manifest/template.h"
#include "manifest/user.h"

#include <stdatomic.h>

/* One entry of Files or Env (clause 2.4). */
struct manifest_content {
	struct buf data; /* decoded */
	bool no_templates;
	struct template *template; /* NULL with NoTemplates */
};

/* One end of a connection that a Marble's runtime protects (clause 2.5); NULL is absent. */
struct manifest_tls_entry {
	char *port;
	char *address;
	char *certificate; /* name of a secret */
	bool disable_client_auth;
};

struct manifest_tls_entries {
	struct manifest_tls_entry *items;
	size_t count;
};

struct manifest_tls_tag {
	struct manifest_tls_entries outgoing;
	struct manifest_tls_entries incoming;
};

struct manifest_marble {
	char *package;
	uint64_t max_activations; /* 0: no limit */
	struct strmap files;      /* path to struct manifest_content */
	struct strmap env;        /* name to struct manifest_content */
	char **argv;
	size_t argc;
	char **tls_tags;
	size_t tls_tag_count;
	bool disable_secret_binding;
};

/* What the Config section switches (clause 2.7). */
struct manifest_config {
	bool signs_quotes;           /* feature gate SignQuoteEndpoint */
	bool counts;                 /* feature gate MonotonicCounter */
	uint64_t update_threshold;   /* 0: all users who may update the manifest */
	uint64_t recovery_threshold; /* 0: all recovery keys */
	bool rotate_root_secret;
	enum seal_mode seal_mode;
};

struct manifest {
	atomic_size_t references;
	struct strmap packages;      /* name to struct package_properties */
	struct strmap marbles;       /* name to struct manifest_marble */
	struct strmap secrets;       /* name to struct secret, generated ones without value */
	struct strmap tls;           /* name to struct manifest_tls_tag */
	struct strmap roles;         /* name to struct manifest_role */
	struct strmap users;         /* name to struct manifest_user */
	struct strmap recovery_keys; /* name to char *, PEM */
	struct manifest_config config;
};

/*
 * Decodes, checks and parses the templates. NULL with ERROR_INVALID: "unmarshaling manifest: …",
 * "checking manifest: …", "generating users from manifest: …" or, for a template, "running manifest
 * template dry run: in Marble …". Parts of the manifest that this version does not implement are
 * refused by name with ERROR_UNSUPPORTED when ignoring them would change what the owner asked for;
 * unknown keys, TCB statuses that cannot be accepted, and sections without effect are logged as
 * warnings.
 */
struct manifest *manifest_parse(struct bytes text, struct error *err);
/* It is freed with the last reference. */
struct manifest *manifest_reference(struct manifest *manifest);
void manifest_free(struct manifest *manifest);

/*
 * Sets what a package, which must exist, demands at least. For a manifest that nobody else has a
 * reference to.
 */
void manifest_raise(struct manifest *manifest, const char *package, uint64_t security_version);

/*
 * Executes every template of every Marble and throws the results away (clause 5.5). ERROR_INVALID
 * "in Marble <M>: file <F>: …" or "in Marble <M>: env variable <E>: …".
 */
bool manifest_dry_run(
	const struct manifest *manifest, const struct template_data *data, struct error *err);

#endif
