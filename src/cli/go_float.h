/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with a fraction, as Go's encoding/json writes them. */
#ifndef CLI_GO_FLOAT_H
#define CLI_GO_FLOAT_H

#include "base/buf.h"

/*
 * Appends the shortest digits that read back as `value`, which is finite; with an exponent only
 * below 1e-6 and from 1e21 on.
 */
void go_float_put_json(double value, struct buf *out);

#endif
