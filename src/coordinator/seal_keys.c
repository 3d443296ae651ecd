/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/seal_keys.h"

#include "attest/issuer.h"
#include "base/cleanup.h"

bool seal_keys_get(const char *attestation_folder, struct seal_keys *keys, struct error *err)
{
	AUTO(buf_free) struct buf product = { 0 };
	AUTO(buf_free) struct buf unique = { 0 };
	return (issuer_get_seal_key(attestation_folder, "_sgx_mrsigner", &product, err) &&
		       issuer_get_seal_key(attestation_folder, "_sgx_mrenclave", &unique, err) &&
		       seal_keys_derive(product.data, unique.data, keys, err)) ||
	       error_prefix(err, "getting the seal keys");
}
