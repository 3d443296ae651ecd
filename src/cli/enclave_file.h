/* SPDX-License-Identifier: Apache-2.0 */
/* Where the SIGSTRUCT of a signed enclave is, in the forms that SDKs have (spec cli.md clause 8).
 */
#ifndef CLI_ENCLAVE_FILE_H
#define CLI_ENCLAVE_FILE_H

#include "base/buf.h"
#include "base/error.h"
#include "sgx/sigstruct.h"

enum enclave_kind {
	ENCLAVE_OPEN_ENCLAVE, /* ELF section .oeinfo */
	ENCLAVE_GRAMINE,      /* .sig file, or a folder with one */
	ENCLAVE_SGX_SDK,      /* ELF section .note.sgxmeta */
	ENCLAVE_OCCLUM,       /* the same, of the library OS in an Occlum image (a folder) */
};

/* The first SIGSTRUCT inside `data`, wherever it starts. ERROR_NOT_FOUND if there is none. */
bool sigstruct_find(struct bytes data, struct sigstruct *out, struct error *err);

/*
 * Tries all forms on the file or folder. When none fits, the message is one line for each form that
 * says why it does not.
 */
bool enclave_file_read(
	const char *path, enum enclave_kind *kind, struct sigstruct *out, struct error *err);

#endif
