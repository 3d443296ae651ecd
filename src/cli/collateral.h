/* SPDX-License-Identifier: Apache-2.0 */
/* Where the flags say that collateral is. */
#ifndef CLI_COLLATERAL_H
#define CLI_COLLATERAL_H

#include "cli/options.h"
#include "pccs/open.h"

/* Points into `options`. */
struct pccs_options collateral_options(const struct options *options);

#endif
