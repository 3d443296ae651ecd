/* SPDX-License-Identifier: Apache-2.0 */
/* SIGSTRUCT, the signature file of an enclave (spec graphene-signing.md clauses 2 and 3). */
#ifndef SGX_SIGSTRUCT_H
#define SGX_SIGSTRUCT_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/openssl.h"
#include "sgx/report.h"

#define SIGSTRUCT_SIZE 1808

struct sigstruct {
	uint32_t date;       /* 0xYYYYMMDD, binary coded decimal, whichever form the file has */
	bool date_is_binary; /* the form of the file: Graphene's and Gramine's up to 1.4 */
	uint32_t misc_select;
	uint32_t misc_mask;
	struct sgx_attributes attributes; /* INITTED is never set here */
	struct sgx_attributes attribute_mask;
	uint8_t mr_enclave[SGX_HASH_SIZE];
	uint8_t mr_signer[SGX_HASH_SIZE]; /* SHA-256 of the modulus as stored; set by parsing */
	uint16_t isv_prod_id;
	uint16_t isv_svn;
};

/* Checks size, headers and exponent, not the signature. */
bool sigstruct_parse(struct bytes data, struct sigstruct *out, struct error *err);

/* Checks the RSA signature, q1 and q2 of a file that sigstruct_parse accepts. ERROR_DENIED. */
bool sigstruct_verify(struct bytes data, struct error *err);

/* Appends a signed file; `key` is RSA-3072 with exponent 3, else ERROR_INVALID. */
bool sigstruct_sign(
	const struct sigstruct *fields, EVP_PKEY *key, struct buf *out, struct error *err);

#endif
