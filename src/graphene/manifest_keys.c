/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/manifest_keys.h"

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/memory.h"
#include "graphene/manifest_value.h"
#include "graphene/toml.h"

#include <string.h>

enum key_kind {
	KEY_BOOL,
	KEY_INTEGER, /* min to max */
	KEY_STRING,
	KEY_SIZE,
	KEY_SIZE_OR_ZERO,
	KEY_CHOICE,      /* one of the words of `choices` */
	KEY_ATTESTATION, /* a word of `choices`, or a bool of the first generations */
	KEY_HEX_KEY,     /* 16 bytes */
	KEY_HEX_KEYS,    /* a table of them */
	KEY_READ_LATER,  /* lists and tables with a form of their own */
	KEY_OBSOLETE,
};

struct key {
	const char *path;
	enum key_kind kind;
	const char *choices; /* words with a blank between them */
	int64_t min, max;
	const char *instead; /* what Gramine has in its place today */
};

#define ID_MAX (UINT32_MAX - 1) /* of users and groups; the number behind it means none */

static const struct key keys[] = {
	{ .path = "fs.experimental__enable_sysfs_topology", .kind = KEY_BOOL },
	{ .path = "fs.insecure__keys", .kind = KEY_HEX_KEYS },
	{ .path = "fs.mount", .kind = KEY_READ_LATER, .instead = "fs.mounts" },
	{ .path = "fs.mounts", .kind = KEY_READ_LATER },
	{ .path = "fs.root", .kind = KEY_READ_LATER },
	{ .path = "fs.start_dir", .kind = KEY_STRING },
	{ .path = "libos.check_invalid_pointers", .kind = KEY_BOOL },
	{ .path = "libos.entrypoint", .kind = KEY_STRING },
	{ .path = "loader.argv", .kind = KEY_READ_LATER },
	{ .path = "loader.argv0_override", .kind = KEY_STRING, .instead = "loader.argv" },
	{ .path = "loader.argv_src_file", .kind = KEY_STRING },
	{ .path = "loader.debug_type",
		.kind = KEY_OBSOLETE,
		.instead = "loader.log_level and loader.log_file" },
	{ .path = "loader.entrypoint", .kind = KEY_READ_LATER },
	{ .path = "loader.env", .kind = KEY_READ_LATER },
	{ .path = "loader.env_src_file", .kind = KEY_STRING },
	{ .path = "loader.exec", .kind = KEY_OBSOLETE, .instead = "libos.entrypoint" },
	{ .path = "loader.gid", .kind = KEY_INTEGER, .max = ID_MAX },
	{ .path = "loader.insecure__disable_aslr", .kind = KEY_BOOL },
	{ .path = "loader.insecure__use_cmdline_argv", .kind = KEY_BOOL },
	{ .path = "loader.insecure__use_host_env", .kind = KEY_BOOL },
	{ .path = "loader.log_file", .kind = KEY_STRING },
	{ .path = "loader.log_level",
		.kind = KEY_CHOICE,
		.choices = "none error warning debug trace all" },
	{ .path = "loader.pal_internal_mem_size", .kind = KEY_SIZE_OR_ZERO },
	{ .path = "loader.preload", .kind = KEY_STRING, .instead = "loader.entrypoint" },
	{ .path = "loader.uid", .kind = KEY_INTEGER, .max = ID_MAX },
	{ .path = "sgx.allowed_files", .kind = KEY_READ_LATER },
	{ .path = "sgx.cpu_features.amx",
		.kind = KEY_CHOICE,
		.choices = "unspecified disabled required" },
	{ .path = "sgx.cpu_features.avx",
		.kind = KEY_CHOICE,
		.choices = "unspecified disabled required" },
	{ .path = "sgx.cpu_features.avx512",
		.kind = KEY_CHOICE,
		.choices = "unspecified disabled required" },
	{ .path = "sgx.cpu_features.mpx", .kind = KEY_CHOICE, .choices = "disabled required" },
	{ .path = "sgx.cpu_features.pkru", .kind = KEY_CHOICE, .choices = "disabled required" },
	{ .path = "sgx.debug", .kind = KEY_BOOL },
	{ .path = "sgx.edmm_enable", .kind = KEY_BOOL },
	{ .path = "sgx.enable_stats", .kind = KEY_BOOL },
	{ .path = "sgx.enclave_size", .kind = KEY_SIZE },
	{ .path = "sgx.file_check_policy",
		.kind = KEY_CHOICE,
		.choices = "strict allow_all_but_log" },
	{ .path = "sgx.insecure__allow_memfaults_without_exinfo", .kind = KEY_BOOL },
	{ .path = "sgx.insecure__protected_files_key",
		.kind = KEY_HEX_KEY,
		.instead = "fs.insecure__keys" },
	{ .path = "sgx.insecure__rpc_thread_num", .kind = KEY_INTEGER, .max = INT64_MAX },
	{ .path = "sgx.isvprodid", .kind = KEY_INTEGER, .max = UINT16_MAX },
	{ .path = "sgx.isvsvn", .kind = KEY_INTEGER, .max = UINT16_MAX },
	{ .path = "sgx.max_threads", .kind = KEY_INTEGER, .min = 1, .max = 4096 },
	{ .path = "sgx.nonpie_binary", .kind = KEY_BOOL },
	{ .path = "sgx.preheat_enclave", .kind = KEY_BOOL },
	{ .path = "sgx.profile.enable", .kind = KEY_CHOICE, .choices = "none main all" },
	{ .path = "sgx.profile.frequency", .kind = KEY_INTEGER, .min = 1, .max = 250 },
	{ .path = "sgx.profile.mode",
		.kind = KEY_CHOICE,
		.choices = "aex ocall_inner ocall_outer" },
	{ .path = "sgx.profile.with_stack", .kind = KEY_BOOL },
	{ .path = "sgx.protected_files",
		.kind = KEY_READ_LATER,
		.instead = "a mount of type \"encrypted\"" },
	{ .path = "sgx.protected_files_key", .kind = KEY_HEX_KEY, .instead = "fs.insecure__keys" },
	{ .path = "sgx.protected_mrenclave_files",
		.kind = KEY_READ_LATER,
		.instead = "a mount of type \"encrypted\" with key_name = \"_sgx_mrenclave\"" },
	{ .path = "sgx.protected_mrsigner_files",
		.kind = KEY_READ_LATER,
		.instead = "a mount of type \"encrypted\" with key_name = \"_sgx_mrsigner\"" },
	{ .path = "sgx.ra_client_linkable", .kind = KEY_BOOL, .instead = "sgx.remote_attestation" },
	{ .path = "sgx.ra_client_spid", .kind = KEY_STRING, .instead = "sgx.remote_attestation" },
	{ .path = "sgx.remote_attestation", .kind = KEY_ATTESTATION, .choices = "none epid dcap" },
	{ .path = "sgx.require_amx", .kind = KEY_BOOL, .instead = "sgx.cpu_features.amx" },
	{ .path = "sgx.require_avx", .kind = KEY_BOOL, .instead = "sgx.cpu_features.avx" },
	{ .path = "sgx.require_avx512", .kind = KEY_BOOL, .instead = "sgx.cpu_features.avx512" },
	{ .path = "sgx.require_exinfo", .kind = KEY_BOOL, .instead = "sgx.use_exinfo" },
	{ .path = "sgx.require_mpx", .kind = KEY_BOOL, .instead = "sgx.cpu_features.mpx" },
	{ .path = "sgx.require_pkru", .kind = KEY_BOOL, .instead = "sgx.cpu_features.pkru" },
	{ .path = "sgx.rpc_thread_num",
		.kind = KEY_INTEGER,
		.max = INT64_MAX,
		.instead = "sgx.insecure__rpc_thread_num" },
	{ .path = "sgx.seal_key.flags_mask", .kind = KEY_STRING },
	{ .path = "sgx.seal_key.misc_mask", .kind = KEY_STRING },
	{ .path = "sgx.seal_key.xfrm_mask", .kind = KEY_STRING },
	{ .path = "sgx.sigfile",
		.kind = KEY_OBSOLETE,
		.instead = "nothing: APP.sig stands beside the manifest" },
	{ .path = "sgx.support_exinfo", .kind = KEY_BOOL, .instead = "sgx.use_exinfo" },
	{ .path = "sgx.thread_num",
		.kind = KEY_INTEGER,
		.min = 1,
		.max = 4096,
		.instead = "sgx.max_threads" },
	{ .path = "sgx.trusted_checksum", .kind = KEY_READ_LATER },
	{ .path = "sgx.trusted_files", .kind = KEY_READ_LATER },
	{ .path = "sgx.use_exinfo", .kind = KEY_BOOL },
	{ .path = "sgx.vtune_profile", .kind = KEY_BOOL },
	{ .path = "sys.allowed_ioctls", .kind = KEY_READ_LATER },
	{ .path = "sys.brk.max_size", .kind = KEY_SIZE },
	{ .path = "sys.debug__mock_syscalls", .kind = KEY_READ_LATER },
	{ .path = "sys.disallow_subprocesses", .kind = KEY_BOOL },
	{ .path = "sys.enable_extra_runtime_domain_names_conf", .kind = KEY_BOOL },
	{ .path = "sys.enable_sigterm_injection", .kind = KEY_BOOL },
	{ .path = "sys.experimental__enable_flock", .kind = KEY_BOOL },
	{ .path = "sys.fds.limit", .kind = KEY_INTEGER, .min = 1, .max = UINT32_MAX },
	{ .path = "sys.insecure__allow_eventfd", .kind = KEY_BOOL },
	{ .path = "sys.ioctl_structs", .kind = KEY_READ_LATER },
	{ .path = "sys.stack.size", .kind = KEY_SIZE },
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

static const struct key *find_key(const char *path)
{
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (!strcmp(keys[i].path, path))
			return &keys[i];
	}
	return NULL;
}

/* "sgx.profile" is not in the table itself, but keys below it are. */
static bool has_keys_below(const char *path)
{
	size_t length = strlen(path);
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (!strncmp(keys[i].path, path, length) && keys[i].path[length] == '.')
			return true;
	}
	return false;
}

static bool is_choice(const char *choices, const char *word)
{
	size_t length = word ? strcspn(word, " ") : 0;
	if (!length || word[length])
		return false;
	while (*choices) {
		size_t next = strcspn(choices, " ");
		if (next == length && !strncmp(choices, word, length))
			return true;
		choices += next + (choices[next] == ' ');
	}
	return false;
}

static bool is_hex_key(const json_t *value)
{
	uint8_t key[16];
	bool good = json_is_string(value) &&
		    hex_decode_exact(key, sizeof(key), json_string_value(value));
	memory_wipe(key, sizeof(key));
	return good;
}

static bool are_hex_keys(const json_t *table)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)table, name, value)
	{
		if (!is_hex_key(value))
			return false;
	}
	return json_is_object(table);
}

static bool has_right_type(const struct key *key, const json_t *value)
{
	bool flag;
	uint64_t size = 0;
	json_int_t number = json_integer_value(value);
	const char *text = json_string_value(value);
	switch (key->kind) {
	case KEY_BOOL:
		return manifest_read_bool(value, &flag);
	case KEY_INTEGER:
		return json_is_integer(value) && number >= key->min && number <= key->max;
	case KEY_STRING:
		return text;
	case KEY_SIZE:
		return text && manifest_read_size(text, &size) && size;
	case KEY_SIZE_OR_ZERO:
		return text && manifest_read_size(text, &size);
	case KEY_CHOICE:
		return is_choice(key->choices, text);
	case KEY_ATTESTATION:
		return is_choice(key->choices, text) || manifest_read_bool(value, &flag);
	case KEY_HEX_KEY:
		return is_hex_key(value);
	case KEY_HEX_KEYS:
		return are_hex_keys(value);
	default:
		return key->kind == KEY_READ_LATER;
	}
}

static bool wrong_type(const struct key *key, struct error *err)
{
	switch (key->kind) {
	case KEY_BOOL:
		return manifest_cannot_parse(err, key->path, "true or false");
	case KEY_INTEGER:
		return manifest_cannot_parse(err, key->path, "an integer from %lld to %lld",
			(long long)key->min, (long long)key->max);
	case KEY_SIZE:
	case KEY_SIZE_OR_ZERO:
		return manifest_cannot_parse(err, key->path, "a size such as \"256M\"");
	case KEY_CHOICE:
	case KEY_ATTESTATION:
		return manifest_cannot_parse(err, key->path, "one of the strings %s", key->choices);
	case KEY_HEX_KEY:
	case KEY_HEX_KEYS:
		return manifest_cannot_parse(err, key->path, "32 hexadecimal digits");
	case KEY_OBSOLETE:
		return error_set(
			err, ERROR_INVALID, "'%s' is obsolete; use %s", key->path, key->instead);
	default:
		return manifest_cannot_parse(err, key->path, "a string");
	}
}

bool manifest_unknown_key(const char *path, bool strict, struct error *err)
{
	if (strict)
		return error_set(err, ERROR_INVALID,
			"unknown key '%s'; correct its spelling or remove it", path);
	log_warn("unknown key in the manifest is ignored", "key", path);
	return true;
}

struct check {
	enum graphene_generation generation;
	bool strict;
	struct error *err;
};

static bool check_value(const char *path, const json_t *value, const struct check *check);

static bool check_table(const char *prefix, const json_t *table, const struct check *check)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)table, name, value)
	{
		AUTO(buf_free) struct buf path = { 0 };
		buf_put_text(&path, prefix);
		toml_put_key(name, &path);
		if (!check_value(buf_text(&path), value, check))
			return false;
	}
	return true;
}

static bool check_value(const char *path, const json_t *value, const struct check *check)
{
	const struct key *key = find_key(path);
	if (!key && !has_keys_below(path))
		return manifest_unknown_key(path, check->strict, check->err);
	if (!key && !json_is_object(value))
		return manifest_cannot_parse(check->err, path, "a table");
	if (!key) {
		AUTO(auto_free) char *prefix = xasprintf("%s.", path);
		return check_table(prefix, value, check);
	}
	if (!has_right_type(key, value))
		return wrong_type(key, check->err);
	if (key->instead && check->generation == GRAPHENE_GENERATION_GRAMINE)
		log_warn("deprecated key in the manifest", "key", path, "instead", key->instead);
	return true;
}

bool manifest_check_keys(
	const json_t *tree, enum graphene_generation generation, bool strict, struct error *err)
{
	struct check check = { .generation = generation, .strict = strict, .err = err };
	return check_table("", tree, &check);
}
