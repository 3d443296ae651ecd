/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_policy.h"

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/strmap.h"
#include "crypto/digest.h"
#include "graphene/sim_path.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

struct trusted_file {
	const struct graphene_file *listed;
	bool is_present;
	struct stat hashed; /* what the file was when it was hashed */
};

struct sim_policy {
	const struct graphene_manifest *manifest;
	struct strmap trusted; /* path to struct trusted_file */
};

DEFINE_AUTO_FREE(auto_policy, struct sim_policy *, sim_policy_free)

struct sim_policy *sim_policy_new(const struct graphene_manifest *manifest, struct error *err)
{
	AUTO(auto_policy) struct sim_policy *policy = xcalloc(1, sizeof(*policy));
	policy->manifest = manifest;
	for (size_t i = 0; i < manifest->trusted.count; i++) {
		const struct graphene_file *listed = &manifest->trusted.items[i];
		if (!listed->has_sha256) {
			error_set(err, ERROR_INVALID,
				"trusted file \"%s\" has no hash: the manifest was not signed, run "
				"graphene-sign",
				listed->path);
			return NULL;
		}
		struct trusted_file *file = xcalloc(1, sizeof(*file));
		file->listed = listed;
		strmap_add(&policy->trusted, listed->path, file);
	}
	strmap_sort(&policy->trusted, free);
	return TAKE(policy);
}

void sim_policy_free(struct sim_policy *policy)
{
	if (!policy)
		return;
	strmap_free(&policy->trusted, free);
	free(policy);
}

static bool refuse_changed(
	const struct trusted_file *file, const uint8_t found[SHA256_SIZE], struct error *err)
{
	char wanted_hex[2 * SHA256_SIZE + 1];
	char found_hex[2 * SHA256_SIZE + 1];
	hex_format(wanted_hex, file->listed->sha256, SHA256_SIZE);
	hex_format(found_hex, found, SHA256_SIZE);
	return error_set(err, ERROR_DENIED,
		"Hash of trusted file '%s' does not match with the reference hash in manifest: "
		"expected %s, found %s; restore the file, or sign the manifest again",
		file->listed->path, wanted_hex, found_hex);
}

static bool accept_missing(
	const struct sim_policy *policy, const struct trusted_file *file, struct error *err)
{
	if (policy->manifest->generation == GRAPHENE_GENERATION_GRAMINE) {
		log_warn("Trusted file does not exist", "file", file->listed->path);
		return true;
	}
	return error_set(
		err, ERROR_NOT_FOUND, "trusted file '%s' does not exist", file->listed->path);
}

/* The stat comes first: what changes while or after the file is hashed then shows at its open. */
static bool verify_file(
	const struct sim_policy *policy, struct trusted_file *file, struct error *err)
{
	if (stat(sim_path_on_host(file->listed->path), &file->hashed)) {
		if (errno == ENOENT || errno == ENOTDIR)
			return accept_missing(policy, file, err);
		return error_errno(err, "cannot read trusted file '%s'", file->listed->path);
	}
	if (!S_ISREG(file->hashed.st_mode))
		return error_set(err, ERROR_INVALID, "trusted file '%s' is not a regular file",
			file->listed->path);
	uint8_t found[SHA256_SIZE];
	if (!sha256_file(file->listed->path, found, NULL, err))
		return false;
	if (memcmp(found, file->listed->sha256, sizeof(found)) != 0)
		return refuse_changed(file, found, err);
	file->is_present = true;
	return true;
}

struct verification {
	struct sim_policy *policy;
	atomic_size_t next;
	pthread_mutex_t lock;
	bool failed;
	struct error err; /* the first one */
};

static void *verify_files(void *argument)
{
	struct verification *work = argument;
	struct error err = { 0 };
	size_t at;
	while ((at = atomic_fetch_add(&work->next, 1)) < work->policy->trusted.count) {
		if (verify_file(work->policy, work->policy->trusted.entries[at].value, &err))
			continue;
		pthread_mutex_lock(&work->lock);
		if (!work->failed)
			work->err = err;
		work->failed = true;
		pthread_mutex_unlock(&work->lock);
		atomic_store(&work->next, work->policy->trusted.count);
	}
	return NULL;
}

bool sim_policy_verify(struct sim_policy *policy, unsigned threads, struct error *err)
{
	struct verification work = { .policy = policy, .lock = PTHREAD_MUTEX_INITIALIZER };
	AUTO(auto_free) pthread_t *helpers = xcalloc(threads, sizeof(*helpers));
	unsigned started = 0;
	/* the caller works as well; when no helper can be had it works alone */
	while (started + 1 < threads && started + 1 < policy->trusted.count &&
		!pthread_create(&helpers[started], NULL, verify_files, &work))
		started++;
	verify_files(&work);
	while (started)
		pthread_join(helpers[--started], NULL);
	if (work.failed && err)
		*err = work.err;
	return !work.failed;
}

static bool is_allowed(const struct sim_policy *policy, const char *path)
{
	const struct graphene_manifest *manifest = policy->manifest;
	for (size_t i = 0; i < manifest->allowed.count; i++) {
		const char *rule = manifest->allowed.items[i].path;
		/* "file:" alone covers everything by Graphene's rules, and nothing by Gramine's */
		if (!*rule) {
			if (manifest->generation == GRAPHENE_GENERATION_GRAPHENE)
				return true;
		} else if (sim_path_covers(rule, path)) {
			return true;
		}
	}
	return false;
}

static bool is_listed(const struct graphene_file_list *list, const char *path)
{
	for (size_t i = 0; i < list->count; i++) {
		if (sim_path_covers(list->items[i].path, path))
			return true;
	}
	return false;
}

const char *sim_policy_key_name(const struct sim_policy *policy, const char *path)
{
	const struct graphene_manifest *manifest = policy->manifest;
	if (is_listed(&manifest->protected_files, path))
		return GRAPHENE_DEFAULT_KEY;
	if (is_listed(&manifest->protected_mrenclave_files, path))
		return GRAPHENE_MRENCLAVE_KEY;
	return is_listed(&manifest->protected_mrsigner_files, path) ? GRAPHENE_MRSIGNER_KEY : NULL;
}

enum sim_verdict sim_policy_judge(const struct sim_policy *policy, const char *path)
{
	if (sim_policy_key_name(policy, path))
		return SIM_PROTECTED;
	bool trusted = strmap_get(&policy->trusted, path) != NULL;
	if (trusted && policy->manifest->generation == GRAPHENE_GENERATION_GRAPHENE)
		return SIM_TRUSTED;
	if (is_allowed(policy, path))
		return SIM_ALLOWED;
	return trusted ? SIM_TRUSTED : SIM_UNLISTED;
}

static int refuse_unlisted(const char *path, enum sim_access access)
{
	AUTO(auto_free)
	char *message = xasprintf("Disallowing %s file '%s'; file is not allowed.",
		access == SIM_CREATE ? "creating" : "access to", path);
	log_warn(message);
	return EACCES;
}

static int refuse_protected(const char *path)
{
	log_error("Disallowing what cannot be done with a protected file", "file", path);
	return EACCES;
}

static int refuse_write(const char *path)
{
	AUTO(auto_free)
	char *message = xasprintf("Disallowing write/append to a trusted file '%s'", path);
	log_error(message);
	return EACCES;
}

int sim_policy_check(const struct sim_policy *policy, const char *path, enum sim_access access)
{
	switch (sim_policy_judge(policy, path)) {
	case SIM_ALLOWED:
		return 0;
	case SIM_TRUSTED:
		return access == SIM_READ ? 0 : refuse_write(path);
	case SIM_PROTECTED:
		return refuse_protected(path);
	default:
		if (!policy->manifest->allow_all_but_log)
			return refuse_unlisted(path, access);
		log_warn("Allowing access to unknown file due to file_check_policy", "file", path);
		return 0;
	}
}

bool sim_policy_is_unchanged(
	const struct sim_policy *policy, const char *path, const struct stat *opened)
{
	const struct trusted_file *file = strmap_get(&policy->trusted, path);
	return file && file->is_present && file->hashed.st_dev == opened->st_dev &&
	       file->hashed.st_ino == opened->st_ino && file->hashed.st_size == opened->st_size &&
	       file->hashed.st_mtim.tv_sec == opened->st_mtim.tv_sec &&
	       file->hashed.st_mtim.tv_nsec == opened->st_mtim.tv_nsec;
}

static bool has_any_below(const struct graphene_file_list *list, const char *path)
{
	for (size_t i = 0; i < list->count; i++) {
		if (sim_path_covers(path, list->items[i].path))
			return true;
	}
	return false;
}

static bool has_protected_below(const struct graphene_manifest *manifest, const char *path)
{
	return has_any_below(&manifest->protected_files, path) ||
	       has_any_below(&manifest->protected_mrenclave_files, path) ||
	       has_any_below(&manifest->protected_mrsigner_files, path);
}

bool sim_policy_allows_folder(const struct sim_policy *policy, const char *path)
{
	enum sim_verdict verdict = sim_policy_judge(policy, path);
	if (verdict == SIM_TRUSTED || verdict == SIM_PROTECTED ||
		has_protected_below(policy->manifest, path) ||
		(verdict == SIM_UNLISTED && !policy->manifest->allow_all_but_log))
		return false;
	if (verdict == SIM_ALLOWED && policy->manifest->generation == GRAPHENE_GENERATION_GRAMINE)
		return true;
	for (size_t i = 0; i < policy->trusted.count; i++) {
		if (sim_path_covers(path, policy->trusted.entries[i].name))
			return false;
	}
	return true;
}
