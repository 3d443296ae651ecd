/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/dry_run.h"

#include "coordinator/marble_data.h"

static bool try_private_secrets(struct marble_data *data, struct error *err)
{
	const struct strmap *definitions = &data->deployment->manifest->secrets;
	for (size_t i = 0; i < definitions->count; i++) {
		const struct secret *secret;
		if (!data->view.find_secret(data, definitions->entries[i].name, &secret, err))
			return error_prefix(err, "generating placeholder secrets from manifest");
	}
	return true;
}

/* Of the right types; that key and certificate do not belong together shows nowhere. */
static bool make_identity(
	const struct deployment *deployment, struct marble_identity *identity, struct error *err)
{
	identity->key = key_generate_ec(256, err);
	X509_up_ref(deployment->pki.marble_root);
	identity->certificate = deployment->pki.marble_root;
	return identity->key != NULL;
}

bool dry_run(const struct deployment *deployment, int64_t now, struct error *err)
{
	AUTO(marble_identity_free) struct marble_identity identity = { 0 };
	uint8_t random[UUID_SIZE];
	char uuid[UUID_TEXT_SIZE];
	random_bytes(random, sizeof(random));
	uuid_format(random, uuid);
	if (!make_identity(deployment, &identity, err))
		return false;
	AUTO(marble_data_free) struct marble_data data;
	marble_data_init(&data, deployment, "", uuid, &identity, now);
	if (!try_private_secrets(&data, err))
		return false;
	if (!manifest_dry_run(deployment->manifest, &data.view, err))
		return error_prefix(err, "running manifest template dry run");
	return true;
}
