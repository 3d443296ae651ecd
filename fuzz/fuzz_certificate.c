/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "attest/ra_tls.h"
#include "dcap/pck_extension.h"
#include "sgx/quote.h"
#include "simulated.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

/* To OpenSSL it is the same certificate. */
static void compare(const struct certificate *certificate, X509 *same)
{
	AUTO(buf_free) struct buf subject = { 0 };
	uint8_t point[P256_RAW_SIZE];
	bool is_ca = certificate->role != CERTIFICATE_PCK &&
		     certificate->role != CERTIFICATE_TCB_SIGNING;
	/* to OpenSSL one is invalid that has, say, a malformed address of its CRL */
	simulated_must(X509_get_extension_flags(same) & EXFLAG_INVALID ||
			       (X509_check_ca(same) == 1) == is_ca,
		"OpenSSL does not agree on what is a CA");
	uint8_t *next =
		buf_extend(&subject, (size_t)i2d_X509_NAME(X509_get_subject_name(same), NULL));
	i2d_X509_NAME(X509_get_subject_name(same), &next);
	simulated_must(bytes_equal(buf_bytes(&subject), certificate->subject),
		"OpenSSL does not agree on the subject");
	EVP_PKEY *key = X509_get0_pubkey(same);
	simulated_must(
		!certificate->key || (key && p256_put_point(key, point, FUZZ_ERR) &&
					     !memcmp(point, certificate->point, sizeof(point))),
		"OpenSSL does not agree on the key");
}

static void read_intels(struct bytes der, X509 *same)
{
	struct pck_extension platform;
	enum certificate_role issuer;
	AUTO(certificate_free) struct certificate certificate = { 0 };
	if (!certificate_read(der, &certificate, FUZZ_ERR))
		return;
	/* OpenSSL may find fault with what is not looked at here */
	if (same)
		compare(&certificate, same);
	(void)certificate_issuer_role(&certificate, &issuer, FUZZ_ERR);
	(void)certificate_check_issuer(&certificate, &simulated_anchor()->root, FUZZ_ERR);
	(void)certificate_check_date(&certificate, SIMULATED_NOW, NULL, FUZZ_ERR);
	(void)pck_extension_parse(certificate.sgx_extension, &platform, FUZZ_ERR);
}

/* Who connects to the mesh API reads the quote in a Coordinator's certificate. */
static void read_quote(X509 *certificate)
{
	struct ra_tls_proof proof;
	struct sgx_quote quote;
	if (ra_tls_find(certificate, &proof, FUZZ_ERR))
		(void)sgx_quote_parse(proof.quote, &quote, FUZZ_ERR);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes der = { data, size };
	AUTO(auto_x509) X509 *certificate = cert_read(der, FUZZ_ERR);
	read_intels(der, certificate);
	if (certificate)
		read_quote(certificate);
	ERR_clear_error();
	return 0;
}
