/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/pki.h"

#include "crypto/csr.h"

#include <string.h>

static const char root_name[] = "MarbleRun Coordinator";
static const char intermediate_name[] = "MarbleRun Coordinator - Intermediate CA";
static const char marble_type_oid[] = "1.3.9903.2.1";

static void extensions_free(STACK_OF(X509_EXTENSION) * extensions)
{
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

DEFINE_AUTO_FREE(auto_extensions, STACK_OF(X509_EXTENSION) *, extensions_free)

/* The names every certificate authority of ours has: loopback first, then what was configured. */
static bool collect_alt_names(const char *list, GENERAL_NAMES *names, struct error *err)
{
	return cert_add_alt_names(names, "127.0.0.1,::1", err) &&
	       (cert_add_alt_names(names, list, err) ||
		       error_prefix(err, "EDG_COORDINATOR_DNS_NAMES"));
}

static bool issue_authority(X509 **out, EVP_PKEY *key, const char *name, X509 *issuer,
	EVP_PKEY *issuer_key, const GENERAL_NAMES *alt_names, int64_t now, struct error *err)
{
	AUTO(auto_x509_name) X509_NAME *subject = cert_name(name);
	AUTO(auto_usages) EXTENDED_KEY_USAGE *usages = cert_tls_usages();
	const struct cert_fields fields = {
		.key = key,
		.subject = subject,
		.issuer = issuer,
		.issuer_key = issuer_key,
		.not_before = now,
		.not_after = now + CERT_FOREVER,
		.key_usage = KU_DIGITAL_SIGNATURE | KU_KEY_CERT_SIGN,
		.extended_usages = usages,
		.is_ca = true,
		.alt_names = alt_names,
	};
	*out = cert_issue(&fields, err);
	return *out != NULL;
}

/* Key and certificates below the root, which has to be there. */
static bool add_intermediate(struct pki *pki, unsigned curve_bits, const GENERAL_NAMES *names,
	int64_t now, struct error *err)
{
	pki->intermediate_key = key_generate_ec(curve_bits, err);
	return pki->intermediate_key &&
	       issue_authority(&pki->intermediate, pki->intermediate_key, intermediate_name,
		       pki->root, pki->root_key, names, now, err) &&
	       issue_authority(&pki->marble_root, pki->intermediate_key, intermediate_name, NULL,
		       pki->intermediate_key, names, now, err);
}

bool pki_create(struct pki *pki, const struct pki_options *options, int64_t now, struct error *err)
{
	*pki = (struct pki){ 0 };
	AUTO(auto_general_names) GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	if (!collect_alt_names(options->alt_names, names, err))
		return false;
	pki->root_key = key_generate_ec(options->curve_bits, err);
	return pki->root_key &&
	       issue_authority(&pki->root, pki->root_key, root_name, NULL, pki->root_key, names,
		       now, err) &&
	       add_intermediate(pki, options->curve_bits, names, now, err);
}

bool pki_renew(
	const struct pki *from, unsigned curve_bits, int64_t now, struct pki *to, struct error *err)
{
	AUTO(auto_general_names)
	GENERAL_NAMES *names = X509_get_ext_d2i(from->root, NID_subject_alt_name, NULL, NULL);
	*to = (struct pki){ .root_key = from->root_key, .root = from->root };
	EVP_PKEY_up_ref(to->root_key);
	X509_up_ref(to->root);
	return add_intermediate(to, curve_bits, names, now, err);
}

struct pki pki_share(const struct pki *pki)
{
	EVP_PKEY_up_ref(pki->root_key);
	EVP_PKEY_up_ref(pki->intermediate_key);
	X509_up_ref(pki->root);
	X509_up_ref(pki->intermediate);
	X509_up_ref(pki->marble_root);
	return *pki;
}

void pki_free(struct pki *pki)
{
	EVP_PKEY_free(pki->root_key);
	X509_free(pki->root);
	EVP_PKEY_free(pki->intermediate_key);
	X509_free(pki->intermediate);
	X509_free(pki->marble_root);
	*pki = (struct pki){ 0 };
}

void pki_put_chain(const struct pki *pki, struct buf *out)
{
	cert_put_pem(pki->intermediate, out);
	cert_put_pem(pki->root, out);
}

void pki_root_hash(const struct pki *pki, struct bytes nonce, uint8_t hash[SHA256_SIZE])
{
	AUTO(buf_free) struct buf content = { 0 };
	cert_put_der(pki->root, &content);
	buf_put(&content, nonce.data, nonce.size);
	sha256(content.data, content.size, hash);
}

/* The CSR's subject with the UUID as its only common name and no organization. */
static X509_NAME *marble_subject(const struct csr *csr, const char *uuid)
{
	X509_NAME *subject = X509_NAME_dup(csr_subject(csr));
	static const int replaced[] = { NID_commonName, NID_organizationName };
	for (size_t i = 0; subject && i < sizeof(replaced) / sizeof(replaced[0]); i++) {
		int at;
		while ((at = X509_NAME_get_index_by_NID(subject, replaced[i], -1)) >= 0)
			X509_NAME_ENTRY_free(X509_NAME_delete_entry(subject, at));
	}
	if (!subject || X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
				(const uint8_t *)uuid, -1, -1, 0) != 1)
		abort();
	return subject;
}

/* DNS names and IP addresses of the CSR; other kinds of names are dropped. */
static GENERAL_NAMES *marble_alt_names(const struct csr *csr)
{
	GENERAL_NAMES *asked = csr_alt_names(csr);
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	if (!names)
		abort();
	while (sk_GENERAL_NAME_num(asked) > 0) {
		GENERAL_NAME *name = sk_GENERAL_NAME_shift(asked);
		if (name->type != GEN_DNS && name->type != GEN_IPADD)
			GENERAL_NAME_free(name);
		else if (sk_GENERAL_NAME_push(names, name) <= 0)
			abort();
	}
	GENERAL_NAMES_free(asked);
	return names;
}

static STACK_OF(X509_EXTENSION) * marble_extensions(const char *marble_type)
{
	STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
	X509_EXTENSION *type =
		cert_extension(marble_type_oid, false, marble_type, strlen(marble_type));
	if (!extensions || !type || sk_X509_EXTENSION_push(extensions, type) <= 0)
		abort();
	return extensions;
}

bool pki_issue_marble(const struct pki *pki, struct bytes csr_der, X509 *peer, const char *uuid,
	const char *marble_type, unsigned curve_bits, int64_t now, struct marble_identity *identity,
	struct error *err)
{
	*identity = (struct marble_identity){ 0 };
	AUTO(auto_csr) struct csr *csr = csr_read(csr_der, peer, err);
	if (!csr)
		return false;
	AUTO(auto_pkey) EVP_PKEY *key = key_generate_ec(curve_bits, err);
	if (!key)
		return false;
	AUTO(auto_x509_name) X509_NAME *subject = marble_subject(csr, uuid);
	AUTO(auto_general_names) GENERAL_NAMES *alt_names = marble_alt_names(csr);
	AUTO(auto_usages) EXTENDED_KEY_USAGE *usages = cert_tls_usages();
	AUTO(auto_extensions) STACK_OF(X509_EXTENSION) *extensions = marble_extensions(marble_type);
	const struct cert_fields fields = {
		.key = key,
		.subject = subject,
		.issuer = pki->marble_root,
		.issuer_key = pki->intermediate_key,
		.not_before = now,
		.not_after = now + CERT_FOREVER,
		.key_usage = KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT,
		.extended_usages = usages,
		.alt_names = alt_names,
		.extensions = extensions,
	};
	if (!cert_issue_der(&fields, &identity->certificate, err))
		return error_prefix(err, "issuing marble certificate");
	identity->key = TAKE(key);
	return true;
}

void marble_identity_free(struct marble_identity *identity)
{
	EVP_PKEY_free(identity->key);
	buf_free(&identity->certificate);
	*identity = (struct marble_identity){ 0 };
}
