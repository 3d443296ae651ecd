/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `marblerun`: one table lists them, one file each has the function that runs. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "base/error.h"
#include "cli/options.h"

#include <stdbool.h>
#include <stddef.h>

struct invocation {
	const struct command *command;
	struct options options;
	const char **arguments; /* the array is owned, the texts are argv's */
	size_t count;
};

#define ANY_NUMBER ((size_t)-1)

struct command {
	const char *name; /* all words: "manifest set" */
	const char *arguments;
	size_t least; /* number of arguments */
	size_t most;  /* ANY_NUMBER for no limit */
	const char *help;
	bool (*run)(const struct invocation *invocation, struct error *err); /* NULL for a group */
	const struct flag *flags;
	size_t flag_count;
};

/* In the order of the help text; a group stands in front of its commands. */
extern const struct command commands[];
extern const size_t command_count;

/* NULL if there is none of that name. */
const struct command *command_find(const char *name);
/* If `command` is directly below the group of this name ("": top level) its last word, else NULL.
 */
const char *command_below(const struct command *command, const char *group);
/* A flag of this command (NULL: of any), or a global one; by name, or by letter if name is NULL. */
const struct flag *command_flag(
	const struct command *command, const char *name, size_t length, char letter);

/* One file each: cmd_<name>.c. They print to stdout and return false with the error to show. */
bool cmd_certificate_root(const struct invocation *invocation, struct error *err);
bool cmd_certificate_intermediate(const struct invocation *invocation, struct error *err);
bool cmd_certificate_chain(const struct invocation *invocation, struct error *err);
bool cmd_collateral_fetch(const struct invocation *invocation, struct error *err);
bool cmd_collateral_show(const struct invocation *invocation, struct error *err);
bool cmd_collateral_verify(const struct invocation *invocation, struct error *err);
bool cmd_completion(const struct invocation *invocation, struct error *err);
bool cmd_gramine_prepare(const struct invocation *invocation, struct error *err);
bool cmd_graphene_prepare(const struct invocation *invocation, struct error *err);
bool cmd_help(const struct invocation *invocation, struct error *err);
bool cmd_manifest_get(const struct invocation *invocation, struct error *err);
bool cmd_manifest_log(const struct invocation *invocation, struct error *err);
bool cmd_manifest_set(const struct invocation *invocation, struct error *err);
bool cmd_manifest_signature(const struct invocation *invocation, struct error *err);
bool cmd_manifest_update(const struct invocation *invocation, struct error *err);
bool cmd_manifest_update_acknowledge(const struct invocation *invocation, struct error *err);
bool cmd_manifest_update_apply(const struct invocation *invocation, struct error *err);
bool cmd_manifest_update_cancel(const struct invocation *invocation, struct error *err);
bool cmd_manifest_update_get(const struct invocation *invocation, struct error *err);
bool cmd_manifest_verify(const struct invocation *invocation, struct error *err);
bool cmd_package_info(const struct invocation *invocation, struct error *err);
bool cmd_recover(const struct invocation *invocation, struct error *err);
bool cmd_recover_with_signature(const struct invocation *invocation, struct error *err);
bool cmd_recovery_encrypt_secret(const struct invocation *invocation, struct error *err);
bool cmd_recovery_public_key(const struct invocation *invocation, struct error *err);
bool cmd_recovery_sign_secret(const struct invocation *invocation, struct error *err);
bool cmd_secret_get(const struct invocation *invocation, struct error *err);
bool cmd_secret_set(const struct invocation *invocation, struct error *err);
bool cmd_precheck(const struct invocation *invocation, struct error *err);
bool cmd_quote_show(const struct invocation *invocation, struct error *err);
bool cmd_quote_verify(const struct invocation *invocation, struct error *err);
bool cmd_status(const struct invocation *invocation, struct error *err);
bool cmd_version(const struct invocation *invocation, struct error *err);

#endif
