/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signers of quotes that were verified before (spec dcap.md clause 7): on a platform that is known,
 * one signature per quote is left to verify. Dates and revocation are checked at every use.
 */
#ifndef DCAP_QUOTE_SIGNER_CACHE_H
#define DCAP_QUOTE_SIGNER_CACHE_H

#include "dcap/quote_signer.h"

/*
 * For one anchor. Bounded: a new signer takes the place of one that was not used for long. May be
 * used by any number of threads at once.
 */
struct quote_signer_cache;

struct quote_signer_cache *quote_signer_cache_new(void);
void quote_signer_cache_free(struct quote_signer_cache *cache);

/* Digest of all that quote_signer_new looks at: the attestation key and what follows it. */
void quote_signer_hash(const struct sgx_quote *quote, uint8_t hash[SHA256_SIZE]);
/* NULL if it is not there. The caller releases it. */
struct quote_signer *quote_signer_cache_get(
	struct quote_signer_cache *cache, const uint8_t hash[SHA256_SIZE]);
void quote_signer_cache_put(struct quote_signer_cache *cache, const uint8_t hash[SHA256_SIZE],
	struct quote_signer *signer);

#endif
