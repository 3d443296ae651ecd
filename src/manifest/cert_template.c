/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/cert_template.h"

#include "base/base64.h"
#include "base/memory.h"
#include "manifest/cert_source.h"

#include <time.h>

#define DEFAULT_NAME      "MarbleRun Generated Certificate"
#define DEFAULT_KEY_USAGE (KU_DIGITAL_SIGNATURE | KU_KEY_CERT_SIGN)

DEFINE_AUTO_FREE(auto_template, struct cert_template *, cert_template_free)

void cert_template_free(struct cert_template *template)
{
	if (!template)
		return;
	X509_NAME_free(template->subject);
	GENERAL_NAMES_free(template->alt_names);
	EXTENDED_KEY_USAGE_free(template->extended_usages);
	sk_X509_EXTENSION_pop_free(template->extensions, X509_EXTENSION_free);
	buf_free(&template->certificate);
	free(template);
}

static void move_names(GENERAL_NAMES *to, GENERAL_NAMES *from)
{
	while (sk_GENERAL_NAME_num(from) > 0) {
		if (sk_GENERAL_NAME_push(to, sk_GENERAL_NAME_shift(from)) <= 0)
			abort();
	}
}

/* All names in the order in which Go writes them, with the defaults for those that are absent. */
static GENERAL_NAMES *build_alt_names(struct cert_source *source)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	if (!names)
		abort();
	if (!source->dns_names)
		cert_add_general_name(names, GEN_DNS, "localhost", 9);
	move_names(names, source->dns_names);
	move_names(names, source->emails);
	if (!source->ip_addresses)
		cert_add_alt_names(names, "127.0.0.1,::1", NULL);
	move_names(names, source->ip_addresses);
	move_names(names, source->uris);
	return names;
}

/* Go numbers the bits of KeyUsage as RFC 5280 does; OpenSSL keeps the two bytes as encoded. */
static unsigned openssl_key_usage(int64_t go_bits)
{
	unsigned usage = go_bits & 0x100 ? KU_DECIPHER_ONLY : 0;
	for (unsigned bit = 0; bit < 8; bit++)
		usage |= go_bits >> bit & 1 ? 0x80U >> bit : 0;
	return usage ? usage : DEFAULT_KEY_USAGE;
}

static EXTENDED_KEY_USAGE *build_usages(struct cert_source *source)
{
	EXTENDED_KEY_USAGE *usages = TAKE(source->extended_usages);
	if (!usages)
		usages = cert_tls_usages();
	while (sk_ASN1_OBJECT_num(source->unknown_usages) > 0) {
		if (sk_ASN1_OBJECT_push(usages, sk_ASN1_OBJECT_shift(source->unknown_usages)) <= 0)
			abort();
	}
	if (sk_ASN1_OBJECT_num(usages) > 0)
		return usages;
	EXTENDED_KEY_USAGE_free(usages);
	return NULL;
}

/* The common name that a certificate has by default: its DNS name, if there is exactly one. */
static const char *default_name(const struct cert_source *source)
{
	if (sk_GENERAL_NAME_num(source->dns_names) != 1)
		return DEFAULT_NAME;
	const GENERAL_NAME *name = sk_GENERAL_NAME_value(source->dns_names, 0);
	return (const char *)ASN1_STRING_get0_data(name->d.dNSName);
}

static struct cert_template *build(struct cert_source *source)
{
	struct cert_template *template = xcalloc(1, sizeof(*template));
	template->subject = cert_subject_build(&source->subject, default_name(source));
	template->alt_names = build_alt_names(source);
	template->key_usage = openssl_key_usage(source->key_usage);
	template->extended_usages = build_usages(source);
	template->has_not_after = source->has_not_after;
	template->not_after = source->has_not_after ? source->not_after : 0;
	template->is_ca = source->is_ca;
	template->has_path_length = source->path_length > 0 || source->path_length_is_zero;
	template->path_length = source->path_length > 0 ? (unsigned)source->path_length : 0;
	template->extensions = cert_extensions_build(&source->extensions);
	return template;
}

/* Sorts the names of a certificate by their types. */
static void take_alt_names(X509 *cert, struct cert_source *source)
{
	AUTO(auto_general_names) GENERAL_NAMES *names = NULL;
	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	while (sk_GENERAL_NAME_num(names) > 0) {
		GENERAL_NAME *name = sk_GENERAL_NAME_shift(names);
		GENERAL_NAMES **place = name->type == GEN_DNS     ? &source->dns_names
					: name->type == GEN_IPADD ? &source->ip_addresses
					: name->type == GEN_EMAIL ? &source->emails
					: name->type == GEN_URI   ? &source->uris
								  : NULL;
		if (place && !*place)
			*place = sk_GENERAL_NAME_new_null();
		if (!place)
			GENERAL_NAME_free(name);
		else if (sk_GENERAL_NAME_push(*place, name) <= 0)
			abort();
	}
}

/* The extensions that a certificate passes on as they are. */
static void take_extensions(X509 *cert, struct cert_source *source)
{
	static const int nids[] = { NID_subject_key_identifier, NID_info_access,
		NID_certificate_policies, NID_name_constraints, NID_crl_distribution_points };
	source->extensions.extra = sk_X509_EXTENSION_new_null();
	for (size_t i = 0; i < sizeof(nids) / sizeof(*nids); i++) {
		int at = X509_get_ext_by_NID(cert, nids[i], -1);
		if (at >= 0 && sk_X509_EXTENSION_push(source->extensions.extra,
				       X509_EXTENSION_dup(X509_get_ext(cert, at))) <= 0)
			abort();
	}
}

static bool time_of(const ASN1_TIME *time, int64_t *seconds)
{
	struct tm parts;
	if (ASN1_TIME_to_tm(time, &parts) != 1)
		return false;
	*seconds = (int64_t)timegm(&parts);
	return true;
}

struct cert_template *cert_template_of(X509 *cert)
{
	AUTO(cert_source_free) struct cert_source source = { 0 };
	take_alt_names(cert, &source);
	take_extensions(cert, &source);
	source.extended_usages = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
	source.has_not_after = time_of(X509_get0_notAfter(cert), &source.not_after);
	source.is_ca = X509_get_extension_flags(cert) & EXFLAG_CA;
	source.path_length = X509_get_pathlen(cert);
	source.path_length_is_zero = source.path_length == 0;
	struct cert_template *template = build(&source);
	X509_NAME_free(template->subject);
	template->subject = X509_NAME_dup(X509_get_subject_name(cert));
	if (!template->subject)
		abort();
	uint32_t usage = X509_get_key_usage(cert);
	if (usage && usage != UINT32_MAX)
		template->key_usage = usage;
	return template;
}

static bool decode_certificate(struct go_json *in, struct cert_template **place)
{
	AUTO(buf_free) struct buf text = { 0 };
	AUTO(buf_free) struct buf der = { 0 };
	struct error inner = { 0 };
	if (!go_json_string(in, &text, NULL))
		return false;
	if (!base64_decode(&der, buf_text(&text), text.size)) {
		go_json_warn(in, "Ignoring a Cert that is neither an object nor base64");
		return true;
	}
	AUTO(auto_x509) X509 *cert = cert_read(buf_bytes(&der), &inner);
	if (!cert)
		return go_json_fail(in, "%s", inner.message);
	*place = cert_template_of(cert);
	(*place)->certificate = buf_take(&der);
	return true;
}

static bool decode_object(struct go_json *in, struct cert_template **place)
{
	AUTO(cert_source_free) struct cert_source source = { 0 };
	if (!cert_source_decode(in, &source))
		return false;
	*place = build(&source);
	return true;
}

bool cert_template_decode(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	AUTO(auto_template) struct cert_template *template = NULL;
	bool decoded = go_json_next(in) == '"' ? decode_certificate(in, &template)
					       : decode_object(in, &template);
	struct cert_template **place = value;
	if (*place)
		cert_template_free(*place);
	*place = TAKE(template);
	return decoded;
}

struct cert_template *cert_template_parse(struct bytes json, struct error *err)
{
	AUTO(auto_template) struct cert_template *template = NULL;
	if (!json.size)
		json = bytes_of_text("null");
	if (!go_json_decode(json, "Cert", cert_template_decode, &template, err))
		return NULL;
	if (!template)
		return cert_template_parse(bytes_of_text("null"), err);
	return TAKE(template);
}
