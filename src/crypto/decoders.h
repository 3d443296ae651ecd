/* SPDX-License-Identifier: Apache-2.0 */
/* Which kinds of keys OpenSSL decodes. */
#ifndef CRYPTO_DECODERS_H
#define CRYPTO_DECODERS_H

#include "base/error.h"

#include <stdbool.h>

/*
 * Leaves OpenSSL with the decoders of RSA, EC and Edwards keys in certificates and PKCS#8. OpenSSL
 * 3.0 sets up all 40 of its decoders for each certificate that it reads, which takes longer than to
 * verify a signature. Call it once, after crypto_setup and before anything else of OpenSSL.
 */
bool decoders_narrow(struct error *err);

#endif
