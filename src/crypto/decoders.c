/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A provider in front of OpenSSL's default one, which answers as that does but for the list of
 * decoders. The default provider is loaded into a library context of its own, so that nothing of
 * the process reaches it around this one.
 */
#include "crypto/decoders.h"

#include "crypto/openssl.h"

#include <openssl/core_dispatch.h>
#include <openssl/provider.h>
#include <string.h>

#define DECODERS_MAX  16
#define FUNCTIONS_MAX 16

/*
 * What the provider's functions need: OpenSSL hands them the default provider's context, which the
 * algorithms require, and leaves no place for one of ours. Written once, by start.
 */
static struct {
	OSSL_FUNC_provider_query_operation_fn *query;
	OSSL_ALGORITHM decoders[DECODERS_MAX + 1];
	OSSL_DISPATCH functions[FUNCTIONS_MAX + 1];
} narrowed;

static const OSSL_ALGORITHM *query(void *context, int operation, int *no_cache)
{
	if (operation != OSSL_OP_DECODER)
		/* cppcheck-suppress CastIntegerToAddressAtReturn ; it returns a pointer */
		return narrowed.query(context, operation, no_cache);
	*no_cache = 0;
	return narrowed.decoders;
}

static bool is_needed(const OSSL_ALGORITHM *decoder)
{
	static const char *const keys[] = { "EC", "RSA", "RSA-PSS", "ED25519", "ED448" };
	bool is_public = strstr(decoder->property_definition, "structure=SubjectPublicKeyInfo");
	bool is_private = strstr(decoder->property_definition, "structure=PrivateKeyInfo");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!strcmp(decoder->algorithm_names, keys[i]))
			return is_public || is_private;
	}
	/* it finds out what kind of key there is */
	return !strcmp(decoder->algorithm_names, "DER") && is_public;
}

static void choose_decoders(void *context)
{
	int no_cache;
	const OSSL_ALGORITHM *all = narrowed.query(context, OSSL_OP_DECODER, &no_cache);
	size_t count = 0;
	for (; all && all->algorithm_names && count < DECODERS_MAX; all++) {
		if (is_needed(all))
			narrowed.decoders[count++] = *all;
	}
}

/* The default provider's functions with our query; its end comes with the process. */
static void choose_functions(const OSSL_DISPATCH *all)
{
	size_t count = 0;
	for (; all->function_id && count < FUNCTIONS_MAX; all++) {
		if (all->function_id == OSSL_FUNC_PROVIDER_TEARDOWN)
			continue;
		OSSL_DISPATCH *function = &narrowed.functions[count++];
		*function = *all;
		if (all->function_id != OSSL_FUNC_PROVIDER_QUERY_OPERATION)
			continue;
		narrowed.query = OSSL_FUNC_provider_query_operation(all);
		function->function = (void (*)(void))query;
	}
}

static int start(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core,
	const OSSL_DISPATCH **functions, void **context)
{
	(void)handle, (void)core;
	OSSL_LIB_CTX *behind = OSSL_LIB_CTX_new();
	OSSL_PROVIDER *provider = behind ? OSSL_PROVIDER_load(behind, "default") : NULL;
	if (!provider)
		return 0;
	choose_functions(OSSL_PROVIDER_get0_dispatch(provider));
	*context = OSSL_PROVIDER_get0_provider_ctx(provider);
	choose_decoders(*context);
	*functions = narrowed.functions;
	return 1;
}

bool decoders_narrow(struct error *err)
{
	static const char name[] = "default with few decoders";
	return (OSSL_PROVIDER_add_builtin(NULL, name, start) == 1 &&
		       OSSL_PROVIDER_load(NULL, name)) ||
	       crypto_error(err, ERROR_INTERNAL, "cannot set up OpenSSL");
}
