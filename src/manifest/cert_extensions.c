/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/cert_extensions.h"

#include "manifest/cert_values.h"

DEFINE_AUTO_FREE(auto_access, AUTHORITY_INFO_ACCESS *, AUTHORITY_INFO_ACCESS_free)
DEFINE_AUTO_FREE(auto_points, CRL_DIST_POINTS *, CRL_DIST_POINTS_free)
DEFINE_AUTO_FREE(auto_constraints, NAME_CONSTRAINTS *, NAME_CONSTRAINTS_free)
DEFINE_AUTO_FREE(auto_octets, ASN1_OCTET_STRING *, ASN1_OCTET_STRING_free)

static void *must(void *pointer)
{
	if (!pointer)
		abort();
	return pointer;
}

static bool add_policy(struct go_json *in, void *policies)
{
	ASN1_OBJECT *id = NULL;
	if (!cert_value_oid(in, &id, NULL))
		return false;
	POLICYINFO *policy = must(POLICYINFO_new());
	ASN1_OBJECT_free(policy->policyid);
	policy->policyid = id;
	if (sk_POLICYINFO_push(policies, policy) <= 0)
		abort();
	return true;
}

bool cert_extensions_decode_policies(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	CERTIFICATEPOLICIES **place = value;
	CERTIFICATEPOLICIES_free(*place);
	*place = must(CERTIFICATEPOLICIES_new());
	return go_json_list(in, add_policy, *place, "[]asn1.ObjectIdentifier");
}

static void push(STACK_OF(X509_EXTENSION) * extensions, X509_EXTENSION *extension)
{
	if (sk_X509_EXTENSION_push(extensions, extension) <= 0)
		abort();
}

struct extra_extension {
	ASN1_OBJECT *id;
	bool critical;
	struct buf value;
};

static const struct go_json_field extra_fields[] = {
	GO_JSON_FIELD(extra_extension, "Id", cert_value_oid, id),
	GO_JSON_FIELD(extra_extension, "Critical", go_json_bool, critical),
	GO_JSON_FIELD(extra_extension, "Value", go_json_bytes, value),
	GO_JSON_END,
};

static X509_EXTENSION *build_extra(const struct extra_extension *extra)
{
	AUTO(auto_octets) ASN1_OCTET_STRING *octets = must(ASN1_OCTET_STRING_new());
	if (ASN1_OCTET_STRING_set(octets, extra->value.data, (int)extra->value.size) != 1)
		abort();
	return must(X509_EXTENSION_create_by_OBJ(NULL, extra->id, extra->critical, octets));
}

static bool add_extra(struct go_json *in, void *extensions)
{
	struct extra_extension extra = { 0 };
	bool decoded = go_json_struct(in, extra_fields, &extra, "pkix.Extension");
	bool complete = extra.id;
	if (complete)
		push(extensions, build_extra(&extra));
	ASN1_OBJECT_free(extra.id);
	buf_free(&extra.value);
	return decoded && (complete || go_json_fail(in, "Id is missing"));
}

bool cert_extensions_decode_extra(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	STACK_OF(X509_EXTENSION) **place = value;
	sk_X509_EXTENSION_pop_free(*place, X509_EXTENSION_free);
	*place = must(sk_X509_EXTENSION_new_null());
	return go_json_list(in, add_extra, *place, "[]pkix.Extension");
}

static void free_name_set(struct cert_name_set *set)
{
	GENERAL_NAMES_free(set->dns);
	GENERAL_NAMES_free(set->ip_ranges);
	GENERAL_NAMES_free(set->emails);
	GENERAL_NAMES_free(set->uris);
}

void cert_extensions_free(struct cert_extensions *extensions)
{
	free_name_set(&extensions->permitted);
	free_name_set(&extensions->excluded);
	GENERAL_NAMES_free(extensions->ocsp_servers);
	GENERAL_NAMES_free(extensions->issuer_urls);
	GENERAL_NAMES_free(extensions->crl_urls);
	CERTIFICATEPOLICIES_free(extensions->policies);
	buf_free(&extensions->subject_key_id);
	sk_X509_EXTENSION_pop_free(extensions->extra, X509_EXTENSION_free);
}

/* An extra extension stands for the member of its type, as in Go. */
static void add(STACK_OF(X509_EXTENSION) * all, X509_EXTENSION *extension)
{
	const ASN1_OBJECT *type = X509_EXTENSION_get_object(must(extension));
	if (X509v3_get_ext_by_OBJ(all, type, -1) >= 0)
		X509_EXTENSION_free(extension);
	else
		push(all, extension);
}

static void add_access(AUTHORITY_INFO_ACCESS *access, int method, GENERAL_NAMES *urls)
{
	while (sk_GENERAL_NAME_num(urls) > 0) {
		ACCESS_DESCRIPTION *description = must(ACCESS_DESCRIPTION_new());
		ASN1_OBJECT_free(description->method);
		GENERAL_NAME_free(description->location);
		description->method = OBJ_nid2obj(method);
		description->location = sk_GENERAL_NAME_shift(urls);
		if (sk_ACCESS_DESCRIPTION_push(access, description) <= 0)
			abort();
	}
}

static void build_access(struct cert_extensions *from, STACK_OF(X509_EXTENSION) * to)
{
	AUTO(auto_access) AUTHORITY_INFO_ACCESS *access = must(AUTHORITY_INFO_ACCESS_new());
	add_access(access, NID_ad_OCSP, from->ocsp_servers);
	add_access(access, NID_ad_ca_issuers, from->issuer_urls);
	if (sk_ACCESS_DESCRIPTION_num(access) > 0)
		add(to, X509V3_EXT_i2d(NID_info_access, 0, access));
}

/* As Go: each URL is a distribution point of its own. */
static void build_crl_points(struct cert_extensions *from, STACK_OF(X509_EXTENSION) * to)
{
	AUTO(auto_points) CRL_DIST_POINTS *points = must(CRL_DIST_POINTS_new());
	while (sk_GENERAL_NAME_num(from->crl_urls) > 0) {
		DIST_POINT *point = must(DIST_POINT_new());
		point->distpoint = must(DIST_POINT_NAME_new());
		point->distpoint->type = 0;
		point->distpoint->name.fullname = must(GENERAL_NAMES_new());
		if (sk_GENERAL_NAME_push(point->distpoint->name.fullname,
			    sk_GENERAL_NAME_shift(from->crl_urls)) <= 0 ||
			sk_DIST_POINT_push(points, point) <= 0)
			abort();
	}
	if (sk_DIST_POINT_num(points) > 0)
		add(to, X509V3_EXT_i2d(NID_crl_distribution_points, 0, points));
}

static void add_subtrees(STACK_OF(GENERAL_SUBTREE) * *subtrees, GENERAL_NAMES *names)
{
	while (sk_GENERAL_NAME_num(names) > 0) {
		GENERAL_SUBTREE *subtree = must(GENERAL_SUBTREE_new());
		GENERAL_NAME_free(subtree->base);
		subtree->base = sk_GENERAL_NAME_shift(names);
		if (!*subtrees)
			*subtrees = must(sk_GENERAL_SUBTREE_new_null());
		if (sk_GENERAL_SUBTREE_push(*subtrees, subtree) <= 0)
			abort();
	}
}

static void add_name_set(STACK_OF(GENERAL_SUBTREE) * *subtrees, struct cert_name_set *set)
{
	add_subtrees(subtrees, set->dns);
	add_subtrees(subtrees, set->ip_ranges);
	add_subtrees(subtrees, set->emails);
	add_subtrees(subtrees, set->uris);
}

static void build_constraints(struct cert_extensions *from, STACK_OF(X509_EXTENSION) * to)
{
	AUTO(auto_constraints) NAME_CONSTRAINTS *constraints = must(NAME_CONSTRAINTS_new());
	add_name_set(&constraints->permittedSubtrees, &from->permitted);
	add_name_set(&constraints->excludedSubtrees, &from->excluded);
	if (constraints->permittedSubtrees || constraints->excludedSubtrees)
		add(to, X509V3_EXT_i2d(
				NID_name_constraints, from->constraints_are_critical, constraints));
}

static void build_subject_key_id(struct cert_extensions *from, STACK_OF(X509_EXTENSION) * to)
{
	AUTO(auto_octets) ASN1_OCTET_STRING *id = must(ASN1_OCTET_STRING_new());
	if (!from->subject_key_id.size)
		return;
	if (ASN1_OCTET_STRING_set(id, from->subject_key_id.data, (int)from->subject_key_id.size) !=
		1)
		abort();
	add(to, X509V3_EXT_i2d(NID_subject_key_identifier, 0, id));
}

STACK_OF(X509_EXTENSION) * cert_extensions_build(struct cert_extensions *from)
{
	STACK_OF(X509_EXTENSION) *all = from->extra;
	from->extra = NULL;
	if (!all)
		all = must(sk_X509_EXTENSION_new_null());
	build_access(from, all);
	build_crl_points(from, all);
	build_constraints(from, all);
	build_subject_key_id(from, all);
	if (sk_POLICYINFO_num(from->policies) > 0)
		add(all, X509V3_EXT_i2d(NID_certificate_policies, 0, from->policies));
	if (sk_X509_EXTENSION_num(all) > 0)
		return all;
	sk_X509_EXTENSION_free(all);
	return NULL;
}
