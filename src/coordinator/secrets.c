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

DEFINE_AUTO_FREE(auto_cert_template, struct cert_template *, cert_template_free)

void secret_free_value(void *secret)
{
	secret_free(secret);
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

static EVP_PKEY *generate_ec(uint64_t size, struct error *err)
{
	if (size <= UINT32_MAX)
		return key_generate_ec((unsigned)size, err);
	error_set(err, ERROR_INVALID, "unsupported size %llu: does not map to a supported curve",
		(unsigned long long)size);
	return NULL;
}

static EVP_PKEY *generate_ed25519(uint64_t size, struct error *err)
{
	if (!size)
		return key_generate_ed25519(err);
	error_set(err, ERROR_INVALID, "none is expected, got: %llu", (unsigned long long)size);
	return NULL;
}

static EVP_PKEY *generate_certificate_key(
	const struct secret *secret, const char *name, struct error *err)
{
	EVP_PKEY *key = secret->type == SECRET_CERT_RSA     ? key_generate_rsa(secret->size, err)
			: secret->type == SECRET_CERT_ECDSA ? generate_ec(secret->size, err)
							    : generate_ed25519(secret->size, err);
	if (!key)
		error_prefix(err, "invalid secret size for %s secret %s",
			secret_type_name(secret->type), name);
	return key;
}

static bool fill_key_parts(struct secret *secret, EVP_PKEY *key, struct error *err)
{
	return key_put_private(key, &secret->private_key, err) &&
	       key_put_public(key, &secret->public_key, err);
}

/* When the certificate ends. A definition that does not say it ends up with the default. */
static bool choose_end(struct secret *secret, const struct cert_template *template, int64_t now,
	int64_t *end, struct error *err)
{
	if (template->has_not_after) {
		*end = template->not_after;
		return true;
	}
	if (!secret->valid_for)
		secret->valid_for = DEFAULT_VALID_DAYS;
	if (secret->valid_for > VALID_DAYS_MAX)
		return error_set(err, ERROR_INVALID, "ValidFor is over %d days", VALID_DAYS_MAX);
	*end = now + (int64_t)secret->valid_for * SECONDS_PER_DAY;
	return true;
}

static bool issue(struct secret *secret, EVP_PKEY *key, const struct cert_template *template,
	const struct pki *pki, int64_t now, struct error *err)
{
	int64_t end = 0;
	if (!choose_end(secret, template, now, &end, err))
		return false;
	const struct cert_fields fields = {
		.key = key,
		.subject = template->subject,
		.issuer = pki->marble_root,
		.issuer_key = pki->intermediate_key,
		.not_before = now,
		.not_after = end,
		.key_usage = template->key_usage,
		.extended_usages = template->extended_usages,
		.is_ca = template->is_ca,
		.path_length = template->has_path_length ? &template->path_length : NULL,
		.alt_names = template->alt_names,
		.extensions = template->extensions,
	};
	return cert_issue_der(&fields, &secret->cert, err);
}

static bool fill_certificate(struct secret *secret, const char *name,
	const struct cert_template *template, const struct pki *pki, int64_t now, struct error *err)
{
	AUTO(auto_pkey) EVP_PKEY *key = generate_certificate_key(secret, name, err);
	if (!key)
		return false;
	return (issue(secret, key, template, pki, now, err) && fill_key_parts(secret, key, err)) ||
	       error_prefix(err, "secret %s", name);
}

struct secret *secret_generate(const struct secret *definition, const char *name,
	const struct secret_binding *binding, const struct pki *pki, int64_t now, struct error *err)
{
	AUTO(auto_secret) struct secret *secret = secret_of_definition(definition);
	bool filled = false;
	if (secret->type == SECRET_SYMMETRIC_KEY)
		filled = fill_symmetric(secret, name, binding, err);
	else if (secret_type_is_certificate(secret->type))
		filled = fill_certificate(secret, name, definition->template, pki, now, err);
	else
		error_set(err, ERROR_INVALID,
			"secret %s is invalid: unsupported secret of type %s: only its owner can "
			"give it a value, make it UserDefined",
			name, secret_type_name(secret->type));
	return filled ? TAKE(secret) : NULL;
}

bool secret_takes_time(const struct secret *definition)
{
	return definition->type == SECRET_CERT_RSA;
}

struct secret *secret_renew(const struct secret *current, const char *name, const struct pki *pki,
	int64_t now, struct error *err)
{
	if (current->user_defined || !secret_type_is_certificate(current->type))
		return secret_copy(current);
	AUTO(auto_x509) X509 *certificate = cert_read(buf_bytes(&current->cert), err);
	if (!certificate) {
		error_prefix(err, "secret %s", name);
		return NULL;
	}
	AUTO(auto_cert_template) struct cert_template *template = cert_template_of(certificate);
	AUTO(auto_secret) struct secret *renewed = secret_of_definition(current);
	return fill_certificate(renewed, name, template, pki, now, err) ? TAKE(renewed) : NULL;
}

bool secrets_generate_shared(const struct strmap *definitions, const struct pki *pki, int64_t now,
	struct strmap *shared, struct error *err)
{
	for (size_t i = 0; i < definitions->count; i++) {
		const char *name = definitions->entries[i].name;
		const struct secret *definition = definitions->entries[i].value;
		struct secret *secret = NULL;
		if (definition->user_defined)
			secret = secret_copy(definition);
		else if (definition->shared)
			secret = secret_generate(definition, name, NULL, pki, now, err);
		else
			continue;
		if (!secret)
			return false;
		strmap_add(shared, name, secret);
	}
	strmap_sort(shared, secret_free_value);
	return true;
}

static void fill_in(struct buf *value)
{
	if (!value->size)
		buf_put_text(value, "A");
}

struct secret *secret_stand_in(const struct secret *definition)
{
	struct secret *secret = secret_copy(definition);
	fill_in(&secret->cert);
	fill_in(&secret->private_key);
	fill_in(&secret->public_key);
	return secret;
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

struct secret *secret_of_certificate(struct bytes certificate, EVP_PKEY *key)
{
	struct secret *secret = xcalloc(1, sizeof(*secret));
	secret->type = SECRET_CERT_ECDSA;
	buf_put(&secret->cert, certificate.data, certificate.size);
	if (key && !fill_key_parts(secret, key, NULL))
		abort();
	return secret;
}
