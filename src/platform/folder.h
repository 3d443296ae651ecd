/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a platform's folder and how keys and certificates stand in them. Names are relative
 * to the folder; every message has the whole path.
 */
#ifndef PLATFORM_FOLDER_H
#define PLATFORM_FOLDER_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/openssl.h"

/* certificates, one in each file */
#define PLATFORM_ROOT_CA     "root_ca.pem"
#define PLATFORM_CA          "platform_ca.pem"
#define PLATFORM_PCK         "pck.pem"
#define PLATFORM_TCB_SIGNING "tcb_signing.pem"

/* what `graphene-platform serve` shows in TLS */
#define PLATFORM_SERVICE "pccs.pem"

/*
 * Report body of the Quoting Enclave (384 bytes) and its raw signature by the PCK key (64): of the
 * one that quotes enclaves, and of the one that quotes confidential VMs.
 */
#define PLATFORM_QE_REPORT      "qe_report.bin"
#define PLATFORM_TD_QE_REPORT   "td_qe_report.bin"
#define PLATFORM_QE_REPORT_SIZE 448

#define PLATFORM_PRIVATE            "private"
#define PLATFORM_ROOT_CA_KEY        PLATFORM_PRIVATE "/root_ca_key.pem"
#define PLATFORM_CA_KEY             PLATFORM_PRIVATE "/platform_ca_key.pem"
#define PLATFORM_TCB_SIGNING_KEY    PLATFORM_PRIVATE "/tcb_signing_key.pem"
#define PLATFORM_ATTESTATION_KEY    PLATFORM_PRIVATE "/attestation_key.pem"
#define PLATFORM_TD_ATTESTATION_KEY PLATFORM_PRIVATE "/td_attestation_key.pem"
/* what the Quoting Enclave keeps of it; not there before it is needed, as its keys */
#define PLATFORM_PPID_2048     "ppid_2048.bin"
#define PLATFORM_PPID_3072     "ppid_3072.bin"
#define PLATFORM_PPID_KEY_2048 PLATFORM_PRIVATE "/ppid_key_2048.pem"
#define PLATFORM_PPID_KEY_3072 PLATFORM_PRIVATE "/ppid_key_3072.pem"
#define PLATFORM_SERVICE_KEY   PLATFORM_PRIVATE "/pccs_key.pem"
/* what a CPU has in its fuses: everything that is derived on this machine comes from it */
#define PLATFORM_SECRET      PLATFORM_PRIVATE "/secret"
#define PLATFORM_SECRET_SIZE 32

/* by the names under which verifiers look for it; for TDX the same names in its folder tdx */
#define PLATFORM_COLLATERAL        "collateral"
#define PLATFORM_TDX_COLLATERAL    PLATFORM_COLLATERAL "/tdx"
#define PLATFORM_TCB_INFO          PLATFORM_COLLATERAL "/tcb_info.json"
#define PLATFORM_TCB_INFO_CHAIN    PLATFORM_COLLATERAL "/tcb_info_issuer_chain.pem"
#define PLATFORM_QE_IDENTITY       PLATFORM_COLLATERAL "/qe_identity.json"
#define PLATFORM_QE_IDENTITY_CHAIN PLATFORM_COLLATERAL "/qe_identity_issuer_chain.pem"
#define PLATFORM_PCK_CRL           PLATFORM_COLLATERAL "/pck.crl"
#define PLATFORM_PCK_CRL_CHAIN     PLATFORM_COLLATERAL "/pck_crl_issuer_chain.pem"
#define PLATFORM_ROOT_CRL          PLATFORM_COLLATERAL "/root_ca.crl"

#define PLATFORM_FILE_MAX 65536 /* bytes; no file of the folder comes near */

/* The caller frees. */
char *platform_path(const char *folder, const char *name);

/* ERROR_NOT_FOUND, with the remedy, unless the folder is one of a platform. */
bool platform_check(const char *folder, struct error *err);

/* Whether it has a Quoting Enclave for confidential VMs: platforms made before there was one do
 * not. */
bool platform_has_tdx(const char *folder);

/* Append the whole file; write it durably, readable for all or, if `secret`, for its owner. */
bool platform_load(const char *folder, const char *name, struct buf *out, struct error *err);
/* As platform_load for a file of exactly `size` bytes. */
bool platform_load_exact(
	const char *folder, const char *name, uint8_t *out, size_t size, struct error *err);
bool platform_save(
	const char *folder, const char *name, struct bytes content, bool secret, struct error *err);

/* NULL on error. The caller frees. */
EVP_PKEY *platform_load_key(const char *folder, const char *name, struct error *err);
bool platform_save_key(const char *folder, const char *name, EVP_PKEY *key, struct error *err);
X509 *platform_load_cert(const char *folder, const char *name, struct error *err);
bool platform_save_cert(const char *folder, const char *name, X509 *cert, struct error *err);

#endif
