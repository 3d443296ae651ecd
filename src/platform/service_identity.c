/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "crypto/cert.h"
#include "platform/folder.h"
#include "platform/service.h"

#define VALID_FOR (INT64_C(10) * 365 * 86400)

static bool is_for(X509 *certificate, const GENERAL_NAMES *names)
{
	AUTO(auto_general_names)
	GENERAL_NAMES *has = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	if (sk_GENERAL_NAME_num(has) != sk_GENERAL_NAME_num(names) ||
		X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0)
		return false;
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		if (GENERAL_NAME_cmp(
			    sk_GENERAL_NAME_value(has, i), sk_GENERAL_NAME_value(names, i)))
			return false;
	}
	return true;
}

static X509 *issue(EVP_PKEY *key, const GENERAL_NAMES *names, struct error *err)
{
	AUTO(auto_x509_name) X509_NAME *name = cert_name("simulated PCCS");
	AUTO(auto_usages) EXTENDED_KEY_USAGE *usages = cert_tls_usages();
	const struct cert_fields fields = {
		.key = key,
		.subject = name,
		.issuer_key = key,
		.not_before = clock_now(),
		.not_after = clock_now() + VALID_FOR,
		.key_usage = KU_DIGITAL_SIGNATURE | KU_KEY_CERT_SIGN,
		.extended_usages = usages,
		.is_ca = true, /* clients take it as the authority that it is for itself */
		.alt_names = names,
	};
	return cert_issue(&fields, err);
}

static bool make(const char *folder, const GENERAL_NAMES *names, X509 **certificate, EVP_PKEY **key,
	struct error *err)
{
	AUTO(auto_pkey) EVP_PKEY *new_key = key_generate_ec(256, err);
	AUTO(auto_x509) X509 *made = new_key ? issue(new_key, names, err) : NULL;
	if (!made || !platform_save_key(folder, PLATFORM_SERVICE_KEY, new_key, err) ||
		!platform_save_cert(folder, PLATFORM_SERVICE, made, err))
		return false;
	*certificate = TAKE(made);
	*key = TAKE(new_key);
	return true;
}

bool platform_service_identity(const char *folder, const char *names, X509 **certificate,
	EVP_PKEY **key, struct error *err)
{
	AUTO(auto_general_names) GENERAL_NAMES *wanted = GENERAL_NAMES_new();
	if (!cert_add_alt_names(wanted, names, err))
		return false;
	AUTO(auto_x509) X509 *kept = platform_load_cert(folder, PLATFORM_SERVICE, NULL);
	AUTO(auto_pkey)
	EVP_PKEY *kept_key = kept ? platform_load_key(folder, PLATFORM_SERVICE_KEY, NULL) : NULL;
	if (!kept_key || !is_for(kept, wanted) || X509_check_private_key(kept, kept_key) != 1)
		return make(folder, wanted, certificate, key, err);
	*certificate = TAKE(kept);
	*key = TAKE(kept_key);
	return true;
}
