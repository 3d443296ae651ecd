/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <string.h>

#define MEMBER(name) offsetof(struct options, name)
#define FLAGS(list)  (list), sizeof(list) / sizeof((list)[0])
#define NO_FLAGS     NULL, 0

/* of commands whose result is printed; the others name the file, and know "json" as well */
#define JSON_FLAG                                                                                  \
	{                                                                                          \
		"output", 'o', FLAG_FORMAT, MEMBER(output), OUTPUT_JSON, NULL, NULL,               \
			"print JSON instead of text"                                               \
	}

static const struct flag json_flags[] = { JSON_FLAG };

static const struct flag prepare_flags[] = {
	{ "output", 'o', FLAG_FORMAT, MEMBER(output), OUTPUT_JSON, NULL, NULL,
		"print the changes as JSON, and change nothing" },
};

static const struct flag set_flags[] = {
	{ "recoverydata", 'r', FLAG_TEXT, MEMBER(recoverydata), "FILE", NULL, NULL,
		"write the recovery data here instead of printing it" },
	JSON_FLAG,
};

static const struct flag get_flags[] = {
	{ "output", 'o', FLAG_TEXT, MEMBER(output), "FILE|json", NULL, NULL,
		"write the manifest here instead of printing it" },
	{ "signature", 's', FLAG_SWITCH, MEMBER(signature), NULL, NULL, NULL,
		"also get the manifest's signature" },
	{ "display-update", 'u', FLAG_SWITCH, MEMBER(display_update), NULL, NULL, NULL,
		"merge updates into the manifest" },
	{ "keep-cert", 0, FLAG_SWITCH, MEMBER(keep_cert), NULL, NULL, NULL,
		"save the Coordinator's certificate to the certificate cache" },
};

static const struct flag log_flags[] = {
	{ "output", 'o', FLAG_TEXT, MEMBER(output), "FILE|json", NULL, NULL,
		"write the log here instead of printing it" },
};

/* Where on a token a private key is. */
#define TOKEN_KEY_FLAGS                                                                            \
	{ "pkcs11-key-id", 0, FLAG_TEXT, MEMBER(pkcs11_key_id), "ID", NULL, NULL,                  \
		"id of the key on the token" },                                                    \
	{                                                                                          \
		"pkcs11-key-label", 0, FLAG_TEXT, MEMBER(pkcs11_key_label), "LABEL", NULL, NULL,   \
			"label of the key on the token"                                            \
	}

/* How users prove who they are. */
#define USER_FLAGS                                                                                 \
	{ "cert", 'c', FLAG_TEXT, MEMBER(cert), "FILE", NULL, NULL, "your certificate, in PEM" },  \
		{ "key", 'k', FLAG_TEXT, MEMBER(key), "FILE", NULL, NULL,                          \
			"its private key, in PEM" },                                               \
		{ "pkcs11-config", 0, FLAG_TEXT, MEMBER(pkcs11_config), "FILE", NULL, NULL,        \
			"both are on a PKCS#11 token, which this JSON file names" },               \
		TOKEN_KEY_FLAGS,                                                                   \
		{ "pkcs11-cert-id", 0, FLAG_TEXT, MEMBER(pkcs11_cert_id), "ID", NULL, NULL,        \
			"id of the certificate on the token" },                                    \
	{                                                                                          \
		"pkcs11-cert-label", 0, FLAG_TEXT, MEMBER(pkcs11_cert_label), "LABEL", NULL, NULL, \
			"label of the certificate on the token"                                    \
	}

static const struct flag user_flags[] = {
	USER_FLAGS,
	JSON_FLAG,
};

static const struct flag update_flags[] = {
	USER_FLAGS,
	{ "recoverydata", 'r', FLAG_TEXT, MEMBER(recoverydata), "FILE", NULL, NULL,
		"write new recovery data here instead of printing it" },
	JSON_FLAG,
};

static const struct flag pending_flags[] = {
	{ "output", 'o', FLAG_TEXT, MEMBER(output), "FILE|json", NULL, NULL,
		"write the manifest here instead of printing it" },
	{ "missing", 0, FLAG_SWITCH, MEMBER(missing), NULL, NULL, NULL,
		"print who has not acknowledged the update yet" },
};

static const struct flag secret_set_flags[] = {
	USER_FLAGS,
	{ "from-pem", 0, FLAG_TEXT, MEMBER(from_pem), "NAME", NULL, NULL,
		"the file is PEM: set the secret of this name to what is in it" },
	JSON_FLAG,
};

static const struct flag secret_get_flags[] = {
	USER_FLAGS,
	{ "output", 'o', FLAG_TEXT, MEMBER(output), "FILE|json", NULL, NULL,
		"write the secrets here, as JSON, instead of printing them" },
};

static const struct flag root_flags[] = {
	{ "output", 'o', FLAG_TEXT, MEMBER(output), "FILE|json", NULL, "marblerunRootCA.crt",
		"file to write" },
};

static const struct flag intermediate_flags[] = {
	{ "output", 'o', FLAG_TEXT, MEMBER(output), "FILE|json", NULL,
		"marblerunIntermediateCA.crt", "file to write" },
};

static const struct flag chain_flags[] = {
	{ "output", 'o', FLAG_TEXT, MEMBER(output), "FILE|json", NULL, "marblerunChainCA.crt",
		"file to write" },
};

#define AT_FLAG                                                                                    \
	{                                                                                          \
		"at", 0, FLAG_TEXT, MEMBER(at), "TIME", NULL, NULL,                                \
			"verify as of this time, as 2025-06-15T12:00:00Z (default now)"            \
	}

static const struct flag collateral_verify_flags[] = { JSON_FLAG, AT_FLAG };

static const struct flag quote_verify_flags[] = {
	JSON_FLAG,
	AT_FLAG,
	{ "minimum-evaluation-number", 0, FLAG_TEXT, MEMBER(minimum_evaluation_number), "N", NULL,
		NULL, "TCB evaluation data number that the collateral must have (default any)" },
	{ "accepted-platforms", 0, FLAG_LIST, MEMBER(accepted_platforms), "LIST", NULL, NULL,
		"PPIDs or platform instance IDs to accept, separated by commas (default all)" },
	{ "report-data", 0, FLAG_TEXT, MEMBER(report_data), "HEX", NULL, NULL,
		"report data to expect: 1 to 64 bytes, filled up with zeros" },
	{ "mrtd", 0, FLAG_TEXT, MEMBER(mr_td), "HEX", NULL, NULL, "MRTD of the VM to expect" },
	{ "rtmr0", 0, FLAG_TEXT, MEMBER(rtmr[0]), "HEX", NULL, NULL, "RTMR0 to expect" },
	{ "rtmr1", 0, FLAG_TEXT, MEMBER(rtmr[1]), "HEX", NULL, NULL, "RTMR1 to expect" },
	{ "rtmr2", 0, FLAG_TEXT, MEMBER(rtmr[2]), "HEX", NULL, NULL, "RTMR2 to expect" },
	{ "rtmr3", 0, FLAG_TEXT, MEMBER(rtmr[3]), "HEX", NULL, NULL, "RTMR3 to expect" },
	{ "debug", 0, FLAG_SWITCH, MEMBER(debug), NULL, NULL, NULL,
		"accept debug enclaves, for tests" },
};

/* of commands that open or sign a recovery secret */
#define RECOVERY_KEY_FLAGS                                                                         \
	{ "key", 'k', FLAG_TEXT, MEMBER(key), "FILE", NULL, NULL,                                  \
		"your private recovery key, in PEM" },                                             \
		{ "pkcs11-config", 0, FLAG_TEXT, MEMBER(pkcs11_config), "FILE", NULL, NULL,        \
			"it is on a PKCS#11 token, which this JSON file names" },                  \
		TOKEN_KEY_FLAGS

#define NEW_FILE_FLAG                                                                              \
	{                                                                                          \
		"output", 'o', FLAG_TEXT, MEMBER(output), "FILE", NULL, NULL, "new file to write"  \
	}

static const struct flag recover_flags[] = { RECOVERY_KEY_FLAGS, JSON_FLAG };

static const struct flag recover_signed_flags[] = {
	{ "signature", 's', FLAG_TEXT, MEMBER(signature_file), "FILE", NULL, NULL,
		"signature of the secret, by sign-secret" },
	JSON_FLAG,
};

static const struct flag recovery_key_flags[] = { NEW_FILE_FLAG };

static const struct flag encrypt_secret_flags[] = {
	{ "coordinator-pub-key", 0, FLAG_TEXT, MEMBER(coordinator_pub_key), "FILE", NULL, NULL,
		"the Coordinator's key, by public-key" },
	NEW_FILE_FLAG,
	RECOVERY_KEY_FLAGS,
};

static const struct flag sign_secret_flags[] = { NEW_FILE_FLAG, RECOVERY_KEY_FLAGS };

const struct command commands[] = {
	{ "manifest", "", 0, 0, "Work with the manifest of a Coordinator", NULL, NO_FLAGS },
	{ "manifest set", "<file> <IP:PORT>", 2, 2,
		"Verify a Coordinator and set its manifest (JSON or YAML)", cmd_manifest_set,
		FLAGS(set_flags) },
	{ "manifest get", "<IP:PORT>", 1, 1, "Verify a Coordinator and get its manifest",
		cmd_manifest_get, FLAGS(get_flags) },
	{ "manifest log", "<IP:PORT>", 1, 1, "Get the log of updates to the manifest",
		cmd_manifest_log, FLAGS(log_flags) },
	{ "manifest signature", "<file>", 1, 1,
		"Print the signature (SHA-256) of a manifest file, offline", cmd_manifest_signature,
		FLAGS(json_flags) },
	{ "manifest update", "<file> <IP:PORT>", 2, 2,
		"Update the manifest of a Coordinator: without a command, as scripts of old do it",
		cmd_manifest_update, FLAGS(update_flags) },
	{ "manifest update apply", "<file> <IP:PORT>", 2, 2,
		"Submit an update: of SecurityVersions, or a whole manifest",
		cmd_manifest_update_apply, FLAGS(update_flags) },
	{ "manifest update acknowledge", "<file> <IP:PORT>", 2, 2,
		"Agree to the update that waits, which must be this manifest",
		cmd_manifest_update_acknowledge, FLAGS(update_flags) },
	{ "manifest update cancel", "<IP:PORT>", 1, 1, "Cancel the update that waits",
		cmd_manifest_update_cancel, FLAGS(user_flags) },
	{ "manifest update get", "<IP:PORT>", 1, 1, "Get the manifest of the update that waits",
		cmd_manifest_update_get, FLAGS(pending_flags) },
	{ "manifest verify", "<file or signature> <IP:PORT>", 2, 2,
		"Verify a Coordinator and that it uses this manifest", cmd_manifest_verify,
		FLAGS(json_flags) },
	{ "certificate", "", 0, 0, "Get the certificates of a Coordinator", NULL, NO_FLAGS },
	{ "certificate root", "<IP:PORT>", 1, 1,
		"Verify a Coordinator and get its root certificate", cmd_certificate_root,
		FLAGS(root_flags) },
	{ "certificate intermediate", "<IP:PORT>", 1, 1,
		"Verify a Coordinator and get its intermediate certificate",
		cmd_certificate_intermediate, FLAGS(intermediate_flags) },
	{ "certificate chain", "<IP:PORT>", 1, 1, "Verify a Coordinator and get both certificates",
		cmd_certificate_chain, FLAGS(chain_flags) },
	{ "secret", "", 0, 0, "Read and write secrets of a deployment", NULL, NO_FLAGS },
	{ "secret set", "<file> <IP:PORT>", 2, 2, "Give values to user-defined secrets",
		cmd_secret_set, FLAGS(secret_set_flags) },
	{ "secret get", "<name>... <IP:PORT>", 2, ANY_NUMBER, "Get the values of secrets",
		cmd_secret_get, FLAGS(secret_get_flags) },
	{ "status", "<IP:PORT>", 1, 1, "Print the state of a Coordinator", cmd_status,
		FLAGS(json_flags) },
	{ "recover", "<file> <IP:PORT>", 2, 2,
		"Hand in a recovery secret to a Coordinator that waits for recovery", cmd_recover,
		FLAGS(recover_flags) },
	{ "recover-with-signature", "<file> <IP:PORT>", 2, 2,
		"Hand in a recovery secret that was signed, and may be encrypted, elsewhere",
		cmd_recover_with_signature, FLAGS(recover_signed_flags) },
	{ "recover-with-signature public-key", "<IP:PORT>", 1, 1,
		"Get the key of a Coordinator to encrypt recovery secrets with",
		cmd_recovery_public_key, FLAGS(recovery_key_flags) },
	{ "recover-with-signature encrypt-secret", "<file>", 1, 1,
		"Encrypt a recovery secret for a Coordinator, offline", cmd_recovery_encrypt_secret,
		FLAGS(encrypt_secret_flags) },
	{ "recover-with-signature sign-secret", "<file>", 1, 1, "Sign a recovery secret, offline",
		cmd_recovery_sign_secret, FLAGS(sign_secret_flags) },
	{ "collateral", "", 0, 0, "Work with DCAP collateral", NULL, NO_FLAGS },
	{ "collateral fetch", "<quote> <folder>", 2, 2,
		"Get the collateral for the platform of a quote from a PCCS or PCS, and verify it",
		cmd_collateral_fetch, FLAGS(json_flags) },
	{ "collateral show", "<folder>", 1, 1, "Print what collateral says, unverified",
		cmd_collateral_show, FLAGS(json_flags) },
	{ "collateral verify", "<folder>", 1, 1, "Verify signatures and dates of collateral",
		cmd_collateral_verify, FLAGS(collateral_verify_flags) },
	{ "package-info", "<path>", 1, 1,
		"Print the identity of an enclave: an ELF file, a .sig file or a folder",
		cmd_package_info, FLAGS(json_flags) },
	{ "quote", "", 0, 0, "Work with quotes in files", NULL, NO_FLAGS },
	{ "quote show", "<file>", 1, 1, "Print everything that a quote says", cmd_quote_show,
		FLAGS(json_flags) },
	{ "quote verify", "<file>", 1, 1, "Verify a quote and print every check", cmd_quote_verify,
		FLAGS(quote_verify_flags) },
	{ "precheck", "[AESM error]", 0, 1,
		"Check what this machine has for SGX or TDX, how to repair it, or explain an error",
		cmd_precheck, FLAGS(json_flags) },
	{ "graphene-prepare", "[spawn|preload] <manifest>", 1, 2,
		"Make the changes to a Graphene manifest that a Marble needs", cmd_graphene_prepare,
		FLAGS(prepare_flags) },
	{ "gramine-prepare", "<manifest>", 1, 1,
		"Make the changes to a Gramine manifest that a Marble needs", cmd_gramine_prepare,
		FLAGS(prepare_flags) },
	{ "version", "", 0, 0, "Print the version of this program", cmd_version,
		FLAGS(json_flags) },
	{ "completion", "bash|zsh|fish", 1, 1, "Print a script for completion on the command line",
		cmd_completion, NO_FLAGS },
	{ "help", "[command]", 0, 3, "Print the help of a command", cmd_help, NO_FLAGS },
};
const size_t command_count = sizeof(commands) / sizeof(commands[0]);

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < command_count; i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

const char *command_below(const struct command *command, const char *group)
{
	size_t length = strlen(group);
	const char *last = command->name;
	if (length) {
		if (strncmp(last, group, length) != 0 || last[length] != ' ')
			return NULL;
		last += length + 1;
	}
	return strchr(last, ' ') ? NULL : last;
}

static const struct flag *find_flag(
	const struct flag *flags, size_t count, const char *name, size_t length, char letter)
{
	for (size_t i = 0; i < count; i++) {
		bool found = name ? strlen(flags[i].name) == length &&
					     !memcmp(flags[i].name, name, length)
				  : flags[i].letter == letter;
		if (found)
			return &flags[i];
	}
	return NULL;
}

const struct flag *command_flag(
	const struct command *command, const char *name, size_t length, char letter)
{
	const struct flag *found = find_flag(global_flags, global_flag_count, name, length, letter);
	for (size_t i = 0; i < command_count && !found; i++) {
		if (!command || command == &commands[i])
			found = find_flag(
				commands[i].flags, commands[i].flag_count, name, length, letter);
	}
	return found;
}
