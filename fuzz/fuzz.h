/* SPDX-License-Identifier: Apache-2.0 */
/* The one function of a fuzz target, and what it hands to those that may fail. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* An error of its own for each call, so that messages about what is wrong are made as well. */
#define FUZZ_ERR (&(struct error){ 0 })

/* Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
