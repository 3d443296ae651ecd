/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/marble_data.h"

#include "base/memory.h"

#include <search.h>
#include <string.h>

struct made_secret {
	char *name;
	bool is_previous;
	struct secret *value;
};

static int compare(const void *a, const void *b)
{
	const struct made_secret *x = a;
	const struct made_secret *y = b;
	return x->is_previous != y->is_previous ? x->is_previous - y->is_previous
						: strcmp(x->name, y->name);
}

static struct secret *find_made(const struct marble_data *data, const char *name, bool previous)
{
	const struct made_secret key = { .name = (char *)name, .is_previous = previous };
	struct made_secret *const *node = tfind(&key, &data->made, compare);
	return node ? (*node)->value : NULL;
}

static void keep(struct marble_data *data, const char *name, bool previous, struct secret *value)
{
	struct made_secret *kept = xcalloc(1, sizeof(*kept));
	kept->name = xstrdup(name);
	kept->is_previous = previous;
	kept->value = value;
	if (!tsearch(kept, &data->made, compare))
		abort();
}

static void free_made(void *node)
{
	struct made_secret *made = node;
	free(made->name);
	secret_free(made->value);
	free(made);
}

/* Only a derived secret was another one before: certificates of a Marble live for one activation.
 */
static bool has_previous(const struct marble_data *data, const struct secret *definition)
{
	const struct deployment *deployment = data->deployment;
	return definition->type == SECRET_SYMMETRIC_KEY &&
	       memcmp(deployment->previous_root_secret, deployment->root_secret,
		       ROOT_SECRET_SIZE) != 0;
}

static bool make_private(struct marble_data *data, const char *name,
	const struct secret *definition, bool previous, const struct secret **found,
	struct error *err)
{
	if (data->is_hurried && secret_takes_time(definition)) {
		data->was_too_slow = true;
		return error_set(err, ERROR_UNAVAILABLE, "secret %s takes time to make", name);
	}
	struct secret *secret = secret_generate(definition, name,
		previous ? &data->previous_binding : &data->binding, &data->deployment->pki,
		data->now, err);
	if (!secret)
		return false;
	keep(data, name, previous, secret);
	*found = secret;
	return true;
}

static const struct secret *find_stored(
	const struct deployment *deployment, const char *name, bool previous)
{
	const struct secret *before =
		previous ? strmap_get(&deployment->previous_secrets, name) : NULL;
	return before ? before : strmap_get(&deployment->shared_secrets, name);
}

static bool find_secret(void *context, const char *name, bool previous, const struct secret **found,
	struct error *err)
{
	struct marble_data *data = context;
	const struct deployment *deployment = data->deployment;
	const struct secret *definition = strmap_get(&deployment->manifest->secrets, name);
	*found = NULL;
	if (!definition)
		return true;
	bool is_stored = definition->shared || definition->user_defined;
	previous = previous && (is_stored || has_previous(data, definition));
	*found = find_made(data, name, previous);
	if (!*found && is_stored)
		*found = find_stored(deployment, name, previous);
	return *found || make_private(data, name, definition, previous, found, err);
}

void marble_data_replace(struct marble_data *data, const char *name, struct secret *value)
{
	keep(data, name, false, value);
	keep(data, name, true, secret_copy(value));
}

void marble_data_init(struct marble_data *data, const struct deployment *deployment,
	const char *marble_type, const char *uuid, const struct marble_identity *identity,
	int64_t now)
{
	*data = (struct marble_data){ .deployment = deployment, .now = now };
	data->binding = (struct secret_binding){ deployment->root_secret, uuid, marble_type };
	data->previous_binding =
		(struct secret_binding){ deployment->previous_root_secret, uuid, marble_type };
	data->marble_cert = secret_of_certificate(buf_bytes(&identity->certificate), identity->key);
	data->seal_key = secret_seal_key(&data->binding);
	data->view = (struct template_data){
		.root_ca = deployment->root_ca,
		.marble_cert = data->marble_cert,
		.seal_key = data->seal_key,
		.coordinator_root = deployment->coordinator_root,
		.coordinator_intermediate = deployment->coordinator_intermediate,
		.secrets = &deployment->manifest->secrets,
		.find_secret = find_secret,
		.context = data,
	};
}

void marble_data_free(struct marble_data *data)
{
	secret_free(data->marble_cert);
	secret_free(data->seal_key);
	tdestroy(data->made, free_made);
}
