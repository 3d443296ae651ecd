/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stored form of a deployment: one JSON object, names as in spec pki-and-state.md clause 4.2,
 * values base64. Manifest-derived parts (packages, Marbles, definitions) are read from the stored
 * manifest, so that they cannot contradict it.
 */
#include "coordinator/deployment.h"

#include "base/base64.h"
#include "base/memory.h"
#include "coordinator/state_update.h"

#include <jansson.h>
#include <string.h>

#define SECRET_PREFIX          "secret:"
#define PREVIOUS_SECRET_PREFIX "previousSecret:"

DEFINE_AUTO_FREE(auto_json, json_t *, json_decref)

static void put_bytes(json_t *object, const char *name, struct bytes value)
{
	AUTO(buf_free) struct buf text = { 0 };
	base64_encode(&text, value.data, value.size);
	if (json_object_set_new(object, name, json_stringn_nocheck(buf_text(&text), text.size)))
		abort();
}

/* False when it is absent or no base64. */
static bool get_bytes(const json_t *object, const char *name, struct buf *out)
{
	const json_t *value = json_object_get(object, name);
	return json_is_string(value) &&
	       base64_decode(out, json_string_value(value), json_string_length(value));
}

static bool get_exactly(const json_t *object, const char *name, void *out, size_t size)
{
	AUTO(buf_free) struct buf value = { 0 };
	if (!get_bytes(object, name, &value) || value.size != size)
		return false;
	memcpy(out, value.data, size);
	return true;
}

static bool put_key(json_t *state, const char *name, EVP_PKEY *key, struct error *err)
{
	AUTO(buf_free) struct buf der = { 0 };
	if (!key_put_private(key, &der, err))
		return false;
	put_bytes(state, name, buf_bytes(&der));
	return true;
}

static void put_certificate(json_t *state, const char *name, X509 *certificate)
{
	AUTO(buf_free) struct buf der = { 0 };
	cert_put_der(certificate, &der);
	put_bytes(state, name, buf_bytes(&der));
}

static bool put_authority(json_t *state, const struct pki *pki, struct error *err)
{
	put_certificate(state, "certificate:coordinatorRootCert", pki->root);
	put_certificate(state, "certificate:coordinatorIntermediateCert", pki->intermediate);
	put_certificate(state, "certificate:marbleRootCert", pki->marble_root);
	return put_key(state, "privateKey:coordinatorRootKey", pki->root_key, err) &&
	       put_key(state, "privateKey:coordinatorIntermediateKey", pki->intermediate_key, err);
}

/* ValidFor is stored because a definition without it gets the default one (clause 6.4). */
static void put_secret(
	json_t *state, const char *prefix, const char *name, const struct secret *secret)
{
	json_t *object = json_object();
	if (json_object_set_new(object, "ValidFor", json_integer((json_int_t)secret->valid_for)))
		abort();
	put_bytes(object, "Cert", buf_bytes(&secret->cert));
	put_bytes(object, "Private", buf_bytes(&secret->private_key));
	put_bytes(object, "Public", buf_bytes(&secret->public_key));
	AUTO(auto_free) char *key = xasprintf("%s%s", prefix, name);
	if (json_object_set_new(state, key, object))
		abort();
}

static void put_secrets(json_t *state, const char *prefix, const struct strmap *secrets)
{
	for (size_t i = 0; i < secrets->count; i++)
		put_secret(state, prefix, secrets->entries[i].name, secrets->entries[i].value);
}

static int append(const char *text, size_t size, void *out)
{
	buf_put(out, text, size);
	return 0;
}

bool deployment_encode(const struct deployment *deployment, struct buf *out, struct error *err)
{
	AUTO(auto_json) json_t *state = json_object();
	char number[16];
	snprintf(number, sizeof(number), "%d", (int)deployment->state);
	put_bytes(state, "state", bytes_of_text(number));
	if (!put_authority(state, &deployment->pki, err))
		return false;
	put_bytes(state, "rootSecret", (struct bytes){ deployment->root_secret, ROOT_SECRET_SIZE });
	put_bytes(state, "previousRootSecret",
		(struct bytes){ deployment->previous_root_secret, ROOT_SECRET_SIZE });
	put_bytes(state, "deploymentID", (struct bytes){ deployment->id, DEPLOYMENT_ID_SIZE });
	put_bytes(state, "counterKey", (struct bytes){ deployment->counter_key, COUNTER_KEY_SIZE });
	if (deployment->is_witnessed)
		put_bytes(state, "witness", bytes_of_text("1"));
	put_bytes(state, "manifest", buf_bytes(&deployment->manifest_text));
	put_bytes(state, "manifestSignature", buf_bytes(&deployment->manifest_signature));
	put_bytes(state, "updateLog", buf_bytes(&deployment->update_log));
	put_secrets(state, SECRET_PREFIX, &deployment->shared_secrets);
	put_secrets(state, PREVIOUS_SECRET_PREFIX, &deployment->previous_secrets);
	state_put_updates(state, deployment);
	return !json_dump_callback(state, append, out, JSON_COMPACT) ||
	       error_set(err, ERROR_INTERNAL, "the state is no JSON");
}

static X509 *get_certificate(const json_t *state, const char *name)
{
	AUTO(buf_free) struct buf der = { 0 };
	return get_bytes(state, name, &der) ? cert_read(buf_bytes(&der), NULL) : NULL;
}

static EVP_PKEY *get_key(const json_t *state, const char *name)
{
	AUTO(buf_free) struct buf der = { 0 };
	return get_bytes(state, name, &der) ? key_read_private(buf_bytes(&der), NULL) : NULL;
}

static bool get_authority(const json_t *state, struct pki *pki)
{
	pki->root = get_certificate(state, "certificate:coordinatorRootCert");
	pki->intermediate = get_certificate(state, "certificate:coordinatorIntermediateCert");
	pki->marble_root = get_certificate(state, "certificate:marbleRootCert");
	pki->root_key = get_key(state, "privateKey:coordinatorRootKey");
	pki->intermediate_key = get_key(state, "privateKey:coordinatorIntermediateKey");
	return pki->root && pki->intermediate && pki->marble_root && pki->root_key &&
	       pki->intermediate_key;
}

static struct secret *get_secret(
	const json_t *state, const char *prefix, const char *name, const struct secret *definition)
{
	AUTO(auto_free) char *key = xasprintf("%s%s", prefix, name);
	const json_t *object = json_object_get(state, key);
	const json_t *valid_for = json_object_get(object, "ValidFor");
	AUTO(auto_secret) struct secret *secret = secret_of_definition(definition);
	if (json_integer_value(valid_for) > 0)
		secret->valid_for = (uint64_t)json_integer_value(valid_for);
	bool complete = get_bytes(object, "Cert", &secret->cert) &&
			get_bytes(object, "Private", &secret->private_key) &&
			get_bytes(object, "Public", &secret->public_key);
	return complete ? TAKE(secret) : NULL;
}

static void get_previous_secrets(const json_t *state, struct deployment *deployment)
{
	const struct strmap *definitions = &deployment->manifest->secrets;
	for (size_t i = 0; i < definitions->count; i++) {
		const char *name = definitions->entries[i].name;
		struct secret *secret = get_secret(
			state, PREVIOUS_SECRET_PREFIX, name, definitions->entries[i].value);
		if (secret)
			strmap_add(&deployment->previous_secrets, name, secret);
	}
	strmap_sort(&deployment->previous_secrets, secret_free_value);
}

static bool get_secrets(const json_t *state, struct deployment *deployment, struct error *err)
{
	const struct strmap *definitions = &deployment->manifest->secrets;
	for (size_t i = 0; i < definitions->count; i++) {
		const char *name = definitions->entries[i].name;
		const struct secret *definition = definitions->entries[i].value;
		if (!definition->shared && !definition->user_defined)
			continue;
		struct secret *secret = get_secret(state, SECRET_PREFIX, name, definition);
		if (!secret)
			return error_set(err, ERROR_INTERNAL,
				"sealed state has no value of secret %s", name);
		strmap_add(&deployment->shared_secrets, name, secret);
	}
	strmap_sort(&deployment->shared_secrets, secret_free_value);
	get_previous_secrets(state, deployment);
	return true;
}

/* States of versions that could not rotate it have no previous one. */
static void get_previous_root_secret(const json_t *state, struct deployment *deployment)
{
	uint8_t *previous = deployment->previous_root_secret;
	if (!get_exactly(state, "previousRootSecret", previous, ROOT_SECRET_SIZE))
		memcpy(previous, deployment->root_secret, ROOT_SECRET_SIZE);
}

/* States of versions that could not change the data key sealed the counters with it. */
static void get_counter_key(const json_t *state, struct deployment *deployment)
{
	deployment->has_old_counters =
		!get_exactly(state, "counterKey", deployment->counter_key, COUNTER_KEY_SIZE);
	if (deployment->has_old_counters)
		memcpy(deployment->counter_key, deployment->sealing.data_key, COUNTER_KEY_SIZE);
}

static bool fill(const json_t *state, struct deployment *deployment, struct error *err)
{
	AUTO(buf_free) struct buf number = { 0 };
	if (!get_bytes(state, "state", &number) || strcmp(buf_text(&number), "3") != 0 ||
		!get_authority(state, &deployment->pki) ||
		!get_exactly(state, "rootSecret", deployment->root_secret, ROOT_SECRET_SIZE) ||
		!get_exactly(state, "deploymentID", deployment->id, DEPLOYMENT_ID_SIZE) ||
		!get_bytes(state, "manifest", &deployment->manifest_text) ||
		!get_bytes(state, "manifestSignature", &deployment->manifest_signature) ||
		!get_bytes(state, "updateLog", &deployment->update_log))
		return error_set(err, ERROR_INTERNAL, "sealed state misses a part");
	get_previous_root_secret(state, deployment);
	get_counter_key(state, deployment);
	deployment->is_witnessed = json_object_get(state, "witness") != NULL;
	return state_get_updates(state, deployment, err) &&
	       deployment_reload_manifest(deployment, err) && get_secrets(state, deployment, err);
}

struct deployment *deployment_decode(
	struct bytes data, const struct sealing *sealing, struct error *err)
{
	AUTO(auto_json) json_t *state = json_loadb(data.data, data.size, 0, NULL);
	if (!json_is_object(state)) {
		error_set(err, ERROR_INTERNAL, "sealed state is no JSON object");
		return NULL;
	}
	AUTO(auto_deployment)
	struct deployment *deployment = deployment_new(STATE_ACCEPTING_MARBLES);
	sealing_copy(&deployment->sealing, sealing);
	if (!fill(state, deployment, err))
		return NULL;
	deployment_prepare(deployment);
	return TAKE(deployment);
}
