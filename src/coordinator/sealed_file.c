/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/sealed_file.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/reader.h"
#include "crypto/aead.h"

#include <string.h>

#define RECOVERY_MAX  (1U << 20)
#define SEALING_LABEL "marblerun sealing key"
#define HEADER_SIZE   24

static const char header_text[] = "marblerun-c:"; /* 12 bytes, as long as the nonce of format 1 */

static const char *const key_names[] = {
	[SEAL_PRODUCT_KEY] = "_sgx_mrsigner",
	[SEAL_UNIQUE_KEY] = "_sgx_mrenclave",
};

static const struct bytes nothing = { "", 0 };

void sealing_copy(struct sealing *to, const struct sealing *from)
{
	memcpy(to->data_key, from->data_key, DATA_KEY_SIZE);
	buf_clear(&to->recovery);
	buf_put(&to->recovery, from->recovery.data, from->recovery.size);
}

void sealing_free(struct sealing *sealing)
{
	memory_wipe(sealing->data_key, DATA_KEY_SIZE);
	buf_free(&sealing->recovery);
}

bool seal_keys_derive(const uint8_t product[16], const uint8_t unique[16], struct seal_keys *keys,
	struct error *err)
{
	struct bytes label = bytes_of_text(SEALING_LABEL);
	return hkdf_sha256((struct bytes){ product, 16 }, nothing, label, keys->product,
		       sizeof(keys->product), err) &&
	       hkdf_sha256((struct bytes){ unique, 16 }, nothing, label, keys->unique,
		       sizeof(keys->unique), err);
}

/* The header, if there is one: format 1 has a random nonce in its place. */
static bool read_header(struct reader *r, struct sealed_data *data, struct error *err)
{
	size_t length = strlen(header_text);
	struct reader header = *r;
	const uint8_t *start = reader_bytes(&header, length);
	data->version = 1;
	if (!start || memcmp(start, header_text, length) != 0)
		return true;
	data->version = reader_u32(&header);
	data->sequence = reader_u64(&header);
	data->header = (struct bytes){ start, HEADER_SIZE };
	*r = header;
	return (data->version == SEALED_FILE_VERSION && !r->bad) ||
	       error_set(err, ERROR_UNSUPPORTED,
		       "sealed state has format version %u, which this Coordinator does not know "
		       "(it knows up to %d): start the version that wrote it, or a later one",
		       data->version, SEALED_FILE_VERSION);
}

bool sealed_data_read(struct bytes file, struct sealed_data *data, struct error *err)
{
	*data = (struct sealed_data){ .header = nothing };
	struct reader r = reader_of(file.data, file.size);
	uint32_t recovery_size = reader_u32(&r);
	if (r.bad)
		return error_set(err, ERROR_INVALID, "sealed state is missing data");
	const uint8_t *recovery = reader_bytes(&r, recovery_size);
	if (r.bad || recovery_size > RECOVERY_MAX)
		return error_set(err, ERROR_INVALID,
			"sealed state is corrupted, embedded length does not fit the data");
	data->recovery = (struct bytes){ recovery, recovery_size };
	if (!read_header(&r, data, err))
		return false;
	data->ciphertext = (struct bytes){ r.next, r.left };
	return true;
}

static bool fits_recovery(const struct sealed_data *data, const struct buf *plain)
{
	uint8_t hash[SHA256_SIZE];
	sha256(data->recovery.data, data->recovery.size, hash);
	return plain->size >= SHA256_SIZE &&
	       (!data->recovery.size || !memcmp(hash, plain->data, SHA256_SIZE));
}

bool sealed_data_open(const struct sealed_data *data, const uint8_t data_key[DATA_KEY_SIZE],
	struct buf *state, struct error *err)
{
	struct bytes key = { data_key, DATA_KEY_SIZE };
	if (data->version == 1)
		return aead_open(key, data->ciphertext, nothing, state, err);
	AUTO(buf_free) struct buf plain = { 0 };
	if (!aead_open(key, data->ciphertext, data->header, &plain, err))
		return false;
	if (!fits_recovery(data, &plain))
		return error_set(
			err, ERROR_DENIED, "the recovery data are not those of this state");
	buf_put(state, plain.data + SHA256_SIZE, plain.size - SHA256_SIZE);
	return true;
}

bool sealed_data_put(struct bytes state, uint64_t sequence, const struct sealing *sealing,
	struct buf *file, struct error *err)
{
	AUTO(buf_free) struct buf header = { 0 };
	AUTO(buf_free) struct buf plain = { 0 };
	buf_put_text(&header, header_text);
	buf_put_u32(&header, SEALED_FILE_VERSION);
	buf_put_u64(&header, sequence);
	sha256(sealing->recovery.data, sealing->recovery.size, buf_extend(&plain, SHA256_SIZE));
	buf_put(&plain, state.data, state.size);
	buf_put_u32(file, (uint32_t)sealing->recovery.size);
	buf_put(file, sealing->recovery.data, sealing->recovery.size);
	buf_put(file, header.data, header.size);
	return aead_seal((struct bytes){ sealing->data_key, DATA_KEY_SIZE }, buf_bytes(&plain),
		buf_bytes(&header), file, err);
}

/* The name in front of a sealed key; *sealed is what follows it. */
static bool has_name(struct bytes file, const char *name, struct bytes *sealed)
{
	struct reader r = reader_of(file.data, file.size);
	size_t size = reader_u32(&r);
	const uint8_t *found = reader_bytes(&r, size);
	*sealed = (struct bytes){ r.next, r.left };
	return !r.bad && size == strlen(name) && !memcmp(found, name, size);
}

enum sealed_key_kind sealed_key_kind(struct bytes file)
{
	struct bytes sealed;
	if (file.size == DATA_KEY_SIZE)
		return SEALED_KEY_PLAIN;
	if (has_name(file, key_names[SEAL_PRODUCT_KEY], &sealed))
		return SEALED_KEY_PRODUCT;
	return has_name(file, key_names[SEAL_UNIQUE_KEY], &sealed) ? SEALED_KEY_UNIQUE
								   : SEALED_KEY_UNKNOWN;
}

static const uint8_t *sealing_key(const struct seal_keys *keys, enum seal_mode mode)
{
	return mode == SEAL_UNIQUE_KEY ? keys->unique : keys->product;
}

static bool unseal(struct bytes file, struct bytes data_file, enum seal_mode mode,
	const struct seal_keys *keys, struct buf *data_key, struct error *err)
{
	struct bytes sealed;
	uint8_t hash[SHA256_SIZE];
	sha256(data_file.data, data_file.size, hash);
	return has_name(file, key_names[mode], &sealed) &&
	       aead_open((struct bytes){ sealing_key(keys, mode), 32 }, sealed,
		       (struct bytes){ hash, sizeof(hash) }, data_key, err);
}

bool sealed_key_open(struct bytes file, struct bytes data_file, const struct seal_keys *keys,
	uint8_t data_key[DATA_KEY_SIZE], struct error *err)
{
	AUTO(buf_free) struct buf opened = { 0 };
	error_set(err, ERROR_DENIED, "the data key was not sealed for a Coordinator like this one");
	switch (sealed_key_kind(file)) {
	case SEALED_KEY_PLAIN:
		if (!keys)
			buf_put(&opened, file.data, file.size);
		break;
	case SEALED_KEY_PRODUCT:
		if (keys)
			unseal(file, data_file, SEAL_PRODUCT_KEY, keys, &opened, err);
		break;
	case SEALED_KEY_UNIQUE:
		if (keys)
			unseal(file, data_file, SEAL_UNIQUE_KEY, keys, &opened, err);
		break;
	case SEALED_KEY_UNKNOWN:
		break;
	}
	if (opened.size != DATA_KEY_SIZE)
		return false;
	memcpy(data_key, opened.data, DATA_KEY_SIZE);
	if (err)
		*err = (struct error){ 0 };
	return true;
}

bool sealed_key_put(const uint8_t data_key[DATA_KEY_SIZE], struct bytes data_file,
	enum seal_mode mode, const struct seal_keys *keys, struct buf *file, struct error *err)
{
	if (!keys) {
		buf_put(file, data_key, DATA_KEY_SIZE);
		return true;
	}
	uint8_t hash[SHA256_SIZE];
	sha256(data_file.data, data_file.size, hash);
	buf_put_u32(file, (uint32_t)strlen(key_names[mode]));
	buf_put_text(file, key_names[mode]);
	return aead_seal((struct bytes){ sealing_key(keys, mode), 32 },
		(struct bytes){ data_key, DATA_KEY_SIZE }, (struct bytes){ hash, sizeof(hash) },
		file, err);
}
