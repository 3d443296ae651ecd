/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libsysdb.so: what manifests name as the library OS and list as a trusted file. The kernel plays
 * its part in a simulated enclave, so it only needs to be a file of that name that does not change.
 */
extern const char libos_name[];
const char libos_name[] = "graphene-sim: not a library OS, the kernel of the host serves as one";
