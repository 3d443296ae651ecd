/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What graphene-pf-crypt does with files and folders (spec graphene-protected-files.md clause 6).
 * An output appears complete or not at all, decrypted only when all of it was found right.
 */
#ifndef GRAPHENE_PF_CRYPT_H
#define GRAPHENE_PF_CRYPT_H

#include "base/error.h"
#include "graphene/progress.h"
#include "protected/file.h"

enum pf_crypt_mode { PF_ENCRYPT, PF_DECRYPT, PF_VERIFY, PF_SHOW };

struct pf_crypt {
	enum pf_crypt_mode mode;
	uint8_t key[CIPHER_KEY_SIZE];
	enum protected_format format; /* to encrypt to */
	bool check_path;              /* a file must be bound to the path of the input */
	struct progress progress;
};

/* `output` is NULL where there is none. Folders are walked through. */
bool pf_crypt_run(struct pf_crypt *work, const char *input, const char *output, struct error *err);

/* Makes a key. ERROR_STATE if there is something at path. */
bool pf_crypt_generate_key(const char *path, struct error *err);
bool pf_crypt_read_key(const char *path, uint8_t key[CIPHER_KEY_SIZE], struct error *err);

#endif
