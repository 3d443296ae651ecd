/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "dcap/crl.h"
#include "simulated.h"

#include <openssl/err.h>
#include <openssl/x509.h>

DEFINE_AUTO_FREE(auto_integer, ASN1_INTEGER *, ASN1_INTEGER_free)

/* Whether OpenSSL finds the serial number on the list. */
static bool is_listed(X509_CRL *crl, struct bytes serial)
{
	X509_REVOKED *entry;
	AUTO(auto_bn) BIGNUM *number = BN_bin2bn(serial.data, (int)serial.size, NULL);
	AUTO(auto_integer) ASN1_INTEGER *integer = BN_to_ASN1_INTEGER(number, NULL);
	return X509_CRL_get0_by_serial(crl, &entry, integer) != 0;
}

/* Unless OpenSSL finds fault with what is not looked at here, it is the same list to it. */
static void compare(const struct crl *crl)
{
	const uint8_t *next = crl->der.data;
	AUTO(auto_x509_crl) X509_CRL *same = d2i_X509_CRL(NULL, &next, (long)crl->der.size);
	ERR_clear_error();
	if (!same)
		return;
	size_t count = (size_t)sk_X509_REVOKED_num(X509_CRL_get_REVOKED(same));
	simulated_must(!crl->serial_count || crl->serial_count == count,
		"OpenSSL does not agree on how many are revoked");
	for (size_t i = 0; i < crl->serial_count; i++)
		simulated_must(
			is_listed(same, crl->serials[i]), "OpenSSL does not find what is revoked");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct chain *chain = simulated_pck_chain();
	AUTO(crl_free) struct crl crl = { 0 };
	if (!crl_read((struct bytes){ data, size }, &crl, FUZZ_ERR))
		return 0;
	compare(&crl);
	(void)crl_check_issuer(&crl, &simulated_anchor()->root, FUZZ_ERR);
	for (size_t i = 0; i < chain->count; i++)
		(void)crl_check_not_listed(&crl, &chain->certificates[i], FUZZ_ERR);
	return 0;
}
