/* SPDX-License-Identifier: Apache-2.0 */
/* The quote that binds the Marble's certificate (spec premain.md clause 3). */
#ifndef PREMAIN_QUOTE_H
#define PREMAIN_QUOTE_H

#include "base/buf.h"
#include "crypto/cert.h"
#include "premain/libos.h"

/*
 * Appends a quote with Open Enclave header over SHA-256 of the certificate: in a VM from the kernel
 * and its folder of reports, elsewhere from the pseudo files in `folder`. When there is none to be
 * had it says so in the log, with the consequence, and appends nothing: the activation is then
 * attempted in simulation.
 */
void quote_put(enum libos libos, const char *folder, X509 *cert, struct buf *out);

#endif
