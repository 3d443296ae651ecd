/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libpal-sim.so: the file that is measured where an enclave of Graphene holds its loader. The
 * hardware computes MRENCLAVE over the loader's pages; a simulated enclave has no loader inside, so
 * this one stands for it (spec graphene-signing.md clause 7). It is never executed.
 */
extern const char pal_name[];
const char pal_name[] = "graphene-sim: not a loader, an enclave with this page is simulated";

__attribute__((noreturn)) void enclave_entry(void);
void enclave_entry(void)
{
	__builtin_trap();
}
