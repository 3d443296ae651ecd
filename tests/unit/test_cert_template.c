/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/hex.h"
#include "manifest/cert_template.h"

DEFINE_AUTO_FREE(auto_template, struct cert_template *, cert_template_free)

static struct cert_template *parse(const char *json)
{
	struct error err = { 0 };
	struct cert_template *template = cert_template_parse(bytes_of_text(json), &err);
	if (!template)
		fail_msg("%s: %s", json, err.message);
	return template;
}

/* The certificate that comes of a template, so that what is asserted is what peers see. */
static X509 *issue(const struct cert_template *template)
{
	struct error err = { 0 };
	AUTO(auto_pkey) EVP_PKEY *key = key_generate_ec(256, &err);
	const struct cert_fields fields = { .key = key,
		.subject = template->subject,
		.issuer_key = key,
		.not_before = 1700000000,
		.not_after = template->has_not_after ? template->not_after : 1800000000,
		.key_usage = template->key_usage,
		.extended_usages = template->extended_usages,
		.is_ca = template->is_ca,
		.path_length = template->has_path_length ? &template->path_length : NULL,
		.alt_names = template->alt_names,
		.extensions = template->extensions };
	X509 *certificate = cert_issue(&fields, &err);
	assert_success(certificate != NULL, err);
	return certificate;
}

static X509 *issue_json(const char *json)
{
	AUTO(auto_template) struct cert_template *template = parse(json);
	return issue(template);
}

static void put_value(const ASN1_OBJECT *type, const ASN1_STRING *value, struct buf *out)
{
	char oid[80];
	OBJ_obj2txt(oid, sizeof(oid), type, 1);
	buf_printf(out, "%s=%.*s%s", oid, ASN1_STRING_length(value),
		(const char *)ASN1_STRING_get0_data(value),
		ASN1_STRING_type(value) == V_ASN1_PRINTABLESTRING ? "" : "(UTF8)");
}

/* "oid=value" for each part, "/" between RDNs, "+" inside them. */
static void put_name(const X509_NAME *name, struct buf *out)
{
	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
		const X509_NAME_ENTRY *before = i ? X509_NAME_get_entry(name, i - 1) : NULL;
		if (before)
			buf_put_text(out, X509_NAME_ENTRY_set(before) == X509_NAME_ENTRY_set(entry)
						  ? "+"
						  : "/");
		put_value(X509_NAME_ENTRY_get_object(entry), X509_NAME_ENTRY_get_data(entry), out);
	}
}

static void put_alt_names(const GENERAL_NAMES *names, struct buf *out)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const ASN1_STRING *value = name->d.ia5;
		const char *data = (const char *)ASN1_STRING_get0_data(value);
		buf_printf(out, "%s%d:", i ? " " : "", name->type);
		if (name->type == GEN_IPADD)
			hex_encode(out, data, (size_t)ASN1_STRING_length(value));
		else
			buf_put(out, data, (size_t)ASN1_STRING_length(value));
	}
}

static void put_usages(const EXTENDED_KEY_USAGE *usages, struct buf *out)
{
	for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
		char oid[80];
		OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(usages, i), 1);
		buf_printf(out, "%s%s", i ? " " : "", oid);
	}
}

struct row {
	const char *json;
	const char *expected;
};

enum aspect { SUBJECT, ALT_NAMES, USAGES, KEY_USAGE, NOT_AFTER };

static void put_aspect(const struct cert_template *template, enum aspect aspect, struct buf *out)
{
	switch (aspect) {
	case SUBJECT:
		put_name(template->subject, out);
		break;
	case ALT_NAMES:
		put_alt_names(template->alt_names, out);
		break;
	case USAGES:
		put_usages(template->extended_usages, out);
		break;
	case KEY_USAGE:
		buf_printf(out, "%x", template->key_usage);
		break;
	case NOT_AFTER:
		if (template->has_not_after)
			buf_printf(out, "%lld", (long long)template->not_after);
		break;
	}
}

static void check_rows(const struct row *rows, size_t count, enum aspect aspect)
{
	for (size_t i = 0; i < count; i++) {
		AUTO(auto_template) struct cert_template *template = parse(rows[i].json);
		AUTO(buf_free) struct buf text = { 0 };
		put_aspect(template, aspect, &text);
		if (strcmp(buf_text(&text), rows[i].expected) != 0)
			fail_msg("%s gives %s", rows[i].json, buf_text(&text));
	}
}

#define CHECK(rows, aspect) check_rows(rows, sizeof(rows) / sizeof(*(rows)), aspect)

static void nothing_gives_the_defaults(void **state)
{
	(void)state;
	static const char *const nothing[] = { "", "null", "{}", "{\"Subject\":null}",
		"\"no base64\"" };
	for (size_t i = 0; i < sizeof(nothing) / sizeof(*nothing); i++) {
		AUTO(auto_template) struct cert_template *template = parse(nothing[i]);
		AUTO(buf_free) struct buf text = { 0 };
		for (enum aspect aspect = SUBJECT; aspect <= NOT_AFTER; aspect++) {
			put_aspect(template, aspect, &text);
			buf_put_text(&text, "\n");
		}
		assert_string_equal(buf_text(&text),
			"2.5.4.3=MarbleRun Generated Certificate\n"
			"2:localhost 7:7f000001 7:00000000000000000000000000000001\n"
			"1.3.6.1.5.5.7.3.1 1.3.6.1.5.5.7.3.2\n"
			"84\n\n");
		assert_false(template->is_ca);
		assert_false(template->has_path_length);
		assert_null(template->extensions);
	}
}

static void subjects_are_encoded_as_go_does(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{\"Subject\":{\"SerialNumber\":\"7\",\"CommonName\":\"n\",\"PostalCode\":[\"1\"],"
		  "\"StreetAddress\":[\"s\"],\"Province\":[\"p\"],\"Locality\":[\"l\"],"
		  "\"OrganizationalUnit\":[\"u\"],\"Organization\":[\"o\"],\"Country\":[\"C\"]}}",
			"2.5.4.6=C/2.5.4.8=p/2.5.4.7=l/2.5.4.9=s/2.5.4.17=1/2.5.4.10=o/2.5.4.11=u/"
			"2.5.4.3=n/2.5.4.5=7" },
		{ "{\"Subject\":{\"Organization\":[\"a\",\"b\"],\"CommonName\":\"n\"}}",
			"2.5.4.10=a+2.5.4.10=b/2.5.4.3=n" },
		{ "{\"Subject\":{\"CommonName\":\"a*b\"}}", "2.5.4.3=a*b(UTF8)" },
		{ "{\"Subject\":{\"CommonName\":\"\u00e9\",\"Country\":[\"a b'()+,-./:=?9\"]}}",
			"2.5.4.6=a b'()+,-./:=?9/2.5.4.3=\u00e9(UTF8)" },
		{ "{\"DNSNames\":[\"a.example\"]}", "2.5.4.3=a.example" },
		{ "{\"DNSNames\":[\"a\",\"b\"]}", "2.5.4.3=MarbleRun Generated Certificate" },
		{ "{\"DNSNames\":[\"a\"],\"Subject\":{\"CommonName\":\"n\"}}", "2.5.4.3=n" },
		{ "{\"Subject\":{\"CommonName\":\"n\",\"ExtraNames\":["
		  "{\"Type\":[2,5,4,4],\"Value\":\"Doe\"},{\"Type\":[1,2,3],\"Value\":\"x@y\"}]}}",
			"2.5.4.3=n/2.5.4.4=Doe/1.2.3=x@y(UTF8)" },
		{ "{\"Subject\":{\"CommonName\":\"n\",\"ExtraNames\":["
		  "{\"Type\":[2,5,4,3],\"Value\":\"m\"}]}}",
			"2.5.4.3=m" },
		{ "{\"Subject\":{\"Organization\":[\"a\"],\"DNSNames\":[\"ignored\"]},\"Subject\":"
		  "{\"CommonName\":\"n\"}}",
			"2.5.4.10=a/2.5.4.3=n" },
	};
	CHECK(rows, SUBJECT);
}

static void alternative_names_have_the_types_of_their_members(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{\"DNSNames\":[\"a\",\"127.0.0.1\"],\"IPAddresses\":[]}", "2:a 2:127.0.0.1" },
		{ "{\"IPAddresses\":[\"10.0.0.1\",\"::ffff:10.0.0.2\",\"fe80::1\"]}",
			"2:localhost 7:0a000001 7:0a000002 7:fe800000000000000000000000000001" },
		{ "{\"DNSNames\":[],\"IPAddresses\":[]}", "" },
		{ "{\"DNSNames\":null,\"IPAddresses\":[\"1.2.3.4\"]}", "2:localhost 7:01020304" },
		{ "{\"DNSNames\":[\"a\"],\"dnsnames\":[\"b\"],\"IPAddresses\":[]}", "2:b" },
		{ "{\"URIs\":[{\"Scheme\":\"spiffe\",\"Host\":\"d\",\"Path\":\"/a b\"}],"
		  "\"EmailAddresses\":[\"a@b\"],\"DNSNames\":[\"n\"],\"IPAddresses\":[\"1.2.3.4\"]}",
			"2:n 1:a@b 7:01020304 6:spiffe://d/a%20b" },
		{ "{\"DNSNames\":[],\"IPAddresses\":[],\"URIs\":["
		  "{\"Scheme\":\"https\",\"Host\":\"h:1\",\"Path\":\"p?\",\"RawQuery\":\"q=1\","
		  "\"Fragment\":\"f g\"},"
		  "{\"Scheme\":\"urn\",\"Opaque\":\"x:y\"},{\"Scheme\":\"file\",\"Path\":\"/p\"},"
		  "{\"Scheme\":\"file\",\"Path\":\"/p\",\"OmitHost\":true},"
		  "{\"Path\":\"/p\",\"ForceQuery\":true}]}",
			"6:https://h:1/p%3F?q=1#f%20g 6:urn:x:y 6:file:///p 6:file:/p 6:/p?" },
	};
	CHECK(rows, ALT_NAMES);
}

static void usages_are_numbered_as_in_go(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{\"ExtKeyUsage\":[0,1,2,3,4,5,6]}",
			"2.5.29.37.0 1.3.6.1.5.5.7.3.1 1.3.6.1.5.5.7.3.2 1.3.6.1.5.5.7.3.3 "
			"1.3.6.1.5.5.7.3.4 1.3.6.1.5.5.7.3.5 1.3.6.1.5.5.7.3.6" },
		{ "{\"ExtKeyUsage\":[7,8,9,10,11,12,13]}",
			"1.3.6.1.5.5.7.3.7 1.3.6.1.5.5.7.3.8 1.3.6.1.5.5.7.3.9 "
			"1.3.6.1.4.1.311.10.3.3 2.16.840.1.113730.4.1 1.3.6.1.4.1.311.2.1.22 "
			"1.3.6.1.4.1.311.61.1.1" },
		{ "{\"UnknownExtKeyUsage\":[[1,2,3]]}",
			"1.3.6.1.5.5.7.3.1 1.3.6.1.5.5.7.3.2 1.2.3" },
		{ "{\"ExtKeyUsage\":[],\"UnknownExtKeyUsage\":[[1,2,3],[2,999,4]]}",
			"1.2.3 2.999.4" },
		{ "{\"ExtKeyUsage\":[]}", "" },
	};
	CHECK(rows, USAGES);
	static const struct row bits[] = {
		{ "{\"KeyUsage\":1}", "80" },
		{ "{\"KeyUsage\":2}", "40" },
		{ "{\"KeyUsage\":4}", "20" },
		{ "{\"KeyUsage\":8}", "10" },
		{ "{\"KeyUsage\":16}", "8" },
		{ "{\"KeyUsage\":32}", "4" },
		{ "{\"KeyUsage\":64}", "2" },
		{ "{\"KeyUsage\":128}", "1" },
		{ "{\"KeyUsage\":256}", "8000" },
		{ "{\"KeyUsage\":0}", "84" },
		{ "{\"KeyUsage\":17}", "88" },
	};
	CHECK(bits, KEY_USAGE);
}

static void the_end_is_an_rfc_3339_time(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{\"NotAfter\":\"2030-01-02T03:04:05Z\"}", "1893553445" },
		{ "{\"NotAfter\":\"2030-01-02T03:04:05.999999999Z\"}", "1893553445" },
		{ "{\"NotAfter\":\"2030-01-02T05:34:05+02:30\"}", "1893553445" },
		{ "{\"NotAfter\":\"2030-01-01T22:04:05-05:00\"}", "1893553445" },
		{ "{\"NotAfter\":\"0001-01-01T00:00:00Z\"}", "" },
		{ "{\"NotAfter\":null}", "" },
	};
	CHECK(rows, NOT_AFTER);
}

static void authorities_have_a_path_length(void **state)
{
	(void)state;
	AUTO(auto_x509) X509 *plain = issue_json("{\"IsCA\":true}");
	assert_int_equal(X509_check_ca(plain), 1);
	assert_int_equal(X509_get_pathlen(plain), -1);
	AUTO(auto_x509) X509 *zero = issue_json("{\"IsCA\":true,\"MaxPathLenZero\":true}");
	assert_int_equal(X509_get_pathlen(zero), 0);
	AUTO(auto_x509) X509 *two = issue_json("{\"IsCA\":true,\"MaxPathLen\":2}");
	assert_int_equal(X509_get_pathlen(two), 2);
	AUTO(auto_x509) X509 *none = issue_json("{\"IsCA\":true,\"MaxPathLen\":-1}");
	assert_int_equal(X509_get_pathlen(none), -1);
}

static void put_extension(X509 *certificate, int nid, struct buf *out)
{
	int at = X509_get_ext_by_NID(certificate, nid, -1);
	assert_true(at >= 0);
	X509_EXTENSION *extension = X509_get_ext(certificate, at);
	ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
	buf_put_text(out, X509_EXTENSION_get_critical(extension) ? "critical " : "");
	hex_encode(out, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
}

static void check_extension(const char *json, int nid, const char *expected)
{
	AUTO(auto_x509) X509 *certificate = issue_json(json);
	AUTO(buf_free) struct buf text = { 0 };
	put_extension(certificate, nid, &text);
	assert_string_equal(buf_text(&text), expected);
}

/* The bytes are those that Go gives for the same members. */
static void further_members_become_extensions(void **state)
{
	(void)state;
	check_extension("{\"SubjectKeyId\":\"AQI=\",\"IsCA\":true}", NID_subject_key_identifier,
		"04020102");
	check_extension("{\"OCSPServer\":[\"http://o\"],\"IssuingCertificateURL\":[\"http://i\"]}",
		NID_info_access,
		"302c301406082b060105050730018608687474703a2f2f6f"
		"301406082b060105050730028608687474703a2f2f69");
	check_extension("{\"CRLDistributionPoints\":[\"http://a\",\"http://b\"]}",
		NID_crl_distribution_points,
		"3020300ea00ca00a8608687474703a2f2f61300ea00ca00a8608687474703a2f2f62");
	check_extension(
		"{\"PolicyIdentifiers\":[[1,2,3]]}", NID_certificate_policies, "3006300406022a03");
	check_extension("{\"PermittedDNSDomainsCritical\":true,\"PermittedDNSDomains\":[\"a\"],"
			"\"PermittedIPRanges\":[{\"IP\":\"10.0.0.0\",\"Mask\":\"/wAAAA==\"}],"
			"\"ExcludedEmailAddresses\":[\"b\"],\"ExcludedURIDomains\":[\"c\"]}",
		NID_name_constraints,
		"critical 301fa0113003820161300a87080a000000ff000000a10a30038101623003860163");
	check_extension("{\"ExtraExtensions\":[{\"Id\":[2,5,29,15],\"Critical\":false,"
			"\"Value\":\"AwIBBg==\"}]}",
		NID_key_usage, "03020106");
	AUTO(auto_x509)
	X509 *one = issue_json("{\"IsCA\":true,\"SubjectKeyId\":\"AQI=\","
			       "\"ExtraExtensions\":[{\"Id\":[2,5,29,14],\"Value\":\"BAED\"}]}");
	assert_int_equal(ASN1_STRING_length(X509_get0_subject_key_id(one)), 1);
}

static void a_certificate_is_a_template_too(void **state)
{
	(void)state;
	AUTO(auto_x509)
	X509 *first = issue_json(
		"{\"Subject\":{\"CommonName\":\"n\",\"Organization\":[\"o\"]},\"DNSNames\":[\"a\"],"
		"\"URIs\":[{\"Scheme\":\"urn\",\"Opaque\":\"x\"}],\"EmailAddresses\":[\"e@f\"],"
		"\"IPAddresses\":[\"1.2.3.4\"],\"KeyUsage\":257,\"ExtKeyUsage\":[3],"
		"\"NotAfter\":\"2030-01-02T03:04:05Z\",\"IsCA\":true,\"MaxPathLen\":1,"
		"\"SubjectKeyId\":\"AQI=\",\"OCSPServer\":[\"http://o\"]}");
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(buf_free) struct buf json = { 0 };
	cert_put_der(first, &der);
	buf_put_text(&json, "\"");
	base64_encode(&json, der.data, der.size);
	buf_put_text(&json, "\"");
	AUTO(auto_template) struct cert_template *template = parse(buf_text(&json));
	AUTO(buf_free) struct buf text = { 0 };
	for (enum aspect aspect = SUBJECT; aspect <= NOT_AFTER; aspect++) {
		put_aspect(template, aspect, &text);
		buf_put_text(&text, "\n");
	}
	assert_string_equal(buf_text(&text), "2.5.4.10=o/2.5.4.3=n\n2:a 1:e@f 7:01020304 6:urn:x\n"
					     "1.3.6.1.5.5.7.3.3\n8080\n1893553445\n");
	AUTO(auto_x509) X509 *second = issue(template);
	assert_int_equal(X509_get_pathlen(second), 1);
	AUTO(buf_free) struct buf before = { 0 };
	AUTO(buf_free) struct buf after = { 0 };
	put_extension(first, NID_info_access, &before);
	put_extension(second, NID_info_access, &after);
	put_extension(first, NID_subject_key_identifier, &before);
	put_extension(second, NID_subject_key_identifier, &after);
	assert_string_equal(buf_text(&after), buf_text(&before));
}

static void wrong_values_are_refused_with_their_place(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "1", "json: cannot unmarshal number into Go value of type Cert" },
		{ "[]", "json: cannot unmarshal array into Go value of type Cert" },
		{ "{", "unexpected end of JSON input" },
		{ "\"AAEC\"", "not an X.509 certificate" },
		{ "{\"DNSNames\":\"a\"}", "json: cannot unmarshal string into Go struct field "
					  "Cert.DNSNames of type []string" },
		{ "{\"Subject\":{\"CommonName\":3}}",
			"json: cannot unmarshal number into Go struct "
			"field Cert.Subject.CommonName of type string" },
		{ "{\"DNSNames\":[\"\u00e9\"]}",
			"x509: \"\u00e9\" cannot be encoded as an IA5String (Cert.DNSNames)" },
		{ "{\"DNSNames\":[\"a\\u0000\"]}",
			"the text contains a NUL character: \"a\" (Cert.DNSNames)" },
		{ "{\"IPAddresses\":[\"x\"]}", "invalid IP address: x (Cert.IPAddresses)" },
		{ "{\"IPAddresses\":[\"1.2.3.04\"]}",
			"invalid IP address: 1.2.3.04 (Cert.IPAddresses)" },
		{ "{\"NotAfter\":\"2030\"}",
			"parsing time \"2030\" as \"2006-01-02T15:04:05Z07:00\" "
			"failed (Cert.NotAfter)" },
		{ "{\"NotAfter\":\"2030-02-30T00:00:00Z\"}", "parsing time" },
		{ "{\"NotAfter\":\"2030-01-02T03:04:05\"}", "parsing time" },
		{ "{\"NotAfter\":\"2030-01-02T03:04:05.Z\"}", "parsing time" },
		{ "{\"NotAfter\":\"2030-01-02T03:04:05+0100\"}", "parsing time" },
		{ "{\"NotAfter\":\"2030-01-02T03:04:05+01:60\"}", "parsing time" },
		{ "{\"NotAfter\":\"2030-01-02T03:04:05+24:00\"}", "parsing time" },
		{ "{\"NotAfter\":\"2030-01-02T03:04:05+-1:00\"}", "parsing time" },
		{ "{\"KeyUsage\":512}", "KeyUsage 512 has bits that mean nothing (Cert)" },
		{ "{\"KeyUsage\":-1}", "KeyUsage -1 has bits that mean nothing (Cert)" },
		{ "{\"ExtKeyUsage\":[14]}",
			"x509: unknown extended key usage 14 (Cert.ExtKeyUsage)" },
		{ "{\"ExtKeyUsage\":[-1]}",
			"x509: unknown extended key usage -1 (Cert.ExtKeyUsage)" },
		{ "{\"UnknownExtKeyUsage\":[[3,4]]}",
			"invalid object identifier: 3.4 (Cert.UnknownExtKeyUsage)" },
		{ "{\"UnknownExtKeyUsage\":[[]]}",
			"invalid object identifier:  (Cert.UnknownExtKeyUsage)" },
		{ "{\"MaxPathLen\":1}", "x509: only CAs are allowed to specify MaxPathLen (Cert)" },
		{ "{\"IsCA\":true,\"MaxPathLen\":-2}", "MaxPathLen -2 is out of range (Cert)" },
		{ "{\"ExtraExtensions\":[{\"Value\":\"AA==\"}]}",
			"Id is missing (Cert.ExtraExtensions)" },
		{ "{\"Subject\":{\"ExtraNames\":[{\"Type\":[1,2]}]}}",
			"Type or Value is missing (Cert.Subject.ExtraNames)" },
		{ "{\"PermittedIPRanges\":[{\"IP\":\"::\",\"Mask\":\"AAAA\"}]}",
			"IP and Mask must be of the same length (Cert.PermittedIPRanges)" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct error err = { 0 };
		assert_null(cert_template_parse(bytes_of_text(rows[i].json), &err));
		assert_int_equal(err.kind, ERROR_INVALID);
		if (strncmp(err.message, rows[i].expected, strlen(rows[i].expected)) != 0)
			fail_msg("%s gives %s", rows[i].json, err.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_gives_the_defaults),
		cmocka_unit_test(subjects_are_encoded_as_go_does),
		cmocka_unit_test(alternative_names_have_the_types_of_their_members),
		cmocka_unit_test(usages_are_numbered_as_in_go),
		cmocka_unit_test(the_end_is_an_rfc_3339_time),
		cmocka_unit_test(authorities_have_a_path_length),
		cmocka_unit_test(further_members_become_extensions),
		cmocka_unit_test(a_certificate_is_a_template_too),
		cmocka_unit_test(wrong_values_are_refused_with_their_place),
	};
	crypto_setup();
	return cmocka_run_group_tests_name("cert_template", tests, NULL, NULL);
}
