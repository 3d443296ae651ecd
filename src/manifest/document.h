/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that a manifest says (spec manifest.md clause 2), as decoded and before any check:
 * struct manifest has what is left of it for those who use it.
 */
#ifndef MANIFEST_DOCUMENT_H
#define MANIFEST_DOCUMENT_H

#include "manifest/manifest.h"

struct document_secret {
	char *type;
	struct secret definition; /* its type is not set */
};

struct document_user {
	char *certificate;
	char **roles;
	size_t role_count;
};

struct document_role {
	char *resource_type;
	char **resource_names;
	size_t resource_name_count;
	char **actions;
	size_t action_count;
};

struct document_config {
	char *seal_mode;
	char **feature_gates;
	size_t feature_gate_count;
	uint64_t update_threshold;
	uint64_t recovery_threshold;
	bool rotate_root_secret;
};

struct document {
	struct strmap packages;        /* name to struct package_properties */
	struct strmap infrastructures; /* name to values that nothing evaluates */
	struct strmap marbles;         /* name to struct manifest_marble, templates not parsed */
	struct strmap secrets;         /* name to struct document_secret */
	struct strmap recovery_keys;   /* name to PEM, a char ** */
	struct strmap tls;             /* name to struct manifest_tls_tag */
	struct strmap admins;          /* name to PEM, a char ** */
	struct strmap clients;         /* name to struct buf */
	struct strmap users;           /* name to struct document_user */
	struct strmap roles;           /* name to struct document_role */
	struct document_config config;
};

/* Fills *document, which the caller frees also after a failure. ERROR_INVALID. */
bool document_decode(struct bytes text, struct document *document, struct error *err);
void document_free(struct document *document);

/* Clause 3. ERROR_INVALID with the text of the first rule that the document breaks. */
bool document_check(const struct document *document, struct error *err);

/*
 * Refuses what this version does not support with ERROR_UNSUPPORTED, which names the path, and
 * warns of sections that have no effect in it. For documents that were checked.
 */
bool document_check_support(const struct document *document, struct error *err);

/* Free a struct package_properties and a struct manifest_tls_tag. */
void document_package_free(void *package);
void document_tls_tag_free(void *tag);

/* "" for NULL: an absent string is an empty one. */
const char *document_text(const char *text);

#endif
