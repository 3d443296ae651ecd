/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/collateral.h"

struct pccs_options collateral_options(const struct options *options)
{
	return (struct pccs_options){
		.collateral = options->collateral,
		.ca_file = options->collateral_ca,
		.secure_cert = options->collateral_secure_cert,
		.cache_folder = options->collateral_cache,
		.trust_root_file = options->trust_root,
	};
}
