/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCK certificates in a folder with collateral: pck_cert_QEID.pem, where QEID are 32 lower-case hex
 * digits, or pck_cert.pem, with the certificate alone or its chain; and pck_crl_issuer_chain.pem
 * beside the collateral, with the CA and the root.
 */
#ifndef DCAP_PCK_FOLDER_H
#define DCAP_PCK_FOLDER_H

#include "dcap/collateral_folder.h"
#include "dcap/collateral_source.h"

#define PCK_FOLDER_ISSUERS "pck_crl_issuer_chain.pem"
#define PCK_FOLDER_CERT    "pck_cert.pem"
#define PCK_FOLDER_CERT_OF "pck_cert_%s.pem" /* with the QEID */

/* As put_pck of a source. Files are read at each call. */
bool pck_folder_put(
	const char *path, const struct pck_request *request, struct buf *pem, struct error *err);

#endif
