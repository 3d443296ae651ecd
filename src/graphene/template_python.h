/* SPDX-License-Identifier: Apache-2.0 */
/*
 * python: stdlib, platstdlib, purelib, distlib, ext_suffix, implementation, get_config_var(name),
 * get_path(name), get_paths(), get_sys_path(interpreter). python3 is asked when one of them is
 * used.
 */
#ifndef GRAPHENE_TEMPLATE_PYTHON_H
#define GRAPHENE_TEMPLATE_PYTHON_H

#include "graphene/jinja.h"

/* Bound to an object that keeps what was answered. */
extern const struct jinja_object template_python;

#endif
