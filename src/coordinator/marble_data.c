/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/marble_data.h"

#include "base/memory.h"

#include <search.h>
#include <string.h>

struct private_secret {
	char *name;
	struct secret *value;
};

static int compare_names(const void *a, const void *b)
{
	const struct private_secret *x = a;
	const struct private_secret *y = b;
	return strcmp(x->name, y->name);
}

static struct secret *find_private(const struct marble_data *data, const char *name)
{
	const struct private_secret key = { .name = (char *)name };
	struct private_secret *const *node = tfind(&key, &data->private_secrets, compare_names);
	return node ? (*node)->value : NULL;
}

static void keep_private(struct marble_data *data, const char *name, struct secret *value)
{
	struct private_secret *kept = xcalloc(1, sizeof(*kept));
	kept->name = xstrdup(name);
	kept->value = value;
	if (!tsearch(kept, &data->private_secrets, compare_names))
		abort();
}

static void free_private(void *node)
{
	struct private_secret *kept = node;
	free(kept->name);
	secret_free(kept->value);
	free(kept);
}

static bool find_secret(
	void *context, const char *name, const struct secret **found, struct error *err)
{
	struct marble_data *data = context;
	const struct deployment *deployment = data->deployment;
	const struct secret *definition = strmap_get(&deployment->manifest->secrets, name);
	*found = NULL;
	if (!definition)
		return true;
	if (definition->shared) {
		*found = strmap_get(&deployment->shared_secrets, name);
		return true;
	}
	*found = find_private(data, name);
	if (*found)
		return true;
	struct secret *secret =
		secret_generate(definition, name, &data->binding, &deployment->pki, data->now, err);
	if (!secret)
		return false;
	keep_private(data, name, secret);
	*found = secret;
	return true;
}

void marble_data_init(struct marble_data *data, const struct deployment *deployment,
	const char *marble_type, const char *uuid, const struct marble_identity *identity,
	int64_t now)
{
	*data = (struct marble_data){ .deployment = deployment, .now = now };
	data->binding = (struct secret_binding){ deployment->root_secret, uuid, marble_type };
	data->marble_cert = secret_of_certificate(identity->certificate, identity->key);
	data->seal_key = secret_seal_key(&data->binding);
	data->view = (struct template_data){
		.root_ca = deployment->root_ca,
		.marble_cert = data->marble_cert,
		.seal_key = data->seal_key,
		.coordinator_root = deployment->coordinator_root,
		.coordinator_intermediate = deployment->coordinator_intermediate,
		.find_secret = find_secret,
		.context = data,
	};
}

void marble_data_free(struct marble_data *data)
{
	secret_free(data->marble_cert);
	secret_free(data->seal_key);
	tdestroy(data->private_secrets, free_private);
}
