/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_attestation.h"

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/memory.h"
#include "graphene/sim_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#define QUOTE_MAX   8192
#define FIRST_SWEEP 64 /* processes with a state before dead ones are looked for */

enum pseudo_kind {
	FOLDER,
	USER_REPORT_DATA,
	TARGET_INFO,
	MY_TARGET_INFO,
	REPORT,
	QUOTE,
	ATTESTATION_TYPE,
	PROTECTED_FILES_KEY,
	WRAP_KEY,
	SEAL_KEY_MRENCLAVE,
	SEAL_KEY_MRSIGNER,
};

enum presence {
	ALWAYS,
	IN_GRAMINE,
	WITH_QUOTES, /* Graphene lists the quote even when opening it must fail */
};

struct pseudo {
	const char *name;
	enum pseudo_kind kind;
	mode_t mode;
	enum presence presence;
	size_t key; /* of a WRAP_KEY: its number */
};

/* The columns "SGX" of the table in clause 2, for Graphene 1.2 and Gramine 1.9; keys/NAME follow.
 */
static const struct pseudo pseudos[] = {
	{ "", FOLDER, S_IFDIR | 0555, ALWAYS, 0 },
	{ "user_report_data", USER_REPORT_DATA, S_IFREG | 0666, ALWAYS, 0 },
	{ "target_info", TARGET_INFO, S_IFREG | 0666, ALWAYS, 0 },
	{ "my_target_info", MY_TARGET_INFO, S_IFREG | 0444, ALWAYS, 0 },
	{ "report", REPORT, S_IFREG | 0444, ALWAYS, 0 },
	{ "quote", QUOTE, S_IFREG | 0444, WITH_QUOTES, 0 },
	{ "attestation_type", ATTESTATION_TYPE, S_IFREG | 0444, IN_GRAMINE, 0 },
	{ "protected_files_key", PROTECTED_FILES_KEY, S_IFREG | 0666, ALWAYS, 0 },
	{ "keys", FOLDER, S_IFDIR | 0555, IN_GRAMINE, 0 },
	{ "keys/_sgx_mrenclave", SEAL_KEY_MRENCLAVE, S_IFREG | 0444, IN_GRAMINE, 0 },
	{ "keys/_sgx_mrsigner", SEAL_KEY_MRSIGNER, S_IFREG | 0444, IN_GRAMINE, 0 },
};

#define PSEUDO_COUNT (sizeof(pseudos) / sizeof(*pseudos))

/* What one process has written. */
struct process_state {
	struct sim_process process;
	uint8_t report_data[SGX_REPORT_DATA_SIZE];
	uint8_t target_info[SGX_TARGET_INFO_SIZE];
	struct process_state *next;
};

struct sim_attestation {
	enum graphene_generation generation;
	enum graphene_attestation type;
	struct sgx_report_body
		self; /* all but report_data, and cpu_svn until there is a platform */
	struct sim_attestation_host host;
	struct pseudo *pseudos;
	size_t pseudo_count;

	pthread_mutex_t lock; /* for everything below */
	struct platform *platform;
	struct process_state *states;
	size_t state_count;
	size_t sweep_at;
	struct sim_keys *keys;
};

struct sim_pseudo_file {
	struct sim_attestation *attestation;
	const struct pseudo *pseudo;
	struct buf content; /* made at open, or what this handle wrote last */
};

DEFINE_AUTO_FREE(auto_pseudo_file, struct sim_pseudo_file *, sim_pseudo_file_close)

static void list_pseudos(struct sim_attestation *attestation)
{
	size_t keys = sim_keys_count(attestation->keys);
	attestation->pseudo_count = PSEUDO_COUNT + keys;
	attestation->pseudos = xcalloc(attestation->pseudo_count, sizeof(*attestation->pseudos));
	memcpy(attestation->pseudos, pseudos, sizeof(pseudos));
	for (size_t i = 0; i < keys; i++) {
		char *name = xasprintf("keys/%s", sim_keys_name(attestation->keys, i));
		attestation->pseudos[PSEUDO_COUNT + i] =
			(struct pseudo){ name, WRAP_KEY, S_IFREG | 0666, IN_GRAMINE, i };
	}
}

struct sim_attestation *sim_attestation_new(const struct graphene_manifest *manifest,
	const struct sgx_report_body *self, const struct sim_attestation_host *host)
{
	struct sim_attestation *attestation = xcalloc(1, sizeof(*attestation));
	attestation->generation = manifest->generation;
	attestation->type = manifest->attestation;
	attestation->self = *self;
	attestation->host = *host;
	attestation->sweep_at = FIRST_SWEEP;
	attestation->keys = sim_keys_new(manifest);
	list_pseudos(attestation);
	pthread_mutex_init(&attestation->lock, NULL);
	return attestation;
}

void sim_attestation_free(struct sim_attestation *attestation)
{
	if (!attestation)
		return;
	for (struct process_state *state = attestation->states; state;) {
		struct process_state *next = state->next;
		free(state);
		state = next;
	}
	for (size_t i = PSEUDO_COUNT; i < attestation->pseudo_count; i++)
		free((char *)attestation->pseudos[i].name);
	free(attestation->pseudos);
	sim_keys_free(attestation->keys);
	platform_free(attestation->platform);
	pthread_mutex_destroy(&attestation->lock);
	free(attestation);
}

static bool open_platform(struct sim_attestation *attestation, struct error *err)
{
	if (attestation->platform)
		return true;
	attestation->platform = attestation->host.open_platform(attestation->host.context, err);
	if (!attestation->platform)
		return false;
	platform_cpu_svn(attestation->platform, attestation->self.cpu_svn);
	return true;
}

bool sim_attestation_open_platform(struct sim_attestation *attestation, struct error *err)
{
	pthread_mutex_lock(&attestation->lock);
	bool opened = open_platform(attestation, err);
	pthread_mutex_unlock(&attestation->lock);
	return opened;
}

static bool is_present(const struct sim_attestation *attestation, const struct pseudo *pseudo)
{
	bool is_gramine = attestation->generation == GRAPHENE_GENERATION_GRAMINE;
	switch (pseudo->presence) {
	case IN_GRAMINE:
		return is_gramine;
	case WITH_QUOTES:
		return !is_gramine || attestation->type != GRAPHENE_ATTESTATION_NONE;
	default:
		return true;
	}
}

static const struct pseudo *find_pseudo(const struct sim_attestation *attestation, const char *name)
{
	for (size_t i = 0; i < attestation->pseudo_count; i++) {
		const struct pseudo *pseudo = &attestation->pseudos[i];
		if (!strcmp(pseudo->name, name) && is_present(attestation, pseudo))
			return pseudo;
	}
	return NULL;
}

mode_t sim_attestation_mode(const struct sim_attestation *attestation, const char *name)
{
	const struct pseudo *pseudo = find_pseudo(attestation, name);
	return pseudo ? pseudo->mode : 0;
}

/* The part of name behind "folder/", if it is directly in that folder. */
static const char *name_in_folder(const char *folder, const char *name)
{
	size_t length = strlen(folder);
	if (length) {
		if (strncmp(name, folder, length) != 0 || name[length] != '/')
			return NULL;
		name += length + 1;
	}
	return *name && !strchr(name, '/') ? name : NULL;
}

const char *sim_attestation_entry(
	const struct sim_attestation *attestation, const char *folder, size_t n)
{
	for (size_t i = 0; i < attestation->pseudo_count; i++) {
		const struct pseudo *pseudo = &attestation->pseudos[i];
		const char *name = name_in_folder(folder, pseudo->name);
		if (name && is_present(attestation, pseudo) && !n--)
			return name;
	}
	return NULL;
}

/* Drops the states of processes that are gone. */
static void sweep(struct sim_attestation *attestation)
{
	for (struct process_state **link = &attestation->states; *link;) {
		struct process_state *state = *link;
		if (attestation->host.process_lives(attestation->host.context, &state->process)) {
			link = &state->next;
			continue;
		}
		*link = state->next;
		free(state);
		attestation->state_count--;
	}
	attestation->sweep_at = 2 * attestation->state_count + FIRST_SWEEP;
}

/* The state of a process; new processes, forked ones too, start with zeros. */
static struct process_state *state_of(
	struct sim_attestation *attestation, const struct sim_process *process)
{
	for (struct process_state *state = attestation->states; state; state = state->next) {
		if (state->process.id == process->id && state->process.started == process->started)
			return state;
	}
	if (attestation->state_count >= attestation->sweep_at)
		sweep(attestation);
	struct process_state *state = xcalloc(1, sizeof(*state));
	state->process = *process;
	state->next = attestation->states;
	attestation->states = state;
	attestation->state_count++;
	return state;
}

static struct sgx_target_info own_target(const struct sim_attestation *attestation)
{
	const struct sgx_report_body *self = &attestation->self;
	struct sgx_target_info target = {
		.attributes = self->attributes,
		.config_svn = self->config_svn,
		.misc_select = self->misc_select,
	};
	memcpy(target.mr_enclave, self->mr_enclave, sizeof(target.mr_enclave));
	memcpy(target.config_id, self->config_id, sizeof(target.config_id));
	return target;
}

static struct sgx_report_body body_for(
	const struct sim_attestation *attestation, const struct process_state *state)
{
	struct sgx_report_body body = attestation->self;
	memcpy(body.report_data, state->report_data, sizeof(body.report_data));
	return body;
}

/* After a report for no target at all Graphene leaves its own TARGETINFO behind (clause 5). */
static void put_report(
	const struct sim_attestation *attestation, struct process_state *state, struct buf *out)
{
	struct reader r = reader_of(state->target_info, sizeof(state->target_info));
	struct sgx_target_info target;
	sgx_target_info_parse(&r, &target);
	struct sgx_report report = { .body = body_for(attestation, state) };
	platform_make_report(attestation->platform, &target, &report);
	sgx_report_put(out, &report);
	if (!memory_is_zero(state->target_info, sizeof(state->target_info)))
		return;
	struct sgx_target_info own = own_target(attestation);
	AUTO(buf_free) struct buf bytes = { 0 };
	sgx_target_info_put(&bytes, &own);
	memcpy(state->target_info, bytes.data, sizeof(state->target_info));
}

static bool put_quote(const struct sim_attestation *attestation, const struct process_state *state,
	struct buf *out, struct error *err)
{
	if (attestation->type == GRAPHENE_ATTESTATION_NONE)
		return error_set(err, ERROR_STATE,
			"remote attestation is off: set sgx.remote_attestation in the manifest");
	struct sgx_report_body body = body_for(attestation, state);
	if (!platform_put_quote(attestation->platform, &body, out, err))
		return false;
	if (out->size > QUOTE_MAX)
		return error_set(err, ERROR_INTERNAL, "the quote has %zu bytes, more than %d",
			out->size, QUOTE_MAX);
	return true;
}

static void put_seal_key(const struct sim_attestation *attestation,
	enum platform_seal_policy policy, struct buf *out)
{
	platform_seal_key(attestation->platform, policy, &attestation->self,
		buf_extend(out, GRAPHENE_WRAP_KEY_SIZE));
}

/* Two eras, two readings of a key that nobody has set (clause 6). */
static void put_protected_files_key(const struct sim_attestation *attestation, struct buf *out)
{
	const uint8_t *key = sim_keys_get(attestation->keys, 0);
	if (key)
		hex_encode(out, key, GRAPHENE_WRAP_KEY_SIZE);
	else if (attestation->generation == GRAPHENE_GENERATION_GRAPHENE)
		buf_put_zeros(out, 2 * (size_t)GRAPHENE_WRAP_KEY_SIZE);
}

static void put_wrap_key(
	const struct sim_attestation *attestation, const struct pseudo *pseudo, struct buf *out)
{
	const uint8_t *key = sim_keys_get(attestation->keys, pseudo->key);
	buf_put(out, key, key ? GRAPHENE_WRAP_KEY_SIZE : 0);
}

static bool put_content(struct sim_attestation *attestation, const struct pseudo *pseudo,
	struct process_state *state, struct buf *out, struct error *err)
{
	enum pseudo_kind kind = pseudo->kind;
	bool needs_platform = kind == REPORT || kind == SEAL_KEY_MRENCLAVE ||
			      kind == SEAL_KEY_MRSIGNER ||
			      (kind == QUOTE && attestation->type != GRAPHENE_ATTESTATION_NONE);
	if (needs_platform && !open_platform(attestation, err))
		return false;
	struct sgx_target_info own = own_target(attestation);
	switch (kind) {
	case MY_TARGET_INFO:
		sgx_target_info_put(out, &own);
		break;
	case REPORT:
		put_report(attestation, state, out);
		break;
	case QUOTE:
		return put_quote(attestation, state, out, err);
	case ATTESTATION_TYPE:
		buf_put_text(out, attestation->type == GRAPHENE_ATTESTATION_NONE ? "none" : "dcap");
		break;
	case PROTECTED_FILES_KEY:
		put_protected_files_key(attestation, out);
		break;
	case WRAP_KEY:
		put_wrap_key(attestation, pseudo, out);
		break;
	case SEAL_KEY_MRENCLAVE:
		put_seal_key(attestation, PLATFORM_SEAL_MRENCLAVE, out);
		break;
	case SEAL_KEY_MRSIGNER:
		put_seal_key(attestation, PLATFORM_SEAL_MRSIGNER, out);
		break;
	default: /* what a process writes does not come back from a new handle */
		break;
	}
	return true;
}

static bool fill_content(struct sim_pseudo_file *file, const struct sim_process *process)
{
	struct sim_attestation *attestation = file->attestation;
	struct error err = { 0 };
	pthread_mutex_lock(&attestation->lock);
	bool filled = put_content(
		attestation, file->pseudo, state_of(attestation, process), &file->content, &err);
	pthread_mutex_unlock(&attestation->lock);
	if (!filled) {
		AUTO(auto_free)
		char *message = xasprintf("Cannot open /dev/attestation/%s", file->pseudo->name);
		log_error(message, "reason", err.message);
	}
	return filled;
}

struct sim_pseudo_file *sim_pseudo_file_open(struct sim_attestation *attestation, const char *name,
	int flags, const struct sim_process *process)
{
	const struct pseudo *pseudo = find_pseudo(attestation, name);
	if (!pseudo) {
		errno = ENOENT;
		return NULL;
	}
	bool for_writing = (flags & O_ACCMODE) != O_RDONLY;
	AUTO(auto_pseudo_file) struct sim_pseudo_file *file = xcalloc(1, sizeof(*file));
	file->attestation = attestation;
	file->pseudo = pseudo;
	if ((for_writing && !(pseudo->mode & 0222)) || !fill_content(file, process)) {
		errno = EACCES;
		return NULL;
	}
	return TAKE(file);
}

void sim_pseudo_file_close(struct sim_pseudo_file *file)
{
	if (!file)
		return;
	buf_free(&file->content);
	free(file);
}

void sim_pseudo_file_read(
	struct sim_pseudo_file *file, uint64_t offset, size_t size, struct buf *out)
{
	pthread_mutex_lock(&file->attestation->lock);
	if (offset < file->content.size) {
		size_t left = file->content.size - (size_t)offset;
		buf_put(out, file->content.data + offset, size < left ? size : left);
	}
	pthread_mutex_unlock(&file->attestation->lock);
}

static void set_padded(uint8_t *value, size_t size, struct bytes data)
{
	memset(value, 0, size);
	memcpy(value, data.data, data.size < size ? data.size : size);
}

static bool set_key(
	struct sim_attestation *attestation, const struct pseudo *pseudo, struct bytes data)
{
	AUTO(buf_free) struct buf key = { 0 };
	if (pseudo->kind == WRAP_KEY)
		buf_put(&key, data.data, data.size);
	else if (!hex_decode(&key, data.data, data.size))
		return false;
	if (key.size != GRAPHENE_WRAP_KEY_SIZE)
		return false;
	sim_keys_set(attestation->keys, pseudo->key, key.data);
	return true;
}

static bool set_value(
	struct sim_pseudo_file *file, const struct sim_process *process, struct bytes data)
{
	struct process_state *state = state_of(file->attestation, process);
	switch (file->pseudo->kind) {
	case USER_REPORT_DATA:
		set_padded(state->report_data, sizeof(state->report_data), data);
		return true;
	case TARGET_INFO:
		set_padded(state->target_info, sizeof(state->target_info), data);
		return true;
	default:
		return set_key(file->attestation, file->pseudo, data);
	}
}

int sim_pseudo_file_write(
	struct sim_pseudo_file *file, const struct sim_process *process, struct bytes data)
{
	pthread_mutex_lock(&file->attestation->lock);
	bool accepted = set_value(file, process, data);
	if (accepted) {
		buf_clear(&file->content);
		buf_put(&file->content, data.data, data.size);
	}
	pthread_mutex_unlock(&file->attestation->lock);
	return accepted ? 0 : EACCES;
}

static bool get_wrap_key(const struct sim_attestation *attestation, const char *name,
	uint8_t key[GRAPHENE_WRAP_KEY_SIZE], struct error *err)
{
	bool is_gramine = attestation->generation == GRAPHENE_GENERATION_GRAMINE;
	const uint8_t *set =
		sim_keys_get(attestation->keys, sim_keys_find(attestation->keys, name));
	if (!set)
		return error_set(err, ERROR_STATE,
			"key '%s' is not set (wrap key was not provided): write it to "
			"/dev/attestation/%s%s first",
			name, is_gramine ? "keys/" : "protected_files_key", is_gramine ? name : "");
	memcpy(key, set, GRAPHENE_WRAP_KEY_SIZE);
	return true;
}

bool sim_attestation_get_key(struct sim_attestation *attestation, const char *name,
	uint8_t key[GRAPHENE_WRAP_KEY_SIZE], struct error *err)
{
	bool is_seal_key = *name == '_';
	enum platform_seal_policy policy = strcmp(name, GRAPHENE_MRENCLAVE_KEY) != 0
						   ? PLATFORM_SEAL_MRSIGNER
						   : PLATFORM_SEAL_MRENCLAVE;
	pthread_mutex_lock(&attestation->lock);
	bool got = is_seal_key ? open_platform(attestation, err)
			       : get_wrap_key(attestation, name, key, err);
	if (got && is_seal_key)
		platform_seal_key(attestation->platform, policy, &attestation->self, key);
	pthread_mutex_unlock(&attestation->lock);
	return got;
}
