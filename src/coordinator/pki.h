/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate authority of a deployment (spec pki-and-state.md clause 1): a root, an
 * intermediate that the root issued, and the marble root, a self-signed twin of the intermediate
 * with the same name and key, which Marbles get as trust anchor.
 */
#ifndef COORDINATOR_PKI_H
#define COORDINATOR_PKI_H

#include "crypto/cert.h"

struct pki {
	EVP_PKEY *root_key;
	X509 *root;
	EVP_PKEY *intermediate_key;
	X509 *intermediate;
	X509 *marble_root;
};

struct pki_options {
	unsigned curve_bits;   /* 256 or 384, of the keys that are generated */
	const char *alt_names; /* comma list of DNS names and IPs */
};

/* Fills *pki with a new authority. On failure it stays to be freed by pki_free. */
bool pki_create(struct pki *pki, const struct pki_options *options, int64_t now, struct error *err);
/*
 * The same root with a new intermediate and marble root, which have the names of the root (spec
 * pki-and-state.md clause 1.3). On failure *to stays to be freed as well.
 */
bool pki_renew(const struct pki *from, unsigned curve_bits, int64_t now, struct pki *to,
	struct error *err);
/* Another reference to all of it. */
struct pki pki_share(const struct pki *pki);
void pki_free(struct pki *pki);

/* Appends PEM of intermediate and root, the form of the quote endpoint. */
void pki_put_chain(const struct pki *pki, struct buf *out);
/* SHA-256 of the root certificate followed by `nonce`: what the Coordinator's quote is over. */
void pki_root_hash(const struct pki *pki, struct bytes nonce, uint8_t hash[SHA256_SIZE]);

/* The certificate of a Marble and its key (spec marble-api.md clause 7). */
struct marble_identity {
	EVP_PKEY *key;
	struct buf certificate; /* DER */
};

/*
 * Issues the certificate: subject and alternative names come from the CSR, whose signature is
 * checked; the key is new. `peer` is the Marble's TLS certificate, or NULL. `curve_bits` as in
 * pki_options.
 */
bool pki_issue_marble(const struct pki *pki, struct bytes csr_der, X509 *peer, const char *uuid,
	const char *marble_type, unsigned curve_bits, int64_t now, struct marble_identity *identity,
	struct error *err);
void marble_identity_free(struct marble_identity *identity);

#endif
