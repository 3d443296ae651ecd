/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "crypto/csr.h"
#include "simulated.h"

#include <openssl/err.h>
#include <stdlib.h>

/* OpenSSL's own reader would have taken it, too. */
static void compare(struct bytes der, const struct csr *csr)
{
	const uint8_t *next = der.data;
	AUTO(auto_x509_req) X509_REQ *same = d2i_X509_REQ(NULL, &next, (long)der.size);
	if (!same || next != (const uint8_t *)der.data + der.size ||
		X509_REQ_verify(same, X509_REQ_get0_pubkey(same)) != 1 ||
		X509_NAME_cmp(X509_REQ_get_subject_name(same), csr_subject(csr)) != 0)
		abort();
}

static void read_request(struct bytes der)
{
	AUTO(auto_csr) struct csr *csr = csr_read(der, NULL, FUZZ_ERR);
	if (csr) {
		GENERAL_NAMES_free(csr_alt_names(csr));
		compare(der, csr);
	}
	ERR_clear_error();
}

/* As it is, and signed anew, which is right for requests with the key of the simulated root. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes der = { size ? (const void *)data : "", size };
	AUTO(buf_free) struct buf signed_anew = { 0 };
	read_request(der);
	simulated_sign_der(der, CERTIFICATE_ROOT, &signed_anew);
	read_request(buf_bytes(&signed_anew));
	return 0;
}
