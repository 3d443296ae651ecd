/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two files of the sealed state (spec pki-and-state.md clause 4), without any disk.
 *
 *	sealed_data  u32 length || recovery data || header || AES-GCM(data key)
 *	sealed_key   the data key: within an enclave u32 length || name of the key that seals it ||
 *	             AES-GCM(sealing key), bound to SHA-256 of sealed_data; outside its bare bytes
 *
 * The header is 12 bytes of text, a u32 format version and a u64 sequence number, which is greater
 * with every save; the ciphertext is bound to it. What is sealed is SHA-256 of the recovery data ||
 * the state. Files of format 1 have no header, and seal the state alone.
 */
#ifndef COORDINATOR_SEALED_FILE_H
#define COORDINATOR_SEALED_FILE_H

#include "base/buf.h"
#include "base/error.h"
#include "manifest/seal_mode.h"

#define DATA_KEY_SIZE       32
#define SEALED_FILE_VERSION 2

/* What the state is sealed with, and what stands beside it in plain text for its recovery. */
struct sealing {
	uint8_t data_key[DATA_KEY_SIZE];
	struct buf recovery; /* JSON */
};

void sealing_copy(struct sealing *to, const struct sealing *from);
void sealing_free(struct sealing *sealing);

/* The sealing keys of an enclave, made of what /dev/attestation gives. */
struct seal_keys {
	uint8_t product[32]; /* of _sgx_mrsigner */
	uint8_t unique[32];  /* of _sgx_mrenclave */
};

bool seal_keys_derive(const uint8_t product[16], const uint8_t unique[16], struct seal_keys *keys,
	struct error *err);

/* A file of data, taken apart; points into it. */
struct sealed_data {
	uint32_t version;
	uint64_t sequence; /* 0 in format 1 */
	struct bytes recovery;
	struct bytes header;
	struct bytes ciphertext;
};

/*
 * ERROR_INVALID for what is no such file, ERROR_UNSUPPORTED for a format that a later version
 * wrote.
 */
bool sealed_data_read(struct bytes file, struct sealed_data *data, struct error *err);
/*
 * Appends the state. ERROR_DENIED when the key is another one or anything was changed. Recovery
 * data may be lost, but not others.
 */
bool sealed_data_open(const struct sealed_data *data, const uint8_t data_key[DATA_KEY_SIZE],
	struct buf *state, struct error *err);
bool sealed_data_put(struct bytes state, uint64_t sequence, const struct sealing *sealing,
	struct buf *file, struct error *err);

/* What a file with a data key is, as far as that shows. */
enum sealed_key_kind {
	SEALED_KEY_PLAIN,
	SEALED_KEY_PRODUCT,
	SEALED_KEY_UNIQUE,
	SEALED_KEY_UNKNOWN,
};

enum sealed_key_kind sealed_key_kind(struct bytes file);
/*
 * The data key that belongs to this data file. `keys` is NULL outside of an enclave. ERROR_DENIED
 * when there is none that can be had here.
 */
bool sealed_key_open(struct bytes file, struct bytes data_file, const struct seal_keys *keys,
	uint8_t data_key[DATA_KEY_SIZE], struct error *err);
/* `mode` makes no difference outside of an enclave. */
bool sealed_key_put(const uint8_t data_key[DATA_KEY_SIZE], struct bytes data_file,
	enum seal_mode mode, const struct seal_keys *keys, struct buf *file, struct error *err);

#endif
