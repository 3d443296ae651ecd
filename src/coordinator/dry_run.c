/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/dry_run.h"

#include "coordinator/marble_data.h"

static bool try_private_secrets(struct marble_data *data, struct error *err)
{
	const struct strmap *definitions = &data->deployment->manifest->secrets;
	for (size_t i = 0; i < definitions->count; i++) {
		const struct secret *secret;
		const char *name = definitions->entries[i].name;
		if (!data->view.find_secret(data, name, false, &secret, err))
			return error_prefix(err, "generating placeholder secrets from manifest");
	}
	return true;
}

static void replace_user_defined(struct marble_data *data, const struct strmap *uploaded)
{
	const struct strmap *stored = &data->deployment->shared_secrets;
	for (size_t i = 0; i < stored->count; i++) {
		const char *name = stored->entries[i].name;
		const struct secret *secret = stored->entries[i].value;
		bool is_new = uploaded && strmap_get(uploaded, name);
		if (secret->user_defined && !is_new)
			marble_data_replace(data, name, secret_stand_in(secret));
	}
}

/* Of the right types; that key and certificate do not belong together shows nowhere. */
static bool make_identity(
	const struct deployment *deployment, struct marble_identity *identity, struct error *err)
{
	identity->key = key_generate_ec(256, err);
	cert_put_der(deployment->pki.marble_root, &identity->certificate);
	return identity->key != NULL;
}

bool dry_run(const struct deployment *deployment, const struct strmap *uploaded, int64_t now,
	struct error *err)
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
	replace_user_defined(&data, uploaded);
	if (!try_private_secrets(&data, err))
		return false;
	if (!manifest_dry_run(deployment->manifest, &data.view, err))
		return error_prefix(err, "running manifest template dry run");
	return true;
}
