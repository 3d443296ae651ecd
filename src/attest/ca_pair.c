/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/ca_pair.h"

#include "crypto/pem.h"

#include <string.h>

static X509 *next_certificate(struct pem_reader *reader, const char *role, struct error *err)
{
	char label[PEM_LABEL_MAX];
	AUTO(buf_free) struct buf der = { 0 };
	X509 *certificate = NULL;
	if (pem_next(reader, label, &der, NULL) && !strcmp(label, "CERTIFICATE"))
		certificate = cert_read(buf_bytes(&der), NULL);
	if (!certificate)
		error_set(err, ERROR_INVALID,
			"could not parse Coordinator %s certificate from PEM data", role);
	return certificate;
}

bool ca_pair_read(struct bytes text, struct ca_pair *certs, struct error *err)
{
	struct pem_reader reader = pem_reader_of(text.data, text.size);
	certs->intermediate = next_certificate(&reader, "intermediate", err);
	certs->root = certs->intermediate ? next_certificate(&reader, "root", err) : NULL;
	return certs->root;
}

void ca_pair_free(struct ca_pair *certs)
{
	X509_free(certs->intermediate);
	X509_free(certs->root);
	*certs = (struct ca_pair){ 0 };
}

bool ca_pair_check(const struct ca_pair *certs, struct error *err)
{
	return (X509_verify(certs->intermediate, X509_get0_pubkey(certs->root)) == 1 &&
		       X509_check_ca(certs->intermediate) == 1) ||
	       error_set(err, ERROR_DENIED,
		       "the intermediate certificate is not issued by the Coordinator's root "
		       "certificate");
}

void ca_pair_put(const struct ca_pair *certs, struct buf *out)
{
	cert_put_pem(certs->intermediate, out);
	cert_put_pem(certs->root, out);
}
