/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/secret.h"

#include "base/memory.h"
#include "manifest/cert_template.h"

#include <string.h>

static const char *const type_names[] = {
	[SECRET_SYMMETRIC_KEY] = "symmetric-key",
	[SECRET_CERT_RSA] = "cert-rsa",
	[SECRET_CERT_ECDSA] = "cert-ecdsa",
	[SECRET_CERT_ED25519] = "cert-ed25519",
	[SECRET_PLAIN] = "plain",
};

const char *secret_type_name(enum secret_type type)
{
	return type_names[type];
}

bool secret_type_parse(const char *name, enum secret_type *type)
{
	for (size_t i = 0; i < sizeof(type_names) / sizeof(*type_names); i++) {
		if (!strcmp(type_names[i], name)) {
			*type = (enum secret_type)i;
			return true;
		}
	}
	return false;
}

bool secret_type_is_certificate(enum secret_type type)
{
	return type == SECRET_CERT_RSA || type == SECRET_CERT_ECDSA || type == SECRET_CERT_ED25519;
}

struct secret *secret_of_definition(const struct secret *definition)
{
	struct secret *secret = xcalloc(1, sizeof(*secret));
	secret->type = definition->type;
	secret->size = definition->size;
	secret->shared = definition->shared;
	secret->user_defined = definition->user_defined;
	secret->valid_for = definition->valid_for;
	return secret;
}

static void copy_bytes(struct buf *to, const struct buf *from)
{
	buf_put(to, from->data, from->size);
}

struct secret *secret_copy(const struct secret *secret)
{
	struct secret *copy = secret_of_definition(secret);
	copy_bytes(&copy->cert, &secret->cert);
	copy_bytes(&copy->private_key, &secret->private_key);
	copy_bytes(&copy->public_key, &secret->public_key);
	return copy;
}

void secret_free(struct secret *secret)
{
	if (!secret)
		return;
	cert_template_free(secret->template);
	buf_free(&secret->cert);
	buf_free(&secret->private_key);
	buf_free(&secret->public_key);
	free(secret);
}
