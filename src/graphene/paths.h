/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the files are that enclaves need from us. Beside bin/, installed or in a build folder:
 *
 *	lib/graphene-sim/libpal-sim.so    measured in the place of Graphene's libpal
 *	lib/graphene-sim/libsysdb.so      what manifests name as the library OS
 *	lib/graphene-sim/runtime/glibc/   the dynamic linker and the libraries of glibc
 *
 * The environment variable GRAPHENE_SIM_LIBDIR names another lib/graphene-sim. All paths are
 * absolute without symbolic links; the caller frees.
 */
#ifndef GRAPHENE_PATHS_H
#define GRAPHENE_PATHS_H

#include "base/error.h"

/* The folder itself. NULL with ERROR_NOT_FOUND that says where it was looked for. */
char *graphene_libdir(struct error *err);

/* A file or folder in it, such as "libpal-sim.so". NULL with ERROR_NOT_FOUND. */
char *graphene_libdir_path(const char *name, struct error *err);

#define GRAPHENE_LIBPAL        "libpal-sim.so"
#define GRAPHENE_LIBOS         "libsysdb.so"
#define GRAPHENE_RUNTIME_GLIBC "runtime/glibc"

#endif
