/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PCCS for one simulated platform: answers requests for its collateral in the API of Intel's PCS
 * and PCCS, versions 3 and 4 (spec dcap.md clauses 3.4 and 5). Files are read at each request, so
 * what is issued anew is served at once.
 */
#ifndef PLATFORM_SERVICE_H
#define PLATFORM_SERVICE_H

#include "http/server.h"
#include "sgx/quote.h"

struct platform_service {
	const char *folder; /* of the platform */
	EVP_PKEY *tcb_signing_key;
	uint8_t qe_id[SGX_QE_ID_SIZE]; /* of the platform's Quoting Enclave */
	/* what the headers of the running answer say */
	struct buf values[4];
};

bool platform_service_open(struct platform_service *service, const char *folder, struct error *err);
void platform_service_close(struct platform_service *service);

/* For http_server_config; context is the service. */
void platform_service_handle(
	const struct http_request *request, struct http_response *response, void *context);

/*
 * What it shows in TLS: a certificate by itself for `names`, separated by commas, and the key of
 * it. Both are kept in the platform's folder, the certificate as pccs.pem, and made anew when they
 * are missing, of other names, or expired. The caller frees.
 */
bool platform_service_identity(const char *folder, const char *names, X509 **certificate,
	EVP_PKEY **key, struct error *err);

#endif
