/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/activation.h"

#include "base/memory.h"
#include "coordinator/marble_data.h"
#include "coordinator/ttls.h"
#include "crypto/pem.h"

#include <string.h>

#define PREDEFINED_MAX 8

static const char verification_failed[] = "marble verification failed";

static bool refuse(enum grpc_code *code, enum grpc_code value)
{
	*code = value;
	return false;
}

void activation_refuse_exhausted(
	const char *marble_type, uint64_t limit, enum grpc_code *code, struct error *err)
{
	*code = GRPC_PERMISSION_DENIED;
	error_set(err, ERROR_DENIED,
		"%s: reached max activations count (%llu) for marble type "
		"\"%s\"",
		verification_failed, (unsigned long long)limit, marble_type);
}

/* The package's demands against the quote; nothing in simulation. */
static bool check_quote(struct core *core, const struct activation_request *request,
	const struct package_properties *package, int64_t now, struct error *err)
{
	if (!core->verifier)
		return true;
	AUTO(buf_free) struct buf certificate = { 0 };
	cert_put_der(request->peer, &certificate);
	struct dcap_verifier *verifier =
		request->is_hurried ? dcap_verifier_hurried(core->verifier) : core->verifier;
	return policy_verify_quote(
		       verifier, request->quote, buf_bytes(&certificate), package, now, err) ||
	       error_prefix(err, "invalid quote");
}

/* Steps 5 to 8: who asks, and may it? */
static bool admit(struct core *core, const struct activation_request *request,
	const struct deployment *deployment, int64_t now, const struct manifest_marble **marble,
	enum grpc_code *code, struct error *err)
{
	*code = GRPC_PERMISSION_DENIED;
	const struct manifest *manifest = deployment->manifest;
	*marble = strmap_get(&manifest->marbles, request->marble_type);
	if (!*marble)
		return error_set(err, ERROR_DENIED, "%s: unknown marble type requested",
			verification_failed);
	const struct package_properties *package =
		strmap_get(&manifest->packages, (*marble)->package);
	if (!package)
		return error_set(err, ERROR_DENIED, "%s: undefined package \"%s\"",
			verification_failed, (*marble)->package);
	if (!check_quote(core, request, package, now, err))
		return error_prefix(err, verification_failed);
	uint64_t limit = (*marble)->max_activations;
	if (limit && !counters_has_room(core_counters(core), request->marble_type, limit)) {
		activation_refuse_exhausted(request->marble_type, limit, code, err);
		return false;
	}
	return true;
}

static bool expand(const struct strmap *contents, const struct template_data *view,
	const char *kind, struct activation_value *values, size_t *count, struct error *err)
{
	for (size_t i = 0; i < contents->count; i++) {
		const struct manifest_content *content = contents->entries[i].value;
		struct activation_value *value = &values[i];
		value->name = contents->entries[i].name;
		*count = i + 1;
		if (!content->template)
			buf_put(&value->value, content->data.data, content->data.size);
		else if (!template_execute(content->template, view, &value->value, err))
			return error_prefix(err,
				"customizing marble parameters: parsing secrets "
				"for %s \"%s\"",
				kind, value->name);
	}
	return true;
}

/* The variable's buffer: the manifest's own if it has one of the name, which is overwritten. */
static struct buf *predefined(struct activation_result *result, const char *name)
{
	for (size_t i = 0; i < result->env_count; i++) {
		if (!strcmp(result->env[i].name, name)) {
			buf_clear(&result->env[i].value);
			return &result->env[i].value;
		}
	}
	struct activation_value *added = &result->env[result->env_count++];
	added->name = name;
	return &added->value;
}

/* Clause 8.2, both generations of names. */
static void add_predefined(
	struct activation_result *result, const struct pki *pki, const struct secret *own)
{
	cert_put_pem(pki->marble_root, predefined(result, "MARBLE_PREDEFINED_ROOT_CA"));
	cert_put_pem(pki->marble_root, predefined(result, "MARBLE_PREDEFINED_INTERMEDIATE_CA"));
	cert_put_pem(pki->root, predefined(result, "MARBLE_PREDEFINED_COORDINATOR_ROOT_CA"));
	struct buf *chain = predefined(result, "MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN");
	pem_encode(chain, "CERTIFICATE", buf_bytes(&own->cert));
	cert_put_pem(pki->intermediate, chain);
	pem_encode(predefined(result, "MARBLE_PREDEFINED_PRIVATE_KEY"), "PRIVATE KEY",
		buf_bytes(&own->private_key));
}

/* Steps 13 and 14. */
static bool customize(
	struct activation_result *result, const struct marble_data *data, struct error *err)
{
	const struct manifest_marble *marble = result->marble;
	AUTO(buf_free) struct buf ttls = { 0 };
	if (marble->tls_tag_count &&
		!ttls_put_config(data->deployment->manifest, marble, &data->view, &ttls, err))
		return error_prefix(err, "creating TTLS config");
	result->files = xcalloc(marble->files.count, sizeof(*result->files));
	result->env = xcalloc(marble->env.count + PREDEFINED_MAX, sizeof(*result->env));
	if (!expand(&marble->files, &data->view, "file", result->files, &result->file_count, err) ||
		!expand(&marble->env, &data->view, "env variable", result->env, &result->env_count,
			err))
		return false;
	add_predefined(result, &data->deployment->pki, data->marble_cert);
	if (ttls.size)
		buf_put(predefined(result, TTLS_VARIABLE), ttls.data, ttls.size);
	return true;
}

/* Steps 9 to 14, for a Marble that is admitted. */
static bool equip(struct core *core, const struct activation_request *request, int64_t now,
	struct activation_result *result, enum grpc_code *code, struct error *err)
{
	const struct deployment *deployment = result->deployment;
	char uuid[UUID_TEXT_SIZE];
	if (!uuid_parse(request->uuid, strlen(request->uuid), uuid, err)) {
		error_prefix(err, "invalid UUID");
		return refuse(code, GRPC_INVALID_ARGUMENT);
	}
	*code = GRPC_INTERNAL;
	AUTO(marble_identity_free) struct marble_identity identity = { 0 };
	if (!pki_issue_marble(&deployment->pki, request->csr, request->peer, uuid,
		    request->marble_type, core->config.pki.curve_bits, now, &identity, err))
		return error_prefix(err, "generating marble authentication secrets");
	AUTO(marble_data_free) struct marble_data data;
	const char *binding = result->marble->disable_secret_binding ? "" : request->marble_type;
	marble_data_init(&data, deployment, binding, uuid, &identity, now);
	data.is_hurried = request->is_hurried;
	bool customized = customize(result, &data, err);
	result->was_too_slow = data.was_too_slow;
	return customized;
}

bool activate(struct core *core, const struct activation_request *request, int64_t now,
	struct activation_result *result, enum grpc_code *code, struct error *err)
{
	*result = (struct activation_result){ .deployment = core_deployment(core) };
	const struct deployment *deployment = result->deployment;
	if (deployment->state != STATE_ACCEPTING_MARBLES) {
		error_set(err, ERROR_STATE, "cannot accept marbles in current state");
		return refuse(code, GRPC_FAILED_PRECONDITION);
	}
	if (!request->peer) {
		error_set(err, ERROR_UNAUTHENTICATED, "couldn't get marble TLS certificate");
		return refuse(code, GRPC_UNAUTHENTICATED);
	}
	struct error refusal = { 0 };
	if (!admit(core, request, deployment, now, &result->marble, code, &refusal)) {
		result->has_to_wait = refusal.kind == ERROR_WOULD_WAIT;
		return error_set(err, refusal.kind, "%s", refusal.message);
	}
	return equip(core, request, now, result, code, err);
}

static void free_values(struct activation_value *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_free(&values[i].value);
	free(values);
}

void activation_result_free(struct activation_result *result)
{
	free_values(result->files, result->file_count);
	free_values(result->env, result->env_count);
	deployment_release(result->deployment);
	*result = (struct activation_result){ 0 };
}
