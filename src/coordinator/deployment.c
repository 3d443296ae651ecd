/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/deployment.h"

#include "base/memory.h"
#include "coordinator/dry_run.h"
#include "coordinator/recovery_secrets.h"
#include "coordinator/update_log.h"

#include <string.h>

static struct secret *secret_of_authority(X509 *certificate)
{
	AUTO(buf_free) struct buf der = { 0 };
	cert_put_der(certificate, &der);
	return secret_of_certificate(buf_bytes(&der), NULL);
}

static void free_prepared(struct deployment *deployment)
{
	secret_free(deployment->root_ca);
	secret_free(deployment->coordinator_root);
	secret_free(deployment->coordinator_intermediate);
}

void deployment_prepare(struct deployment *deployment)
{
	const struct pki *pki = &deployment->pki;
	free_prepared(deployment);
	deployment->root_ca = secret_of_authority(pki->marble_root);
	deployment->coordinator_root = secret_of_authority(pki->root);
	deployment->coordinator_intermediate = secret_of_authority(pki->intermediate);
}

struct deployment *deployment_new(enum coordinator_state state)
{
	struct deployment *deployment = xcalloc(1, sizeof(*deployment));
	atomic_init(&deployment->references, 1);
	deployment->state = state;
	return deployment;
}

struct deployment *deployment_create(const struct pki_options *options, int64_t now,
	enum coordinator_state state, struct error *err)
{
	AUTO(auto_deployment) struct deployment *deployment = deployment_new(state);
	if (!pki_create(&deployment->pki, options, now, err))
		return NULL;
	random_bytes(deployment->root_secret, ROOT_SECRET_SIZE);
	memcpy(deployment->previous_root_secret, deployment->root_secret, ROOT_SECRET_SIZE);
	deployment_prepare(deployment);
	return TAKE(deployment);
}

static void share_authority(struct deployment *to, const struct deployment *from)
{
	to->pki = pki_share(&from->pki);
	buf_put(&to->quote, from->quote.data, from->quote.size);
	memcpy(to->root_secret, from->root_secret, ROOT_SECRET_SIZE);
	memcpy(to->previous_root_secret, from->previous_root_secret, ROOT_SECRET_SIZE);
	deployment_prepare(to);
}

static bool sign_manifest(struct deployment *deployment, struct error *err)
{
	buf_clear(&deployment->manifest_signature);
	return key_sign(deployment->pki.root_key, EVP_sha256(),
		buf_bytes(&deployment->manifest_text), &deployment->manifest_signature, err);
}

static bool raise_packages(struct deployment *deployment, struct error *err)
{
	struct manifest *manifest = deployment->manifest;
	for (size_t i = 0; i < deployment->raised.count; i++) {
		const struct strmap_entry *entry = &deployment->raised.entries[i];
		if (!strmap_get(&manifest->packages, entry->name))
			return error_set(err, ERROR_INTERNAL,
				"the manifest has no package %s, which was updated", entry->name);
		manifest_raise(manifest, entry->name, *(const uint64_t *)entry->value);
	}
	return true;
}

bool deployment_reload_manifest(struct deployment *deployment, struct error *err)
{
	manifest_free(deployment->manifest);
	deployment->manifest = manifest_parse(buf_bytes(&deployment->manifest_text), err);
	return deployment->manifest && raise_packages(deployment, err);
}

bool deployment_set_manifest(
	struct deployment *deployment, struct bytes manifest_text, struct error *err)
{
	buf_clear(&deployment->manifest_text);
	buf_put(&deployment->manifest_text, manifest_text.data, manifest_text.size);
	strmap_free(&deployment->raised, free);
	return deployment_reload_manifest(deployment, err) && sign_manifest(deployment, err);
}

void deployment_raise(struct deployment *deployment, const char *package, uint64_t security_version)
{
	uint64_t *raised = xmalloc(sizeof(*raised));
	*raised = security_version;
	strmap_add(&deployment->raised, package, raised);
	strmap_sort(&deployment->raised, free);
}

bool deployment_renew_authority(
	struct deployment *deployment, unsigned curve_bits, int64_t now, struct error *err)
{
	struct pki renewed;
	bool good = pki_renew(&deployment->pki, curve_bits, now, &renewed, err);
	pki_free(&deployment->pki);
	deployment->pki = renewed;
	if (good)
		deployment_prepare(deployment);
	return good;
}

bool deployment_renew_sealing(
	struct deployment *deployment, struct strmap *recovery_secrets, struct error *err)
{
	struct sealing *sealing = &deployment->sealing;
	random_bytes(sealing->data_key, DATA_KEY_SIZE);
	buf_clear(&sealing->recovery);
	return recovery_split(deployment->manifest, sealing->data_key, recovery_secrets,
		       &sealing->recovery, err) ||
	       error_prefix(err, "generating recovery encryption key");
}

struct deployment *deployment_with_manifest(const struct deployment *from,
	struct bytes manifest_text, int64_t now, struct strmap *recovery_secrets, struct error *err)
{
	AUTO(auto_deployment) struct deployment *next = deployment_new(STATE_ACCEPTING_MARBLES);
	share_authority(next, from);
	random_bytes(next->id, DEPLOYMENT_ID_SIZE);
	random_bytes(next->counter_key, COUNTER_KEY_SIZE);
	if (!deployment_set_manifest(next, manifest_text, err))
		return NULL;
	if (!secrets_generate_shared(
		    &next->manifest->secrets, &next->pki, now, &next->shared_secrets, err)) {
		error_prefix(err, "generating secrets from manifest");
		return NULL;
	}
	if (!deployment_renew_sealing(next, recovery_secrets, err) ||
		!dry_run(next, NULL, now, err))
		return NULL;
	update_log_begin(&next->update_log, "Initial manifest set");
	update_log_end(&next->update_log);
	return TAKE(next);
}

static void copy_secrets(struct strmap *to, const struct strmap *from)
{
	for (size_t i = 0; i < from->count; i++)
		strmap_add(to, from->entries[i].name, secret_copy(from->entries[i].value));
	strmap_sort(to, secret_free_value);
}

struct deployment *deployment_copy(const struct deployment *from)
{
	struct deployment *copy = deployment_new(from->state);
	share_authority(copy, from);
	memcpy(copy->id, from->id, DEPLOYMENT_ID_SIZE);
	memcpy(copy->counter_key, from->counter_key, COUNTER_KEY_SIZE);
	copy->is_witnessed = from->is_witnessed;
	sealing_copy(&copy->sealing, &from->sealing);
	buf_put(&copy->manifest_text, from->manifest_text.data, from->manifest_text.size);
	buf_put(&copy->manifest_signature, from->manifest_signature.data,
		from->manifest_signature.size);
	copy->manifest = manifest_reference(from->manifest);
	for (size_t i = 0; i < from->raised.count; i++)
		deployment_raise(copy, from->raised.entries[i].name,
			*(const uint64_t *)from->raised.entries[i].value);
	copy_secrets(&copy->shared_secrets, &from->shared_secrets);
	copy_secrets(&copy->previous_secrets, &from->previous_secrets);
	buf_put(&copy->update_log, from->update_log.data, from->update_log.size);
	copy->pending = from->pending ? pending_copy(from->pending) : NULL;
	return copy;
}

struct deployment *deployment_reference(struct deployment *deployment)
{
	atomic_fetch_add(&deployment->references, 1);
	return deployment;
}

void deployment_release(struct deployment *deployment)
{
	if (!deployment || atomic_fetch_sub(&deployment->references, 1) != 1)
		return;
	pki_free(&deployment->pki);
	buf_free(&deployment->quote);
	X509_free(deployment->mesh_certificate);
	buf_free(&deployment->manifest_text);
	buf_free(&deployment->manifest_signature);
	manifest_free(deployment->manifest);
	strmap_free(&deployment->raised, free);
	strmap_free(&deployment->shared_secrets, secret_free_value);
	strmap_free(&deployment->previous_secrets, secret_free_value);
	buf_free(&deployment->update_log);
	pending_free(deployment->pending);
	free_prepared(deployment);
	sealing_free(&deployment->sealing);
	memory_wipe(deployment->counter_key, COUNTER_KEY_SIZE);
	memory_wipe(deployment->root_secret, ROOT_SECRET_SIZE);
	memory_wipe(deployment->previous_root_secret, ROOT_SECRET_SIZE);
	free(deployment);
}
