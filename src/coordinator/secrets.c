/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/secrets.h"

#include "base/memory.h"
#include "manifest/cert_template.h"

#include <string.h>

#define DEFAULT_VALID_DAYS 365
#define SECONDS_PER_DAY    86400
#define DERIVED_MAX        (255 * SHA256_SIZE) /* what HKDF can give */
#define RANDOM_MAX         (1U << 20)          /* fits an answer to a Marble, also in hex */
#define VALID_DAYS_MAX     2900000             /* keeps the year below 10000, where X.509 ends */

DEFINE_AUTO_FREE(auto_secret, struct secret *, secret_free)

void secret_free_value(void *secret)
{
	secret_free(secret);
}

static struct secret *copy_definition(const struct secret *definition)
{
	struct secret *secret = xcalloc(1, sizeof(*secret));
	secret->type = definition->type;
	secret->size = definition->size;
	secret->shared = definition->shared;
	secret->user_defined = definition->user_defined;
	secret->valid_for = definition->valid_for;
	return secret;
}

static bool fill_symmetric(struct secret *secret, const char *name,
	const struct secret_binding *binding, struct error *err)
{
	size_t size = (size_t)(secret->size / 8);
	if (!size || secret->size % 8 || size > (binding ? DERIVED_MAX : RANDOM_MAX))
		return error_set(err, ERROR_INVALID, "invalid secret size: %s", name);
	uint8_t *value = buf_extend(&secret->private_key, size);
	if (binding) {
		AUTO(auto_free) char *salt = xasprintf("%s%s", binding->uuid, name);
		if (!hkdf_sha256((struct bytes){ binding->root_secret, ROOT_SECRET_SIZE },
			    bytes_of_text(salt), bytes_of_text(binding->marble_type), value, size,
			    err))
			return false;
	} else {
		random_bytes(value, size);
	}
	buf_put(&secret->public_key, value, size);
	return true;
}

static EVP_PKEY *generate_certificate_key(
	const struct secret *secret, const char *name, struct error *err)
{
	if (secret->type != SECRET_CERT_ECDSA) {
		error_set(err, ERROR_INVALID, "secret %s is invalid: unsupported secret of type %s",
			name, secret_type_name(secret->type));
		return NULL;
	}
	EVP_PKEY *key = NULL;
	if (secret->size <= UINT32_MAX)
		key = key_generate_ec((unsigned)secret->size, err);
	else
		error_set(err, ERROR_INVALID, "unsupported size %llu",
			(unsigned long long)secret->size);
	if (!key)
		error_prefix(err, "invalid secret size for cert-ecdsa secret %s", name);
	return key;
}

static bool fill_certificate_parts(
	struct secret *secret, X509 *certificate, EVP_PKEY *key, struct error *err)
{
	cert_put_der(certificate, &secret->cert);
	return !key || (key_put_private(key, &secret->private_key, err) &&
			       key_put_public(key, &secret->public_key, err));
}

static bool fill_certificate(struct secret *secret, const char *name,
	const struct cert_template *template, const struct pki *pki, int64_t now, struct error *err)
{
	AUTO(auto_pkey) EVP_PKEY *key = generate_certificate_key(secret, name, err);
	if (!key)
		return false;
	if (secret->valid_for > VALID_DAYS_MAX)
		return error_set(err, ERROR_INVALID, "secret %s: ValidFor is over %d days", name,
			VALID_DAYS_MAX);
	int64_t days = secret->valid_for ? (int64_t)secret->valid_for : DEFAULT_VALID_DAYS;
	const struct cert_fields fields = {
		.key = key,
		.subject = template->subject,
		.issuer = pki->marble_root,
		.issuer_key = pki->intermediate_key,
		.not_before = now,
		.not_after = template->has_not_after ? template->not_after
						     : now + days * SECONDS_PER_DAY,
		.key_usage = template->key_usage,
		.extended_usages = template->extended_usages,
		.is_ca = template->is_ca,
		.path_length = template->has_path_length ? &template->path_length : NULL,
		.alt_names = template->alt_names,
		.extensions = template->extensions,
	};
	AUTO(auto_x509) X509 *certificate = cert_issue(&fields, err);
	if (!certificate)
		return error_prefix(err, "secret %s", name);
	return fill_certificate_parts(secret, certificate, key, err);
}

struct secret *secret_generate(const struct secret *definition, const char *name,
	const struct secret_binding *binding, const struct pki *pki, int64_t now, struct error *err)
{
	AUTO(auto_secret) struct secret *secret = copy_definition(definition);
	bool filled = secret->type == SECRET_SYMMETRIC_KEY
			      ? fill_symmetric(secret, name, binding, err)
			      : fill_certificate(secret, name, definition->template, pki, now, err);
	return filled ? TAKE(secret) : NULL;
}

bool secrets_generate_shared(const struct strmap *definitions, const struct pki *pki, int64_t now,
	struct strmap *shared, struct error *err)
{
	for (size_t i = 0; i < definitions->count; i++) {
		const char *name = definitions->entries[i].name;
		const struct secret *definition = definitions->entries[i].value;
		if (!definition->shared)
			continue;
		struct secret *secret = secret_generate(definition, name, NULL, pki, now, err);
		if (!secret)
			return false;
		strmap_add(shared, name, secret);
	}
	strmap_sort(shared, secret_free_value);
	return true;
}

struct secret *secret_seal_key(const struct secret_binding *binding)
{
	struct secret *secret = xcalloc(1, sizeof(*secret));
	secret->type = SECRET_SYMMETRIC_KEY;
	secret->size = 8 * SEAL_KEY_SIZE;
	uint8_t *key = buf_extend(&secret->private_key, SEAL_KEY_SIZE);
	uint8_t uuid[UUID_SIZE];
	uuid_to_bytes(binding->uuid, uuid);
	/* cannot fail: 32 bytes are far below what HKDF can give */
	if (!hkdf_sha256((struct bytes){ binding->root_secret, ROOT_SECRET_SIZE },
		    (struct bytes){ uuid, UUID_SIZE }, (struct bytes){ "", 0 }, key, SEAL_KEY_SIZE,
		    NULL))
		abort();
	buf_put(&secret->public_key, key, SEAL_KEY_SIZE);
	return secret;
}

struct secret *secret_of_certificate(X509 *certificate, EVP_PKEY *key)
{
	struct secret *secret = xcalloc(1, sizeof(*secret));
	secret->type = SECRET_CERT_ECDSA;
	if (!fill_certificate_parts(secret, certificate, key, NULL))
		abort();
	return secret;
}
