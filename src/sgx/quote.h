/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DCAP quotes with ECDSA-P256: version 3 of SGX enclaves, versions 4 and 5 of enclaves and of TDX
 * confidential VMs (spec dcap.md clauses 1.2 to 1.8). Parsing checks the form alone: lengths at
 * every level, version, key type, vendor. It copies nothing: pointers go into the parsed bytes and
 * live as long as they do.
 */
#ifndef SGX_QUOTE_H
#define SGX_QUOTE_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "sgx/pck_name.h"
#include "sgx/report.h"
#include "sgx/td_report.h"

#define SGX_QUOTE_SIGNED_SIZE   432 /* header and report body of version 3: what the key signs */
#define SGX_QUOTE_MAX           131072
#define SGX_QUOTE_CERT_DATA_MAX 65536

#define SGX_QUOTE_VERSION_3 3
#define SGX_QUOTE_VERSION_4 4
#define SGX_QUOTE_VERSION_5 5

#define SGX_QE_ID_SIZE 16

extern const uint8_t sgx_intel_vendor_id[16];

struct sgx_quote_header {
	uint16_t qe_svn; /* this and the next: zeros since version 4 */
	uint16_t pce_svn;
	uint8_t user_data[20]; /* the first SGX_QE_ID_SIZE identify the Quoting Enclave on its
				  platform */
};

struct sgx_quote {
	uint16_t version; /* 3, 4 or 5 */
	bool is_tdx;
	struct sgx_quote_header header;
	struct sgx_report_body report;      /* of the attested enclave, unless is_tdx */
	struct td_report td;                /* of the confidential VM, if is_tdx */
	struct bytes signed_part;           /* header and report */
	const uint8_t *signature;           /* raw, 64 bytes, by the attestation key */
	const uint8_t *attestation_key;     /* raw, 64 bytes */
	struct bytes qe_report_part;        /* SGX_REPORT_BODY_SIZE bytes */
	struct sgx_report_body qe_report;   /* of the Quoting Enclave */
	const uint8_t *qe_report_signature; /* raw, 64 bytes, by the PCK key */
	struct bytes qe_auth_data;
	uint16_t cert_type; /* enum sgx_cert_type, or one that is unknown */
	struct bytes cert_data;
};

/* `data` must be the quote and nothing else. ERROR_UNSUPPORTED for other versions. */
bool sgx_quote_parse(struct bytes data, struct sgx_quote *quote, struct error *err);

/*
 * A kernel's buffer may go on with zeros behind the quote of a confidential VM (spec clause 1.8
 * rule 3): the buffer without them, where the quote's own lengths say that it ends. Anything else
 * stays, for sgx_quote_parse to refuse. For whoever asked that kernel alone: what comes from
 * elsewhere must be the quote and nothing else.
 */
struct bytes sgx_quote_without_padding(struct bytes buffer);

/* The report data of the enclave or VM: 64 bytes in the quote's struct. */
const uint8_t *sgx_quote_report_data(const struct sgx_quote *quote);

/* Appends what is to be signed: header and report, of `quote` the members up to them. */
void sgx_quote_put_signed_part(struct buf *out, const struct sgx_quote *quote);

/*
 * Appends length and signature data in the form of quote->version. Of the others the members from
 * `signature` on are used, but not the parsed qe_report.
 */
void sgx_quote_put_signature_data(struct buf *out, const struct sgx_quote *quote);

#endif
