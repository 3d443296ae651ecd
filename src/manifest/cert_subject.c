/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/cert_subject.h"

#include "manifest/cert_values.h"

#include <ctype.h>
#include <string.h>

#define LIST_FIELD(name, member)                                                                   \
	GO_JSON_PAIR(cert_subject, name, go_json_text_list, member.items, member.count)

static bool is_printable_string(const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c >= 0x80 || !(isalnum(c) || strchr(" '()+,-./:=?", c)))
			return false;
	}
	return true;
}

/* `set` is 0 to start an RDN and -1 to add to the last one. */
static void add_part(X509_NAME *name, const ASN1_OBJECT *type, const char *text, int set)
{
	int encoding = is_printable_string(text) ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING;
	if (X509_NAME_add_entry_by_OBJ(
		    name, type, encoding, (const uint8_t *)text, (int)strlen(text), -1, set) != 1)
		abort();
}

struct extra_name {
	ASN1_OBJECT *type;
	char *value;
};

static const struct go_json_field extra_name_fields[] = {
	GO_JSON_FIELD(extra_name, "Type", cert_value_oid, type),
	GO_JSON_FIELD(extra_name, "Value", go_json_text, value),
	GO_JSON_END,
};

static bool add_extra_name(struct go_json *in, void *names)
{
	struct extra_name extra = { 0 };
	bool decoded = go_json_struct(in, extra_name_fields, &extra, "pkix.AttributeTypeAndValue");
	bool complete = extra.type && extra.value;
	if (complete)
		add_part(names, extra.type, extra.value, 0);
	ASN1_OBJECT_free(extra.type);
	free(extra.value);
	return decoded && (complete || go_json_fail(in, "Type or Value is missing"));
}

static bool decode_extra_names(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	X509_NAME **place = value;
	X509_NAME_free(*place);
	*place = cert_name(NULL);
	return go_json_list(in, add_extra_name, *place, "[]pkix.AttributeTypeAndValue");
}

static const struct go_json_field subject_fields[] = {
	LIST_FIELD("Country", country),
	LIST_FIELD("Organization", organization),
	LIST_FIELD("OrganizationalUnit", organizational_unit),
	LIST_FIELD("Locality", locality),
	LIST_FIELD("Province", province),
	LIST_FIELD("StreetAddress", street_address),
	LIST_FIELD("PostalCode", postal_code),
	GO_JSON_FIELD(cert_subject, "CommonName", go_json_text, common_name),
	GO_JSON_FIELD(cert_subject, "SerialNumber", go_json_text, serial_number),
	GO_JSON_FIELD(cert_subject, "ExtraNames", decode_extra_names, extra_names),
	GO_JSON_END,
};

bool cert_subject_decode(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	return go_json_struct(in, subject_fields, value, "pkix.Name");
}

void cert_subject_free(struct cert_subject *subject)
{
	text_list_free(subject->country.items, subject->country.count);
	text_list_free(subject->organization.items, subject->organization.count);
	text_list_free(subject->organizational_unit.items, subject->organizational_unit.count);
	text_list_free(subject->locality.items, subject->locality.count);
	text_list_free(subject->province.items, subject->province.count);
	text_list_free(subject->street_address.items, subject->street_address.count);
	text_list_free(subject->postal_code.items, subject->postal_code.count);
	free(subject->common_name);
	free(subject->serial_number);
	X509_NAME_free(subject->extra_names);
}

static void add_list(
	X509_NAME *name, int nid, const struct cert_subject_list *list, const X509_NAME *extra)
{
	bool replaced = extra && X509_NAME_get_index_by_NID(extra, nid, -1) >= 0;
	for (size_t i = 0; i < list->count && !replaced; i++)
		add_part(name, OBJ_nid2obj(nid), list->items[i], i ? -1 : 0);
}

static void add_one(X509_NAME *name, int nid, char *text, const X509_NAME *extra)
{
	struct cert_subject_list list = { &text, 1 };
	if (text && *text)
		add_list(name, nid, &list, extra);
}

X509_NAME *cert_subject_build(const struct cert_subject *subject, const char *default_name)
{
	const X509_NAME *extra = subject->extra_names;
	bool has_name = subject->common_name && *subject->common_name;
	X509_NAME *name = cert_name(NULL);
	add_list(name, NID_countryName, &subject->country, extra);
	add_list(name, NID_stateOrProvinceName, &subject->province, extra);
	add_list(name, NID_localityName, &subject->locality, extra);
	add_list(name, NID_streetAddress, &subject->street_address, extra);
	add_list(name, NID_postalCode, &subject->postal_code, extra);
	add_list(name, NID_organizationName, &subject->organization, extra);
	add_list(name, NID_organizationalUnitName, &subject->organizational_unit, extra);
	add_one(name, NID_commonName, has_name ? subject->common_name : (char *)default_name,
		extra);
	add_one(name, NID_serialNumber, subject->serial_number, extra);
	for (int i = 0; extra && i < X509_NAME_entry_count(extra); i++) {
		if (X509_NAME_add_entry(name, X509_NAME_get_entry(extra, i), -1, 0) != 1)
			abort();
	}
	return name;
}
