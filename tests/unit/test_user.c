/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest_rows.h"

#include "crypto/cert.h"
#include "manifest/update.h"

#define PACKAGES  "'Packages':{'p':{'Debug':true},'q':{'Debug':true}}"
#define MARBLES   "'Marbles':{'m':{'Package':'p'}}"
#define CHECK     "checking update manifest: "
#define DOWNGRADE "update manifest tries to downgrade SecurityVersion of the original manifest"
#define VM                                                                                         \
	"update manifest updates a package of a confidential VM, which has no SecurityVersion: "   \
	"submit a whole manifest with new values of MRTD and RTMR0 to RTMR3 instead"
#define MRTD                                                                                       \
	"d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0"                                         \
	"d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0"

/* A certificate as a member of a manifest, and its DER. */
static void put_certificate(struct buf *json, struct buf *der)
{
	struct error err = { 0 };
	AUTO(auto_pkey) EVP_PKEY *key = key_generate_ec(256, &err);
	AUTO(auto_x509_name) X509_NAME *name = cert_name("user");
	const struct cert_fields fields = { .key = key, .subject = name, .issuer_key = key };
	AUTO(auto_x509) X509 *certificate = cert_issue(&fields, &err);
	assert_success(certificate != NULL, err);
	AUTO(buf_free) struct buf pem = { 0 };
	cert_put_pem(certificate, &pem);
	cert_put_der(certificate, der);
	buf_put_text(json, "'Certificate':'");
	for (size_t i = 0; i < pem.size; i++)
		buf_printf(json, pem.data[i] == '\n' ? "\\n" : "%c", pem.data[i]);
	buf_put_text(json, "'");
}

static void a_user_may_what_one_of_the_roles_allows(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf json = { 0 };
	AUTO(buf_free) struct buf der = { 0 };
	buf_put_text(&json, "{" PACKAGES "," MARBLES ","
			    "'Secrets':{'s':{'Type':'symmetric-key','Size':8,'Shared':true}},"
			    "'Roles':{'first':{'ResourceType':'Packages','ResourceNames':['p'],"
			    "'Actions':['updatesecurityversion']},"
			    "'empty':{'ResourceType':'Secrets','Actions':['ReadSecret']},"
			    "'all':{'ResourceType':'Manifest','Actions':['UpdateManifest']}},"
			    "'Users':{'u':{'Roles':['first','empty','all'],");
	put_certificate(&json, &der);
	buf_put_text(&json, "}}}");
	AUTO(auto_manifest) struct manifest *manifest = parse_manifest(buf_text(&json));
	const struct manifest_user *user = user_find(&manifest->users, buf_bytes(&der));
	assert_non_null(user);
	assert_string_equal(user->name, "u");
	assert_true(user_may(user, USER_UPDATE_SECURITY_VERSION, "p"));
	assert_true(user_may(user, USER_UPDATE_SECURITY_VERSION, NULL));
	assert_false(user_may(user, USER_UPDATE_SECURITY_VERSION, "q"));
	assert_true(user_may(user, USER_UPDATE_MANIFEST, NULL));
	/* a role without resources grants nothing */
	assert_false(user_may(user, USER_READ_SECRET, "s"));
	assert_false(user_may(user, USER_READ_SECRET, NULL));
	assert_false(user_may(user, USER_WRITE_SECRET, "s"));
	der.data[der.size - 1] ^= 1;
	assert_null(user_find(&manifest->users, buf_bytes(&der)));
}

static void admins_may_update_every_package(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf json = { 0 };
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(buf_free) struct buf admin = { 0 };
	put_certificate(&admin, &der);
	buf_printf(&json, "{" PACKAGES "," MARBLES ",'Admins':{'a':%s}}",
		strchr(buf_text(&admin), ':') + 1);
	AUTO(auto_manifest) struct manifest *manifest = parse_manifest(buf_text(&json));
	const struct manifest_user *user = user_find(&manifest->users, buf_bytes(&der));
	assert_non_null(user);
	assert_true(user_may(user, USER_UPDATE_SECURITY_VERSION, "p"));
	assert_true(user_may(user, USER_UPDATE_SECURITY_VERSION, "q"));
	assert_false(user_may(user, USER_UPDATE_MANIFEST, NULL));
	static const struct manifest_row rows[] = {
		{ "{" PACKAGES "," MARBLES ",'Admins':{'a':'x'}}",
			"generating users from manifest: received invalid certificate for user a" },
	};
	CHECK_REFUSED(rows, ERROR_INVALID);
}

static bool read_update(const char *json, struct manifest_update *update, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	buf_put_text(&text, json);
	for (size_t i = 0; i < text.size; i++)
		text.data[i] = text.data[i] == '\'' ? '"' : text.data[i];
	return manifest_update_read(buf_bytes(&text), update, err);
}

static void only_packages_and_config_make_a_package_update(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		bool is_full;
	} rows[] = {
		{ "{" PACKAGES "}", false },
		{ "{" PACKAGES ",'Config':{'UpdateThreshold':7},'Users':{}}", false },
		{ "{}", false },
		{ "{" PACKAGES "," MARBLES "}", true },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct error err = { 0 };
		AUTO(manifest_update_free) struct manifest_update update = { 0 };
		assert_success(read_update(rows[i].json, &update, &err), err);
		assert_int_equal(update.is_full, rows[i].is_full);
	}
	struct error err = { 0 };
	AUTO(manifest_update_free) struct manifest_update broken = { 0 };
	assert_failure(read_update("{", &broken, &err), err, ERROR_INVALID,
		"unmarshaling manifest: unexpected end of JSON input");
	assert_failure(read_update("{" PACKAGES ",'Roles':{'r':{}}}", &broken, &err), err,
		ERROR_INVALID, "invalid manifest: no allowed marbles defined");
}

static void packages_are_only_raised(void **state)
{
	(void)state;
	AUTO(auto_manifest)
	struct manifest *manifest =
		parse_manifest("{'Packages':{'p':{'Debug':true,'SecurityVersion':3},"
			       "'q':{'Debug':true},'vm':{'MRTD':'" MRTD "'},'half':{'RTMR3':'" MRTD
			       "'}}," MARBLES "}");
	static const struct {
		const char *packages;
		const char *message; /* NULL: it is possible */
	} rows[] = {
		{ "'p':{'SecurityVersion':4},'q':{'SecurityVersion':0}", NULL },
		{ "'p':{'SecurityVersion':3,'AcceptedTCBStatuses':['Revoked']}", NULL },
		{ "'p':{'SecurityVersion':2}", CHECK DOWNGRADE },
		{ "", CHECK "no packages defined" },
		{ "'p':{}", CHECK "update manifest does not specify a SecurityVersion to update" },
		{ "'p':{'SecurityVersion':4,'Debug':true}",
			CHECK "update manifest contains unupdatable values" },
		{ "'p':{'SecurityVersion':4,'UniqueID':'00'}",
			CHECK "update manifest contains unupdatable values" },
		{ "'p':{'SecurityVersion':4,'SignerID':'00'}",
			CHECK "update manifest contains unupdatable values" },
		{ "'p':{'SecurityVersion':4,'ProductID':0}",
			CHECK "update manifest contains unupdatable values" },
		{ "'p':{'SecurityVersion':4,'MinimumTCBEvaluationDataNumber':1}",
			CHECK "update manifest contains unupdatable values" },
		{ "'p':{'SecurityVersion':4,'AcceptedPlatforms':["
		  "'00112233445566778899aabbccddeeff']}",
			CHECK "update manifest contains unupdatable values" },
		{ "'p':{'SecurityVersion':4,'MRTD':'" MRTD "'}",
			CHECK "update manifest contains unupdatable values" },
		{ "'p':{'SecurityVersion':4,'RTMR2':'" MRTD "'}",
			CHECK "update manifest contains unupdatable values" },
		{ "'vm':{'MRTD':'" MRTD "'}", CHECK "update manifest contains unupdatable values" },
		{ "'vm':{'SecurityVersion':3}", CHECK VM },
		{ "'vm':{}", CHECK VM },
		{ "'p':{'SecurityVersion':4},'half':{'SecurityVersion':3}", CHECK VM },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct error err = { 0 };
		AUTO(buf_free) struct buf json = { 0 };
		AUTO(manifest_update_free) struct manifest_update update = { 0 };
		buf_printf(&json, "{'Packages':{%s}}", rows[i].packages);
		assert_success(read_update(buf_text(&json), &update, &err), err);
		bool possible =
			manifest_update_check_packages(&update.packages, &manifest->packages, &err);
		assert_int_equal(possible, !rows[i].message);
		if (rows[i].message)
			assert_string_equal(err.message, rows[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_may_what_one_of_the_roles_allows),
		cmocka_unit_test(admins_may_update_every_package),
		cmocka_unit_test(only_packages_and_config_make_a_package_update),
		cmocka_unit_test(packages_are_only_raised),
	};
	crypto_setup();
	return cmocka_run_group_tests_name("user", tests, NULL, NULL);
}
