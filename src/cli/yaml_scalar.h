/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a YAML scalar means, by YAML 1.1 as Go's yaml.v2 reads it (spec cli.md clause 4): `yes`,
 * `on` and `y` are booleans, 0755 and 0b101 integers, dates are text.
 */
#ifndef CLI_YAML_SCALAR_H
#define CLI_YAML_SCALAR_H

#include "base/buf.h"
#include "base/error.h"
#include "cli/yaml_tree.h"

#include <stdbool.h>

/* Appends the scalar as JSON value. ERROR_INVALID when its tag does not fit or JSON lacks it. */
bool yaml_scalar_put_json(const struct yaml_node *scalar, struct buf *json, struct error *err);

/*
 * Appends the text that the scalar is as name of a JSON member: `1` and "1" are the same name.
 * ERROR_INVALID for null and for numbers with a fraction.
 */
bool yaml_scalar_put_name(const struct yaml_node *scalar, struct buf *name, struct error *err);

/* True for `<<`, the name whose value is merged into the mapping. */
bool yaml_scalar_is_merge(const struct yaml_node *node);

#endif
