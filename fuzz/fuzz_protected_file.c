/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A protected file as a hostile host has it: any bytes; or, as if the host had the key, metadata
 * and MHT nodes that say anything, an interrupted write to be taken back, and then accesses. The
 * input is read as the code below reads it.
 */
#include "fuzz.h"

#include "base/reader.h"
#include "protected_disk.h"

#define RAW      1 /* bits of the first byte */
#define WITH_LOG 2
#define FILE_MAX 3000000 /* what accesses make of a file, so that each takes little time */

/* Node 1 and the nodes behind it, all decryptable by what every slot of node 1 says. */
static void put_nodes(
	struct buf *out, struct metadata *metadata, struct cipher *cipher, size_t count)
{
	static const uint8_t plain[LAYOUT_NODE_SIZE] = { 'd' };
	uint8_t mht[LAYOUT_NODE_SIZE];
	uint8_t sealed[LAYOUT_NODE_SIZE];
	memset(mht, 1, CIPHER_KEY_SIZE);
	cipher_encrypt(cipher, mht, plain, sizeof(plain), sealed, mht + CIPHER_KEY_SIZE);
	for (size_t i = 32; i < sizeof(mht); i += 32)
		memcpy(mht + i, mht, 32);
	uint8_t *root = buf_extend(out, LAYOUT_NODE_SIZE);
	cipher_encrypt(cipher, metadata->root_key, mht, sizeof(mht), root, metadata->root_tag);
	while (count--)
		buf_put(out, sealed, sizeof(sealed));
}

static void build(struct reader *r, struct buf *out)
{
	static const uint8_t nonce[METADATA_NONCE_SIZE];
	AUTO(auto_cipher) struct cipher *cipher = cipher_new();
	struct metadata metadata = { .format = (enum protected_format)(reader_u8(r) % 4) };
	size_t nodes = reader_u8(r);
	metadata.size = reader_u64(r);
	size_t path = reader_u16(r) % (METADATA_PATH_SIZE + 1);
	reader_copy(r, metadata.path, path);
	buf_put_zeros(out, LAYOUT_NODE_SIZE);
	put_nodes(out, &metadata, cipher, nodes);
	metadata_seal(&metadata, nonce, test_key, cipher, out->data);
}

/* Records as the input has them, and one that makes them belong to the file. */
static void put_log(struct reader *r, struct disk *disk)
{
	disk->has_side = true;
	for (size_t count = reader_u8(r) % 8; count; count--) {
		buf_put_u64(&disk->side, reader_u64(r));
		buf_put_zeros(&disk->side, LAYOUT_NODE_SIZE);
	}
	buf_put_u64(&disk->side, 0);
	buf_put(&disk->side, disk->main.data, LAYOUT_NODE_SIZE);
	disk_set_size(&disk->side, disk->side.size - reader_u8(r) % 2);
}

static void access_file(struct reader *r, struct protected_file *file)
{
	static uint8_t bytes[20000];
	uint8_t what = reader_u8(r);
	uint64_t offset = reader_u32(r) % FILE_MAX;
	size_t size = reader_u16(r) % sizeof(bytes);
	size_t got;
	/* growing a file that claims to be huge is allowed, and takes long */
	bool may_write = protected_file_size(file) <= FILE_MAX;
	if (what % 4 == 0)
		(void)protected_file_read(file, offset, bytes, size, &got, FUZZ_ERR);
	else if (what % 4 == 1 && may_write)
		(void)protected_file_write(file, offset, bytes, size, FUZZ_ERR);
	else if (what % 4 == 2 && may_write)
		(void)protected_file_resize(file, offset, FUZZ_ERR);
	else
		(void)protected_file_flush(file, FUZZ_ERR);
}

static void fill_disk(struct reader *r, struct disk *disk)
{
	uint8_t first = reader_u8(r);
	if (first & RAW) {
		buf_put(&disk->main, r->next, r->left);
		return;
	}
	build(r, &disk->main);
	if (first & WITH_LOG)
		put_log(r, disk);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(data, size);
	struct disk disk = { .writes_left = -1 };
	struct disk_side side;
	fill_disk(&r, &disk);
	struct protected_options options = disk_options(&disk, &side, PROTECTED_GRAPHENE);
	options.path = NULL;
	struct protected_file *file = protected_file_open(&options, FUZZ_ERR);
	for (int i = 0; file && r.left && i < 64; i++)
		access_file(&r, file);
	protected_file_close(file);
	disk_free(&disk);
	return 0;
}
