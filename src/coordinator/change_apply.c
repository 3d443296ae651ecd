/* SPDX-License-Identifier: Apache-2.0 */
/* Full updates (spec manifest.md clause 8.3): what becomes of a deployment. */
#include "coordinator/change_update.h"

#include "coordinator/dry_run.h"
#include "coordinator/recovery_secrets.h"

#include <string.h>

static bool is_stored(const struct secret *definition)
{
	return definition->shared || definition->user_defined;
}

/*
 * ValidFor of a certificate that was defined without it is 365 once it was generated, which makes
 * it another one here, as it does in the original.
 */
static bool is_unchanged(const struct secret *stored, const struct secret *definition)
{
	return stored->type == definition->type && stored->size == definition->size &&
	       stored->shared == definition->shared &&
	       stored->user_defined == definition->user_defined &&
	       stored->valid_for == definition->valid_for;
}

static bool is_kept(
	const struct secret *stored, const struct secret *definition, bool rotates_root_secret)
{
	if (!stored || !is_unchanged(stored, definition))
		return false;
	return definition->user_defined ||
	       (definition->type == SECRET_SYMMETRIC_KEY && !rotates_root_secret);
}

static void keep_previous(struct strmap *previous, const struct strmap *from, const char *name)
{
	const struct secret *secret = strmap_get(from, name);
	if (secret)
		strmap_add(previous, name, secret_copy(secret));
}

/*
 * Fills the secrets of `next`, which has none, of those before and of `generated`, one for each
 * that is defined.
 */
static void choose_secrets(
	struct deployment *next, const struct deployment *from, const struct strmap *generated)
{
	const struct manifest *manifest = next->manifest;
	for (size_t i = 0; i < manifest->secrets.count; i++) {
		const char *name = manifest->secrets.entries[i].name;
		const struct secret *definition = manifest->secrets.entries[i].value;
		if (!is_stored(definition))
			continue;
		const struct secret *stored = strmap_get(&from->shared_secrets, name);
		const struct secret *made = strmap_get(generated, name);
		bool keep = is_kept(stored, definition, manifest->config.rotate_root_secret);
		strmap_add(&next->shared_secrets, name, secret_copy(keep ? stored : made));
		if (keep)
			keep_previous(&next->previous_secrets, &from->previous_secrets, name);
		else if (stored && is_unchanged(stored, definition))
			strmap_add(&next->previous_secrets, name, secret_copy(stored));
	}
	strmap_sort(&next->shared_secrets, secret_free_value);
	strmap_sort(&next->previous_secrets, secret_free_value);
}

static void free_secrets(struct strmap *secrets)
{
	strmap_free(secrets, secret_free_value);
}

static bool update_secrets(
	struct deployment *next, const struct deployment *from, int64_t now, struct error *err)
{
	AUTO(free_secrets) struct strmap generated = { 0 };
	if (!secrets_generate_shared(&next->manifest->secrets, &next->pki, now, &generated, err))
		return error_prefix(err, "generating secrets from manifest");
	free_secrets(&next->shared_secrets);
	free_secrets(&next->previous_secrets);
	choose_secrets(next, from, &generated);
	return true;
}

static void rotate_root_secret(struct deployment *next)
{
	memcpy(next->previous_root_secret, next->root_secret, ROOT_SECRET_SIZE);
	random_bytes(next->root_secret, ROOT_SECRET_SIZE);
}

struct deployment *change_apply(const struct deployment *from, struct bytes manifest_text,
	struct change *change, struct error *err)
{
	AUTO(auto_deployment) struct deployment *next = deployment_copy(from);
	pending_free(next->pending);
	next->pending = NULL;
	if (!deployment_set_manifest(next, manifest_text, err) ||
		!deployment_renew_authority(next, change->curve_bits, change->now, err))
		return NULL;
	if (next->manifest->config.rotate_root_secret)
		rotate_root_secret(next);
	if (recovery_is_changed(from->manifest, next->manifest) &&
		!deployment_renew_sealing(next, &change->recovery_secrets, err))
		return NULL;
	return update_secrets(next, from, change->now, err) && dry_run(next, NULL, change->now, err)
		       ? TAKE(next)
		       : NULL;
}
