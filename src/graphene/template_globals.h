/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What templates of manifests find besides their own variables (spec graphene-manifest.md clause
 * 10): graphene and gramine (libos, pkglibdir, runtimedir), env, ldd, python.
 */
#ifndef GRAPHENE_TEMPLATE_GLOBALS_H
#define GRAPHENE_TEMPLATE_GLOBALS_H

#include "graphene/jinja.h"

#define TEMPLATE_GLOBALS 5

/* The caller frees the values. */
void template_globals(struct jinja_variable out[TEMPLATE_GLOBALS]);

#endif
