/* SPDX-License-Identifier: Apache-2.0 */
#include "protected/metadata.h"

#include "base/memory.h"
#include "base/reader.h"
#include "crypto/digest.h"

#include <string.h>

#define MAGIC_SIZE   8
#define MAJOR_AT     8
#define FLAGS_AT     58
#define FLAG_PENDING 1
#define SEALED_SIZE  (METADATA_PATH_SIZE + 8 + CIPHER_KEY_SIZE + CIPHER_TAG_SIZE + LAYOUT_START_SIZE)
#define LABEL_SIZE   64
#define KEY_BITS     128

#define GRAPHENE_MAGIC "GRAPH_PF"
#define GRAMINE_MAGIC  "GRAFS_PF"

/* What stands before the encrypted part, and that part in place. */
struct header {
	enum protected_format format;
	const uint8_t *nonce;
	const uint8_t *tag;
	const uint8_t *sealed;
};

struct format {
	const char *name;
	const char *magic;
	uint8_t major;
};

static const struct format formats[] = {
	[PROTECTED_GRAPHENE_OLD] = { "GRAPH_PF 1.0 (before May 2021)", GRAPHENE_MAGIC, 1 },
	[PROTECTED_GRAPHENE] = { "GRAPH_PF 1.0", GRAPHENE_MAGIC, 1 },
	[PROTECTED_GRAMINE_1] = { "GRAFS_PF 1.0", GRAMINE_MAGIC, 1 },
	[PROTECTED_GRAMINE_2] = { "GRAFS_PF 2.0", GRAMINE_MAGIC, 2 },
};

const char *protected_format_name(enum protected_format format)
{
	return formats[format].name;
}

/* Of the two formats with Graphene's magic the newer one stands for both. */
static bool read_format(
	const uint8_t *magic, uint8_t major, enum protected_format *format, struct error *err)
{
	bool known = false;
	for (int i = PROTECTED_GRAPHENE; i <= PROTECTED_GRAMINE_2; i++) {
		bool same = !memcmp(magic, formats[i].magic, MAGIC_SIZE);
		known |= same;
		*format = (enum protected_format)i;
		if (same && major == formats[i].major)
			return true;
	}
	if (known)
		return error_set(err, ERROR_INVALID,
			"the version %u of its format is not known: it was written by a newer "
			"Gramine",
			major);
	return error_set(err, ERROR_INVALID,
		"it is no protected file: it does not start with "
		"\"" GRAPHENE_MAGIC "\" or \"" GRAMINE_MAGIC "\"");
}

static bool read_header(struct header *header, const uint8_t *node, struct error *err)
{
	struct reader r = reader_of(node, LAYOUT_NODE_SIZE);
	const uint8_t *magic = reader_bytes(&r, MAGIC_SIZE);
	uint8_t major = reader_u8(&r);
	(void)reader_u8(&r); /* no reader looks at the minor version */
	header->nonce = reader_bytes(&r, METADATA_NONCE_SIZE);
	header->tag = reader_bytes(&r, CIPHER_TAG_SIZE);
	if (!read_format(magic, major, &header->format, err))
		return false;
	if (header->format == PROTECTED_GRAMINE_2)
		(void)reader_u8(&r);
	header->sealed = reader_bytes(&r, SEALED_SIZE);
	return true;
}

/* Clause 3. */
static void derive_key(enum protected_format format, const uint8_t *nonce, const uint8_t *key,
	struct cipher *cipher, uint8_t out[CIPHER_KEY_SIZE])
{
	static const char label[LABEL_SIZE] = "SGX-PROTECTED-FS-METADATA-KEY";
	AUTO(buf_free) struct buf block = { 0 };
	buf_put_u32(&block, 1);
	buf_put(&block, label, sizeof(label));
	buf_put(&block, nonce, METADATA_NONCE_SIZE);
	buf_put_u32(&block, KEY_BITS);
	if (format == PROTECTED_GRAPHENE_OLD)
		cipher_authenticate(cipher, key, block.data, block.size, out);
	else
		aes128_cmac(key, block.data, block.size, out);
}

static bool decrypt(const struct header *header, enum protected_format format, const uint8_t *key,
	struct cipher *cipher, uint8_t *plain)
{
	uint8_t own_key[CIPHER_KEY_SIZE];
	derive_key(format, header->nonce, key, cipher, own_key);
	bool good =
		cipher_decrypt(cipher, own_key, header->sealed, SEALED_SIZE, plain, header->tag);
	memory_wipe(own_key, sizeof(own_key));
	return good;
}

static bool read_sealed(struct metadata *metadata, const uint8_t *plain, struct error *err)
{
	struct reader r = reader_of(plain, SEALED_SIZE);
	reader_copy(&r, metadata->path, sizeof(metadata->path));
	metadata->size = reader_u64(&r);
	reader_copy(&r, metadata->root_key, sizeof(metadata->root_key));
	reader_copy(&r, metadata->root_tag, sizeof(metadata->root_tag));
	reader_copy(&r, metadata->start, sizeof(metadata->start));
	if (!memchr(metadata->path, 0, sizeof(metadata->path)))
		return error_set(err, ERROR_INVALID, "the path that it is bound to has no end");
	if (metadata->size > LAYOUT_SIZE_MAX)
		return error_set(
			err, ERROR_INVALID, "it claims to have more data than is possible");
	return true;
}

bool metadata_open(struct metadata *metadata, const uint8_t node[LAYOUT_NODE_SIZE],
	const uint8_t key[CIPHER_KEY_SIZE], struct cipher *cipher, struct error *err)
{
	struct header header;
	uint8_t plain[SEALED_SIZE];
	if (!read_header(&header, node, err))
		return false;
	metadata->format = header.format;
	bool good = decrypt(&header, metadata->format, key, cipher, plain);
	if (!good && header.format == PROTECTED_GRAPHENE) {
		metadata->format = PROTECTED_GRAPHENE_OLD;
		good = decrypt(&header, metadata->format, key, cipher, plain);
	}
	if (!good)
		return error_set(err, ERROR_DENIED,
			"it was encrypted with another key, or was changed since");
	good = read_sealed(metadata, plain, err);
	memory_wipe(plain, sizeof(plain));
	return good;
}

void metadata_seal(const struct metadata *metadata, const uint8_t nonce[METADATA_NONCE_SIZE],
	const uint8_t key[CIPHER_KEY_SIZE], struct cipher *cipher, uint8_t node[LAYOUT_NODE_SIZE])
{
	const struct format *format = &formats[metadata->format];
	uint8_t own_key[CIPHER_KEY_SIZE];
	AUTO(buf_free) struct buf plain = { 0 };
	AUTO(buf_free) struct buf out = { 0 };
	buf_put(&plain, metadata->path, sizeof(metadata->path));
	buf_put_u64(&plain, metadata->size);
	buf_put(&plain, metadata->root_key, sizeof(metadata->root_key));
	buf_put(&plain, metadata->root_tag, sizeof(metadata->root_tag));
	buf_put(&plain, metadata->start, sizeof(metadata->start));

	buf_put(&out, format->magic, MAGIC_SIZE);
	buf_put_u8(&out, format->major);
	buf_put_u8(&out, 0);
	buf_put(&out, nonce, METADATA_NONCE_SIZE);
	size_t tag_at = out.size;
	buf_put_zeros(&out, CIPHER_TAG_SIZE);
	if (metadata->format == PROTECTED_GRAMINE_2)
		buf_put_u8(&out, 0);
	size_t sealed_at = out.size;
	buf_put_zeros(&out, LAYOUT_NODE_SIZE - out.size);

	derive_key(metadata->format, nonce, key, cipher, own_key);
	cipher_encrypt(
		cipher, own_key, plain.data, plain.size, out.data + sealed_at, out.data + tag_at);
	memory_wipe(own_key, sizeof(own_key));
	memcpy(node, out.data, LAYOUT_NODE_SIZE);
}

bool metadata_has_flags(const uint8_t node[LAYOUT_NODE_SIZE])
{
	return !memcmp(node, GRAMINE_MAGIC, MAGIC_SIZE) && node[MAJOR_AT] == 2;
}

bool metadata_is_pending(const uint8_t node[LAYOUT_NODE_SIZE])
{
	return metadata_has_flags(node) && node[FLAGS_AT] & FLAG_PENDING;
}

void metadata_set_pending(uint8_t node[LAYOUT_NODE_SIZE], bool is_pending)
{
	node[FLAGS_AT] =
		(uint8_t)((node[FLAGS_AT] & ~FLAG_PENDING) | (is_pending ? FLAG_PENDING : 0));
}
