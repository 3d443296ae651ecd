/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Graphene or Gramine manifest in one form: every generation of the syntax (spec
 * graphene-manifest.md clauses 2 to 9) ends up in the members below.
 */
#ifndef GRAPHENE_MANIFEST_H
#define GRAPHENE_MANIFEST_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum graphene_mount_type {
	GRAPHENE_MOUNT_CHROOT,
	GRAPHENE_MOUNT_TMPFS,
	GRAPHENE_MOUNT_ENCRYPTED,
	GRAPHENE_MOUNT_UNTRUSTED_SHM,
};

struct graphene_mount {
	enum graphene_mount_type type;
	char *path;     /* absolute path inside */
	char *uri;      /* "file:…" or "dev:…", normalised (clause 7); NULL for tmpfs */
	char *key_name; /* encrypted only */
	bool enable_recovery;
};

/* An entry of trusted_files or allowed_files. */
struct graphene_file {
	char *name;     /* key of the table form, for messages; NULL in the array form */
	char *path;     /* of the URI without "file:", normalised; "" for the launcher's folder;
			   a "dev:" URI (allowed files alone) keeps its scheme */
	bool is_folder; /* the URI ended with a slash */
	bool has_sha256;
	uint8_t sha256[32];
};

struct graphene_file_list {
	struct graphene_file *items;
	size_t count;
};

#define GRAPHENE_WRAP_KEY_SIZE 16

/* Names of keys of protected files: what Graphene has, and those that the platform derives. */
#define GRAPHENE_DEFAULT_KEY   "default"
#define GRAPHENE_MRENCLAVE_KEY "_sgx_mrenclave"
#define GRAPHENE_MRSIGNER_KEY  "_sgx_mrsigner"

/* A key of protected files that the manifest sets. */
struct graphene_wrap_key {
	char *name;
	uint8_t key[GRAPHENE_WRAP_KEY_SIZE];
};

struct graphene_env {
	char *name;
	char *value; /* NULL: passed through from the base environment */
};

enum graphene_attestation {
	GRAPHENE_ATTESTATION_NONE,
	GRAPHENE_ATTESTATION_EPID,
	GRAPHENE_ATTESTATION_DCAP,
};

/* Which generation's rules apply where they differ (clauses 7 and 8). */
enum graphene_generation {
	GRAPHENE_GENERATION_GRAPHENE, /* table lists, fs.mount, thread_num: trusted wins over
					 allowed */
	GRAPHENE_GENERATION_GRAMINE,  /* arrays: allowed wins over trusted */
};

struct graphene_manifest {
	char *entrypoint; /* path inside, absolute or relative to start_dir */

	/* arguments (clause 8) */
	char *argv0_override;
	char *argv_src_file; /* host path, normalised; NULL when absent */
	char **argv;         /* ended by NULL; NULL when absent */

	/* environment (clause 9), in the order in which it is to be appended */
	char *env_src_file;
	struct graphene_env *env;
	size_t env_count;

	/* file system (clause 6), mounts in the order of mounting; root has path "/" */
	struct graphene_mount root;
	struct graphene_mount *mounts;
	size_t mount_count;
	char *start_dir; /* "/" when absent */

	/* file policy (clause 7) */
	struct graphene_file_list trusted;
	struct graphene_file_list allowed;

	/* protected files that are listed, of Graphene and of Gramine to 1.4, by their key */
	struct graphene_file_list protected_files;
	struct graphene_file_list protected_mrenclave_files;
	struct graphene_file_list protected_mrsigner_files;
	struct graphene_wrap_key *wrap_keys; /* of a name given twice the last one counts */
	size_t wrap_key_count;

	/* enclave */
	uint64_t enclave_size;  /* bytes */
	uint64_t required_xfrm; /* XFRM bits of the CPU features that must be there */
	uint64_t disabled_xfrm; /* and of those that must not */
	uint32_t thread_num;    /* 0: not given, which only an unsigned manifest does (clause 5) */
	uint16_t isv_prod_id;
	uint16_t isv_svn;

	/* process */
	uint64_t stack_size; /* bytes */
	char *log_level;     /* "none" to "all" */
	uint32_t uid;
	uint32_t gid;
	uint32_t fd_limit;

	enum graphene_generation generation;
	enum graphene_attestation attestation;
	bool use_cmdline_argv;
	bool use_host_env;
	bool allow_all_but_log; /* sgx.file_check_policy */
	bool nonpie_binary;
	bool edmm; /* memory is added at run time, so no heap is measured */
	bool debug;
	bool use_exinfo;
	bool sigterm_injection;
	bool disallow_subprocesses;
};

/*
 * Reads a signed or a plain manifest. NULL with ERROR_INVALID that names the key ("Cannot parse
 * 'sgx.enclave_size'…") or ERROR_UNSUPPORTED for what the spec calls fatal or we do not have yet.
 * Keys that no generation knows and deprecated spellings are logged as warnings.
 */
struct graphene_manifest *graphene_manifest_parse(struct bytes text, struct error *err);
void graphene_manifest_free(struct graphene_manifest *manifest);
DEFINE_AUTO_FREE(auto_graphene_manifest, struct graphene_manifest *, graphene_manifest_free)

/* As graphene_manifest_parse for a parsed document; with `strict`, unknown keys are errors. */
struct graphene_manifest *graphene_manifest_of_tree(
	const json_t *tree, bool strict, struct error *err);

/* Which generation wrote this document: the form of its lists and its key names tell. */
enum graphene_generation graphene_generation_of_tree(const json_t *tree);

/*
 * Normalises a "file:" or "dev:" URI by clause 7, "file:./a//b/" to "file:a/b", "file:." to
 * "file:"; NULL with ERROR_INVALID for another scheme.
 */
char *graphene_normalise_uri(const char *uri, struct error *err);
/* The same for the path alone, such as one that is being opened. */
char *graphene_normalise_path(const char *text);

#endif
