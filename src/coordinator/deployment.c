/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/deployment.h"

#include "base/memory.h"
#include "coordinator/dry_run.h"
#include "coordinator/update_log.h"

#include <string.h>

static struct secret *secret_of_authority(X509 *certificate)
{
	AUTO(buf_free) struct buf der = { 0 };
	cert_put_der(certificate, &der);
	return secret_of_certificate(buf_bytes(&der), NULL);
}

void deployment_prepare(struct deployment *deployment)
{
	const struct pki *pki = &deployment->pki;
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
	const struct pki *pki = &from->pki;
	EVP_PKEY_up_ref(pki->root_key);
	EVP_PKEY_up_ref(pki->intermediate_key);
	X509_up_ref(pki->root);
	X509_up_ref(pki->intermediate);
	X509_up_ref(pki->marble_root);
	to->pki = *pki;
	buf_put(&to->quote, from->quote.data, from->quote.size);
	memcpy(to->root_secret, from->root_secret, ROOT_SECRET_SIZE);
	memcpy(to->previous_root_secret, from->previous_root_secret, ROOT_SECRET_SIZE);
	deployment_prepare(to);
}

static bool sign_manifest(struct deployment *deployment, struct error *err)
{
	return key_sign(deployment->pki.root_key, EVP_sha256(),
		buf_bytes(&deployment->manifest_text), &deployment->manifest_signature, err);
}

struct deployment *deployment_with_manifest(
	const struct deployment *from, struct bytes manifest_text, int64_t now, struct error *err)
{
	AUTO(auto_deployment) struct deployment *next = deployment_new(STATE_ACCEPTING_MARBLES);
	next->manifest = manifest_parse(manifest_text, err);
	if (!next->manifest)
		return NULL;
	share_authority(next, from);
	random_bytes(next->id, DEPLOYMENT_ID_SIZE);
	buf_put(&next->manifest_text, manifest_text.data, manifest_text.size);
	if (!secrets_generate_shared(
		    &next->manifest->secrets, &next->pki, now, &next->shared_secrets, err)) {
		error_prefix(err, "generating secrets from manifest");
		return NULL;
	}
	if (!dry_run(next, NULL, now, err) || !sign_manifest(next, err))
		return NULL;
	update_log_put(&next->update_log, "Initial manifest set");
	return TAKE(next);
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
	buf_free(&deployment->manifest_text);
	buf_free(&deployment->manifest_signature);
	manifest_free(deployment->manifest);
	strmap_free(&deployment->shared_secrets, secret_free_value);
	strmap_free(&deployment->previous_secrets, secret_free_value);
	buf_free(&deployment->update_log);
	secret_free(deployment->root_ca);
	secret_free(deployment->coordinator_root);
	secret_free(deployment->coordinator_intermediate);
	memory_wipe(deployment->root_secret, ROOT_SECRET_SIZE);
	memory_wipe(deployment->previous_root_secret, ROOT_SECRET_SIZE);
	free(deployment);
}
