/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest_rows.h"

#include "crypto/cert.h"

static void check_accepted(const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		manifest_free(parse_manifest(texts[i]));
}

#define COUNT(rows)       (sizeof(rows) / sizeof(*(rows)))
#define INVALID(rows)     CHECK_REFUSED(rows, ERROR_INVALID)
#define UNSUPPORTED(rows) CHECK_REFUSED(rows, ERROR_UNSUPPORTED)

#define PACKAGES            "'Packages':{'p':{'UniqueID':'a'}}"
#define MARBLES             "'Marbles':{'m':{'Package':'p'}}"
#define PACKAGE(properties) "{'Packages':{'p':{" properties "}}," MARBLES "}"
#define MARBLE(members)     "{" PACKAGES ",'Marbles':{'m':{'Package':'p'," members "}}}"
#define WITH(sections)      "{" PACKAGES "," MARBLES "," sections "}"
#define CHECKING            "checking manifest: "
#define HASH                                                                                       \
	"d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0"                                         \
	"d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0"

static void packages_and_marbles_are_required(void **state)
{
	(void)state;
	static const struct manifest_row rows[] = {
		{ "null", CHECKING "no allowed packages defined" },
		{ "{}", CHECKING "no allowed packages defined" },
		{ "{'Packages':{}," MARBLES "}", CHECKING "no allowed packages defined" },
		{ "{" PACKAGES "}", CHECKING "no allowed marbles defined" },
		{ "{" PACKAGES ",'Marbles':null}", CHECKING "no allowed marbles defined" },
		{ "{" PACKAGES ",'Marbles':{'m':{'Package':'q'}}}",
			CHECKING "manifest does not contain marble package q" },
		{ "{" PACKAGES ",'Marbles':{'m':{'Package':'P'}}}",
			CHECKING "manifest does not contain marble package P" },
		{ "{" PACKAGES ",'Marbles':{'m':{}}}",
			CHECKING "manifest does not contain marble package " },
		{ "{" PACKAGES ",'Marbles':{'m':null}}",
			CHECKING "manifest does not contain marble package " },
	};
	INVALID(rows);
}

static void packages_are_identified_in_one_way(void **state)
{
	(void)state;
#define BOTH                                                                                       \
	CHECKING "manifest specifies both UniqueID *and* SignerID/ProductID/SecurityVersion in "   \
		 "package p"
#define MISSES(what) CHECKING "manifest misses value for " what " in package p"
#define VM_BOTH                                                                                    \
	CHECKING "manifest specifies both MRTD/RTMR0 to RTMR3 *and* "                              \
		 "UniqueID/SignerID/ProductID/SecurityVersion in package p"
	static const struct manifest_row rows[] = {
		{ PACKAGE("'UniqueID':'a','SignerID':'b'"), BOTH },
		{ PACKAGE("'MRTD':'" HASH "','UniqueID':'b'"), VM_BOTH },
		{ PACKAGE("'RTMR3':'" HASH "','SignerID':'b','ProductID':0,'SecurityVersion':0"),
			VM_BOTH },
		{ PACKAGE("'MRTD':'" HASH "','SecurityVersion':0"), VM_BOTH },
		{ PACKAGE("'RTMR0':'" HASH "'"), MISSES("MRTD") },
		{ PACKAGE("'Debug':true,'RTMR2':'" HASH "'"), MISSES("MRTD") },
		{ PACKAGE("'UniqueID':'a','ProductID':0"), BOTH },
		{ PACKAGE("'UniqueID':'a','SecurityVersion':1"), BOTH },
		{ PACKAGE(""), MISSES("SignerID") },
		{ PACKAGE("'UniqueID':'','ProductID':1,'SecurityVersion':1"), MISSES("SignerID") },
		{ PACKAGE("'SignerID':'b','SecurityVersion':1"), MISSES("ProductID") },
		{ PACKAGE("'SignerID':'b','ProductID':0"), MISSES("SecurityVersion") },
	};
	INVALID(rows);
	static const char *const accepted[] = {
		PACKAGE("'SignerID':'b','ProductID':0,'SecurityVersion':0"),
		PACKAGE("'Debug':true"),
		PACKAGE("'MRTD':'" HASH "'"),
		PACKAGE("'mrtd':'" HASH "','RTMR0':'" HASH
			"','RTMR1':'','RTMR2':null,'rtmr3':'" HASH "'"),
		PACKAGE("'Debug':true,'UniqueID':'a','SignerID':'b'"),
		PACKAGE("'UniqueID':'not hexadecimal','AcceptedTCBStatuses':['anything']"),
		/* a package that no Marble uses may be anything */
		"{'Packages':{'p':{'UniqueID':'a'},'unused':{}}," MARBLES "}",
	};
	check_accepted(accepted, COUNT(accepted));
}

static void what_packages_demand_of_machines_is_well_formed(void **state)
{
	(void)state;
#define ID               "00112233445566778899aabbccddeeff"
#define UNMARSHAL        "unmarshaling manifest: "
#define IN(name)         "Manifest.Packages.p." name
#define PLATFORMS(value) PACKAGE("'UniqueID':'a','AcceptedPlatforms':" value)
#define MINIMUM(value)   PACKAGE("'UniqueID':'a','MinimumTCBEvaluationDataNumber':" value)
#define NO_ID(text)                                                                                \
	UNMARSHAL "\"" text "\" is no PPID or platform instance ID of 32 hex digits "              \
		  "(" IN("AcceptedPlatforms") ")"
	static const struct manifest_row rows[] = {
		{ PLATFORMS("['" ID "','" ID "0']"), NO_ID(ID "0") },
		{ PLATFORMS("['0011']"), NO_ID("0011") },
		{ PLATFORMS("['g0112233445566778899aabbccddeeff']"),
			NO_ID("g0112233445566778899aabbccddeeff") },
		{ PLATFORMS("['']"), NO_ID("") },
		{ PLATFORMS("[null]"), NO_ID("") },
		{ PLATFORMS("[]"),
			UNMARSHAL "the list accepts no platform: leave it out to accept any "
				  "(" IN("AcceptedPlatforms") ")" },
		{ PLATFORMS("'" ID "'"),
			UNMARSHAL "json: cannot unmarshal string into Go struct field " IN(
				"AcceptedPlatforms") " of type []string" },
		{ PLATFORMS("[17]"),
			UNMARSHAL "json: cannot unmarshal number into Go struct field " IN(
				"AcceptedPlatforms") " of type string" },
		{ MINIMUM("-1"),
			UNMARSHAL "json: cannot unmarshal number -1 into Go struct field " IN(
				"MinimumTCBEvaluationDataNumber") " of type uint" },
		{ MINIMUM("'17'"),
			UNMARSHAL "json: cannot unmarshal string into Go struct field " IN(
				"MinimumTCBEvaluationDataNumber") " of type uint" },
	};
	INVALID(rows);
	static const char *const accepted[] = {
		PLATFORMS("['" ID "','00112233445566778899AABBCCDDEEFF']"),
		PLATFORMS("null"),
		MINIMUM("0"),
		MINIMUM("null"),
		MINIMUM("17"),
		PACKAGE("'MRTD':'" HASH
			"','MinimumTCBEvaluationDataNumber':1,'AcceptedPlatforms':['" ID "']"),
	};
	check_accepted(accepted, COUNT(accepted));
}

static void registers_of_vms_are_hashes(void **state)
{
	(void)state;
#define REGISTERS(members)  "{'Packages':{'p':{'MRTD':'" HASH "'," members "}}," MARBLES "}"
#define NO_HASH(name, text) UNMARSHAL "\"" text "\" is no value of 96 hex digits (" IN(name) ")"
	static const struct manifest_row rows[] = {
		{ PACKAGE("'MRTD':'d0d0'"), NO_HASH("MRTD", "d0d0") },
		{ PACKAGE("'MRTD':'" HASH "d0'"), NO_HASH("MRTD", HASH "d0") },
		{ PACKAGE("'MRTD':'xy'"), NO_HASH("MRTD", "xy") },
		{ PACKAGE("'MRTD':' '"), NO_HASH("MRTD", " ") },
		{ REGISTERS("'RTMR0':'0'"), NO_HASH("RTMR0", "0") },
		{ REGISTERS("'RTMR1':'1'"), NO_HASH("RTMR1", "1") },
		{ REGISTERS("'RTMR2':'2'"), NO_HASH("RTMR2", "2") },
		{ REGISTERS("'RTMR3':'3'"), NO_HASH("RTMR3", "3") },
		{ "{'Packages':{'p':{'UniqueID':'a'},'unused':{'rtmr3':'0x'}}," MARBLES "}",
			UNMARSHAL "\"0x\" is no value of 96 hex digits "
				  "(Manifest.Packages.unused.rtmr3)" },
		{ REGISTERS("'RTMR1':1"),
			UNMARSHAL "json: cannot unmarshal number into Go struct field " IN(
				"RTMR1") " of type string" },
	};
	INVALID(rows);
}

static void tls_tags_are_complete(void **state)
{
	(void)state;
#define TLS(tag) WITH("'Secrets':{'s':{'Type':'cert-ecdsa','Size':256}},'TLS':{'t':{" tag "}}")
	static const struct manifest_row rows[] = {
		{ MARBLE("'TLS':['t']"), CHECKING "manifest misses TLS entry for t" },
		{ TLS("'Incoming':[{}]"), CHECKING "manifest misses Port in TLS.Incoming.t" },
		{ TLS("'Incoming':[{'Port':'1','Cert':'x','DisableClientAuth':true}]"),
			CHECKING "TLS.Incoming.t references undefined secret x" },
		{ TLS("'Incoming':[{'Port':'1','Cert':'s'}]"),
			CHECKING "TLS.Incoming.t defines Cert but does not disable client "
				 "authentication" },
		{ TLS("'Incoming':[{'Port':'1','DisableClientAuth':true}]"),
			CHECKING "TLS.Incoming.t disables client authentication" },
		{ TLS("'Outgoing':[{'Port':'1'}]"),
			CHECKING "manifest misses Addr in TLS.Outgoing.t" },
		{ TLS("'Outgoing':[{'Addr':'a'}]"),
			CHECKING "manifest misses Port in TLS.Outgoing.t" },
		{ TLS("'Outgoing':[{'Addr':'a','Port':'1'},{'Addr':'a','Port':''}]"),
			CHECKING "manifest misses Port in TLS.Outgoing.t" },
		{ TLS("'Outgoing':[{'Addr':'a','Port':1}]"),
			"unmarshaling manifest: json: cannot unmarshal number into Go struct field "
			"Manifest.TLS.t.Outgoing.Port of type string" },
	};
	INVALID(rows);
	static const char *const accepted[] = {
		TLS("'Incoming':[{'Port':'1'},{'Port':'1','Cert':'s','DisableClientAuth':true}],"
		    "'Outgoing':[{'Addr':'a','Port':'1'}]"),
		TLS(""),
	};
	check_accepted(accepted, COUNT(accepted));
}

/* A manifest with a user who has a certificate, and with these further sections. */
static void put_manifest_with_user(struct buf *json, const char *sections)
{
	struct error err = { 0 };
	AUTO(auto_pkey) EVP_PKEY *key = key_generate_ec(256, &err);
	AUTO(auto_x509_name) X509_NAME *name = cert_name("user");
	const struct cert_fields fields = { .key = key, .subject = name, .issuer_key = key };
	AUTO(auto_x509) X509 *certificate = cert_issue(&fields, &err);
	AUTO(buf_free) struct buf pem = { 0 };
	assert_success(certificate != NULL, err);
	cert_put_pem(certificate, &pem);
	buf_put_text(json, "{" PACKAGES "," MARBLES ",'Users':{'u':{'Certificate':'text before ");
	for (size_t i = 0; i < pem.size; i++)
		buf_printf(json, pem.data[i] == '\n' ? "\\n" : "%c", pem.data[i]);
	buf_printf(json,
		"','Roles':['r']}},'Roles':{'r':{'ResourceType':'Manifest','Actions':["
		"'UpdateManifest']}}%s}",
		sections);
}

static void users_have_certificates_and_roles(void **state)
{
	(void)state;
	static const struct manifest_row rows[] = {
		{ WITH("'Users':{'u':{}}"),
			CHECKING "manifest does not contain a certificate for user u" },
		{ WITH("'Users':{'u':{'Certificate':'c','Roles':['r']}}"),
			CHECKING "manifest specifies role r for user u, but role does not exist" },
		{ WITH("'Users':{'c':{'Certificate':'x'},'b':{'Certificate':'y'},"
		       "'a':{'Certificate':'x'}}"),
			CHECKING "manifest contains the same certificate for users a and c" },
		{ WITH("'Users':{'u':{'Certificate':'x'}}"),
			"generating users from manifest: received invalid certificate for user u" },
	};
	INVALID(rows);
	struct error err = { 0 };
	assert_failure(
		try_manifest(WITH("'Users':{'u':{'Certificate':'-----BEGIN X-----\\nAAEC\\n-----"
				  "END X-----'}}"),
			&err),
		err, ERROR_INVALID,
		"generating users from manifest: user u: not an X.509 certificate");
	AUTO(buf_free) struct buf json = { 0 };
	put_manifest_with_user(&json, "");
	const char *text = buf_text(&json);
	check_accepted(&text, 1);
}

static void roles_allow_what_exists(void **state)
{
	(void)state;
#define ROLE(members)                                                                              \
	WITH("'Secrets':{'shared':{'Type':'symmetric-key','Size':8,'Shared':true},"                \
	     "'private':{'Type':'symmetric-key','Size':8}},'Roles':{'r':{" members "}}")
	static const struct manifest_row rows[] = {
		{ ROLE("'ResourceType':'Packages','ResourceNames':['q'],'Actions':['x']"),
			CHECKING "role r: resource q of type Packages is not defined in manifest" },
		{ ROLE("'ResourceType':'Packages','Actions':['UpdateSecurityVersion','x']"),
			CHECKING "unknown action: x for type Packages in role: r" },
		{ ROLE("'ResourceType':'Secrets','ResourceNames':['q'],'Actions':['x']"),
			CHECKING "role r: resource q of type Secrets is not defined in manifest" },
		{ ROLE("'ResourceType':'Secrets','Actions':['ReadSecret','x']"),
			CHECKING "unknown action: x for type Secrets in role: r" },
		{ ROLE("'ResourceType':'Secrets','ResourceNames':['shared'],'Actions':"
		       "['WRITESECRET']"),
			CHECKING "manifest specifies write permission for role r and secret "
				 "shared, but secret is not user-defined" },
		{ ROLE("'ResourceType':'Secrets','ResourceNames':['shared','private'],"
		       "'Actions':['readsecret']"),
			CHECKING "manifest specifies read permission for role r and "
				 "per-marble-unique secret private" },
		{ ROLE("'ResourceType':'Manifest','ResourceNames':['x']"),
			CHECKING "role r: resource names are not allowed for type Manifest" },
		{ ROLE("'ResourceType':'Manifest','Actions':['x']"),
			CHECKING "unknown action: x for type Manifest in role: r" },
		{ ROLE("'ResourceType':'packages'"),
			CHECKING "unrecognized resource type: packages for role: r" },
		{ ROLE(""), CHECKING "unrecognized resource type:  for role: r" },
	};
	INVALID(rows);
	static const char *const accepted[] = {
		ROLE("'ResourceType':'Packages','ResourceNames':['p'],'Actions':"
		     "['updatesecurityversion']"),
		ROLE("'ResourceType':'Secrets','ResourceNames':['shared'],'Actions':['ReadSecret']"),
		ROLE("'ResourceType':'Manifest','Actions':['UpdateManifest']"),
		ROLE("'ResourceType':'Manifest'"),
	};
	check_accepted(accepted, COUNT(accepted));
}

static void secrets_have_a_type_and_one_end(void **state)
{
	(void)state;
#define SECRET(members) WITH("'Secrets':{'s':{" members "}}")
	static const struct manifest_row rows[] = {
		{ SECRET("'Type':'rsa'"), CHECKING "unknown type: rsa for secret: s" },
		{ SECRET("'Type':'Symmetric-Key'"),
			CHECKING "unknown type: Symmetric-Key for secret: s" },
		{ SECRET(""), CHECKING "unknown type:  for secret: s" },
		{ SECRET("'Type':'cert-ecdsa','ValidFor':7,'Cert':{'NotAfter':"
			 "'2030-01-01T00:00:00Z'}"),
			CHECKING "ambiguous certificate validity duration for secret: s, both "
				 "NotAfter and ValidFor are specified" },
	};
	INVALID(rows);
	static const char *const accepted[] = {
		SECRET("'Type':'symmetric-key','ValidFor':7,'Cert':{'NotAfter':"
		       "'2030-01-01T00:00:00Z'}"),
		SECRET("'Type':'cert-ecdsa','Cert':{'NotAfter':'2030-01-01T00:00:00Z'}"),
		SECRET("'Type':'cert-ecdsa','ValidFor':7"),
	};
	check_accepted(accepted, COUNT(accepted));
}

static void thresholds_can_be_met(void **state)
{
	(void)state;
#define UPDATERS(count)                                                                            \
	CHECKING "not enough users with manifest update permissions (" #count ") to meet the "     \
		 "threshold of 2"
	static const struct manifest_row rows[] = {
		{ WITH("'Config':{'UpdateThreshold':2}"), UPDATERS(0) },
		/* a user with two such roles counts once, an empty role not at all */
		{ WITH("'Config':{'UpdateThreshold':2},'Users':{"
		       "'a':{'Certificate':'x','Roles':['r','s']},"
		       "'b':{'Certificate':'y','Roles':['empty']}},'Roles':{"
		       "'r':{'ResourceType':'Manifest','Actions':['UpdateManifest']},"
		       "'s':{'ResourceType':'Manifest','Actions':['updatemanifest']},"
		       "'empty':{'ResourceType':'Manifest'}}"),
			UPDATERS(1) },
		{ WITH("'Config':{'RecoveryThreshold':2},'RecoveryKeys':{'k':'x'}"),
			CHECKING "not enough recovery keys (1) defined to meet the recovery "
				 "threshold of 2" },
		{ WITH("'Config':{'RecoveryThreshold':1},'RecoveryKeys':{'k':'x'}"),
			CHECKING "invalid recovery threshold: if set, threshold must be at least "
				 "2" },
	};
	INVALID(rows);
}

static void options_are_known(void **state)
{
	(void)state;
	static const char *const variables[] = { "EDG_MAA_URL", "EDG_AZURE_HSM_VAULT_URL",
		"EDG_AZURE_HSM_KEY_NAME", "EDG_AZURE_CLIENT_ID", "EDG_AZURE_TENANT_ID",
		"EDG_AZURE_CLIENT_SECRET", "EDG_AZURE_AUTHORITY_HOST",
		"EDG_AZURE_FEDERATED_TOKEN_FILE" };
	for (size_t i = 0; i < COUNT(variables); i++)
		unsetenv(variables[i]);
#define AZURE WITH("'Config':{'FeatureGates':['azurehsmsealing']}")
#define NOT_SET                                                                                    \
	CHECKING "manifest enables sealing with Azure HSM key, but required environment "          \
		 "variables are not set: "
	static const struct manifest_row rows[] = {
		{ WITH("'Config':{'SealMode':'productkey'}"),
			CHECKING "unknown seal mode: productkey" },
		{ WITH("'Config':{'FeatureGates':['signquoteendpoint','x']}"),
			CHECKING "unknown feature gate: x" },
		{ AZURE, NOT_SET "[EDG_MAA_URL EDG_AZURE_HSM_VAULT_URL EDG_AZURE_HSM_KEY_NAME "
				 "EDG_AZURE_CLIENT_ID EDG_AZURE_TENANT_ID EDG_AZURE_AUTHORITY_HOST "
				 "EDG_AZURE_FEDERATED_TOKEN_FILE]" },
	};
	INVALID(rows);
	for (size_t i = 0; i < 6; i++)
		setenv(variables[i], "x", 1);
	setenv("EDG_MAA_URL", "", 1);
	static const struct manifest_row one_missing[] = { { AZURE, NOT_SET "[EDG_MAA_URL]" } };
	INVALID(one_missing);
	setenv("EDG_MAA_URL", "x", 1);
	static const struct manifest_row none_missing[] = {
		{ AZURE, CHECKING
			"Config.FeatureGates: AzureHSMSealing: this version does not support it" },
	};
	UNSUPPORTED(none_missing);
}

static void what_is_known_is_accepted(void **state)
{
	(void)state;
	static const char *const accepted[] = {
		WITH("'Config':{}"),
		WITH("'Config':{'SealMode':'ProductKey','FeatureGates':[],'UpdateThreshold':0}"),
		WITH("'Config':{'FeatureGates':['MonotonicCounter','signquoteendpoint']}"),
		WITH("'Config':{'RotateRootSecret':true}"),
		WITH("'RecoveryKeys':{}"),
		WITH("'RecoveryKeys':{'k':'x'}"),
		WITH("'Config':{'SealMode':'UniqueKey'}"),
		WITH("'Config':{'SealMode':'Disabled'}"),
		WITH("'Config':{'RecoveryThreshold':2},'RecoveryKeys':{'k':'x','l':'y','m':'z'}"),
		"{" PACKAGES ",'Marbles':{'m':{'Package':'p','TLS':['t']}},'TLS':{'t':{}}}",
		SECRET("'Type':'symmetric-key','Size':8,'UserDefined':true"),
		SECRET("'Type':'cert-rsa','Size':2048"),
		SECRET("'Type':'cert-ed25519'"),
		SECRET("'Type':'plain','UserDefined':true"),
	};
	check_accepted(accepted, COUNT(accepted));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packages_and_marbles_are_required),
		cmocka_unit_test(packages_are_identified_in_one_way),
		cmocka_unit_test(what_packages_demand_of_machines_is_well_formed),
		cmocka_unit_test(registers_of_vms_are_hashes),
		cmocka_unit_test(tls_tags_are_complete),
		cmocka_unit_test(users_have_certificates_and_roles),
		cmocka_unit_test(roles_allow_what_exists),
		cmocka_unit_test(secrets_have_a_type_and_one_end),
		cmocka_unit_test(thresholds_can_be_met),
		cmocka_unit_test(options_are_known),
		cmocka_unit_test(what_is_known_is_accepted),
	};
	crypto_setup();
	return cmocka_run_group_tests_name("manifest_check", tests, NULL, NULL);
}
