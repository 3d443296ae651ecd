/* SPDX-License-Identifier: Apache-2.0 */
/* ldd(FILE, …): the libraries that programs load, as a sorted list of absolute paths. */
#ifndef GRAPHENE_TEMPLATE_LDD_H
#define GRAPHENE_TEMPLATE_LDD_H

#include "graphene/jinja.h"

extern const struct jinja_object template_ldd;

#endif
