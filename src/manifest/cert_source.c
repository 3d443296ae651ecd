/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/cert_source.h"

#include "manifest/cert_values.h"

#define KEY_USAGE_MAX   0x1ff /* nine bits */
#define PATH_LENGTH_MAX 0x7fffffff

void cert_source_free(struct cert_source *source)
{
	cert_subject_free(&source->subject);
	GENERAL_NAMES_free(source->dns_names);
	GENERAL_NAMES_free(source->ip_addresses);
	GENERAL_NAMES_free(source->emails);
	GENERAL_NAMES_free(source->uris);
	EXTENDED_KEY_USAGE_free(source->extended_usages);
	EXTENDED_KEY_USAGE_free(source->unknown_usages);
	cert_extensions_free(&source->extensions);
}

/* In the order of Go's x509.ExtKeyUsage. */
static const char *const extended_usages[] = {
	"2.5.29.37.0",            /* any */
	"1.3.6.1.5.5.7.3.1",      /* server authentication */
	"1.3.6.1.5.5.7.3.2",      /* client authentication */
	"1.3.6.1.5.5.7.3.3",      /* code signing */
	"1.3.6.1.5.5.7.3.4",      /* email protection */
	"1.3.6.1.5.5.7.3.5",      /* IPSec end system */
	"1.3.6.1.5.5.7.3.6",      /* IPSec tunnel */
	"1.3.6.1.5.5.7.3.7",      /* IPSec user */
	"1.3.6.1.5.5.7.3.8",      /* time stamping */
	"1.3.6.1.5.5.7.3.9",      /* OCSP signing */
	"1.3.6.1.4.1.311.10.3.3", /* Microsoft server gated crypto */
	"2.16.840.1.113730.4.1",  /* Netscape server gated crypto */
	"1.3.6.1.4.1.311.2.1.22", /* Microsoft commercial code signing */
	"1.3.6.1.4.1.311.61.1.1", /* Microsoft kernel code signing */
};

static bool add_usage(struct go_json *in, void *usages)
{
	int64_t number = 0;
	if (!go_json_int(in, &number, NULL))
		return false;
	if (number < 0 || (size_t)number >= sizeof(extended_usages) / sizeof(*extended_usages))
		return go_json_fail(in, "x509: unknown extended key usage %lld", (long long)number);
	ASN1_OBJECT *usage = OBJ_txt2obj(extended_usages[number], 1);
	if (!usage || sk_ASN1_OBJECT_push(usages, usage) <= 0)
		abort();
	return true;
}

static bool add_unknown_usage(struct go_json *in, void *usages)
{
	ASN1_OBJECT *usage = NULL;
	if (!cert_value_oid(in, &usage, NULL))
		return false;
	if (sk_ASN1_OBJECT_push(usages, usage) <= 0)
		abort();
	return true;
}

static bool decode_usages(struct go_json *in, EXTENDED_KEY_USAGE **place,
	bool (*decode)(struct go_json *in, void *usages))
{
	AUTO(auto_usages) EXTENDED_KEY_USAGE *usages = NULL;
	if (go_json_next(in) != 'n' && !(usages = sk_ASN1_OBJECT_new_null()))
		abort();
	if (!go_json_list(in, decode, usages, "[]x509.ExtKeyUsage"))
		return false;
	EXTENDED_KEY_USAGE_free(*place);
	*place = TAKE(usages);
	return true;
}

static bool decode_known_usages(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	return decode_usages(in, value, add_usage);
}

static bool decode_unknown_usages(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	return decode_usages(in, value, add_unknown_usage);
}

#define FIELD(name, decode, member) GO_JSON_FIELD(cert_source, name, decode, member)

static const struct go_json_field cert_fields[] = {
	FIELD("Subject", cert_subject_decode, subject),
	FIELD("DNSNames", cert_value_dns_names, dns_names),
	FIELD("IPAddresses", cert_value_addresses, ip_addresses),
	FIELD("EmailAddresses", cert_value_emails, emails),
	FIELD("URIs", cert_value_uris, uris),
	FIELD("KeyUsage", go_json_int, key_usage),
	FIELD("ExtKeyUsage", decode_known_usages, extended_usages),
	FIELD("UnknownExtKeyUsage", decode_unknown_usages, unknown_usages),
	GO_JSON_PAIR(cert_source, "NotAfter", cert_value_time, not_after, has_not_after),
	FIELD("IsCA", go_json_bool, is_ca),
	FIELD("MaxPathLen", go_json_int, path_length),
	FIELD("MaxPathLenZero", go_json_bool, path_length_is_zero),
	FIELD("ExtraExtensions", cert_extensions_decode_extra, extensions.extra),
	FIELD("SubjectKeyId", go_json_bytes, extensions.subject_key_id),
	FIELD("OCSPServer", cert_value_uri_texts, extensions.ocsp_servers),
	FIELD("IssuingCertificateURL", cert_value_uri_texts, extensions.issuer_urls),
	FIELD("CRLDistributionPoints", cert_value_uri_texts, extensions.crl_urls),
	FIELD("PolicyIdentifiers", cert_extensions_decode_policies, extensions.policies),
	FIELD("PermittedDNSDomainsCritical", go_json_bool, extensions.constraints_are_critical),
	FIELD("PermittedDNSDomains", cert_value_dns_names, extensions.permitted.dns),
	FIELD("ExcludedDNSDomains", cert_value_dns_names, extensions.excluded.dns),
	FIELD("PermittedIPRanges", cert_value_ip_ranges, extensions.permitted.ip_ranges),
	FIELD("ExcludedIPRanges", cert_value_ip_ranges, extensions.excluded.ip_ranges),
	FIELD("PermittedEmailAddresses", cert_value_emails, extensions.permitted.emails),
	FIELD("ExcludedEmailAddresses", cert_value_emails, extensions.excluded.emails),
	FIELD("PermittedURIDomains", cert_value_uri_texts, extensions.permitted.uris),
	FIELD("ExcludedURIDomains", cert_value_uri_texts, extensions.excluded.uris),
	GO_JSON_END,
};

bool cert_source_decode(struct go_json *in, struct cert_source *source)
{
	if (!go_json_struct(in, cert_fields, source, "x509.Certificate"))
		return false;
	bool has_path_length = source->path_length > 0 || source->path_length_is_zero;
	if (source->path_length < -1 || source->path_length > PATH_LENGTH_MAX)
		return go_json_fail(
			in, "MaxPathLen %lld is out of range", (long long)source->path_length);
	if (source->key_usage < 0 || source->key_usage > KEY_USAGE_MAX)
		return go_json_fail(in, "KeyUsage %lld has bits that mean nothing",
			(long long)source->key_usage);
	if (has_path_length && !source->is_ca)
		return go_json_fail(in, "x509: only CAs are allowed to specify MaxPathLen");
	return true;
}
