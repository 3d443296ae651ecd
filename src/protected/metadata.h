/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first node of a protected file: parse and build (spec graphene-protected-files.md clauses 1
 * to 3). Its encrypted part holds what the rest hangs from: size, path, key of the root MHT node.
 */
#ifndef PROTECTED_METADATA_H
#define PROTECTED_METADATA_H

#include "base/error.h"
#include "protected/cipher.h"
#include "protected/layout.h"

#define METADATA_PATH_SIZE  772 /* bytes with NUL */
#define METADATA_NONCE_SIZE 32

/* Who writes so and can read it. */
enum protected_format {
	PROTECTED_GRAPHENE_OLD, /* GRAPH_PF 1: Graphene until 20 May 2021; another key derivation */
	PROTECTED_GRAPHENE,     /* GRAPH_PF 1: Graphene from then on */
	PROTECTED_GRAMINE_1,    /* GRAFS_PF 1: Gramine 1.0 to 1.8; 1.9 reads it */
	PROTECTED_GRAMINE_2,    /* GRAFS_PF 2: Gramine 1.9 */
};

/* "GRAPH_PF 1.0", with "(before May 2021)" for the older key derivation. */
const char *protected_format_name(enum protected_format format);

struct metadata {
	enum protected_format format;
	char path[METADATA_PATH_SIZE]; /* to which the file is bound */
	uint64_t size;                 /* of the data, bytes */
	uint8_t root_key[CIPHER_KEY_SIZE];
	uint8_t root_tag[CIPHER_TAG_SIZE];
	uint8_t start[LAYOUT_START_SIZE]; /* the first data bytes */
};

/*
 * Decrypts a node. ERROR_INVALID when it is none of a protected file, or says what no writer does;
 * ERROR_DENIED when it was changed or the key is another one.
 */
bool metadata_open(struct metadata *metadata, const uint8_t node[LAYOUT_NODE_SIZE],
	const uint8_t key[CIPHER_KEY_SIZE], struct cipher *cipher, struct error *err);

/* Encrypts to a node. No nonce may be used twice with a key. */
void metadata_seal(const struct metadata *metadata, const uint8_t nonce[METADATA_NONCE_SIZE],
	const uint8_t key[CIPHER_KEY_SIZE], struct cipher *cipher, uint8_t node[LAYOUT_NODE_SIZE]);

/* The flag that format 2 has for a write that was begun and must be taken back (clause 8). */
bool metadata_has_flags(const uint8_t node[LAYOUT_NODE_SIZE]);
bool metadata_is_pending(const uint8_t node[LAYOUT_NODE_SIZE]);
/* Only where there are flags. */
void metadata_set_pending(uint8_t node[LAYOUT_NODE_SIZE], bool is_pending);

#endif
