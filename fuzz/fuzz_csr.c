/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "crypto/csr.h"

#include <openssl/err.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *next = data;
	AUTO(auto_csr) struct csr *csr = csr_read((struct bytes){ data, size }, NULL, NULL);
	if (csr) {
		AUTO(auto_x509_req) X509_REQ *same = d2i_X509_REQ(NULL, &next, (long)size);
		GENERAL_NAMES_free(csr_alt_names(csr));
		/* OpenSSL's own reader would have taken it, too */
		if (!same || next != data + size ||
			X509_REQ_verify(same, X509_REQ_get0_pubkey(same)) != 1 ||
			X509_NAME_cmp(X509_REQ_get_subject_name(same), csr_subject(csr)) != 0)
			abort();
	}
	ERR_clear_error();
	return 0;
}
