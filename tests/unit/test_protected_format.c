/* SPDX-License-Identifier: Apache-2.0 */
/* Where the parts of a protected file stand and how they look, against the vectors of the spec. */
#include "protected_fixture.h"

#include "base/hex.h"
#include "crypto/digest.h"

/* Clause 4: the nonce is 20 21 … 3f. */
static void fill_nonce(uint8_t nonce[METADATA_NONCE_SIZE])
{
	for (int i = 0; i < METADATA_NONCE_SIZE; i++)
		nonce[i] = (uint8_t)(0x20 + i);
}

static void assert_sha256(const void *data, size_t size, const char *expected)
{
	uint8_t digest[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];
	sha256(data, size, digest);
	hex_format(hex, digest, sizeof(digest));
	assert_string_equal(hex, expected);
}

static void nodes_stand_where_the_spec_has_them(void **state)
{
	static const uint64_t sizes[][2] = { { 0, 4096 }, { 3072, 4096 }, { 3073, 12288 },
		{ 7168, 12288 }, { 7169, 16384 }, { 396288, 401408 }, { 396289, 409600 },
		{ 20000000, 20213760 } };
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		assert_int_equal(layout_node_count(sizes[i][0]) * LAYOUT_NODE_SIZE, sizes[i][1]);
	assert_int_equal(layout_data_position(0), 2);
	assert_int_equal(layout_data_position(95), 97);
	assert_int_equal(layout_data_position(96), 99);
	assert_int_equal(layout_mht_position(1), 98);
	assert_int_equal(layout_mht_position(2), 195);
	assert_int_equal(layout_mht_parent(32), 0);
	assert_int_equal(layout_mht_parent(33), 1);
	assert_int_equal(layout_mht_slot(1), 96);
	assert_int_equal(layout_mht_slot(34), 97);
}

static const struct {
	enum protected_format format;
	const char *small; /* SHA-256 of File A; NULL: the spec has none */
	const char *big;   /* of File B */
} vectors[] = {
	{ PROTECTED_GRAPHENE, "34b3bc63253435231ce9857c9d9c6f1f8d946188bc07318b33f4465f72bfcb84",
		NULL },
	{ PROTECTED_GRAMINE_1, "7f702bd7ef153b7350e2a6a3cad066970ec7f5a8d518febc851986e66979f4eb",
		"3a939dffd9b7bae80de656f3082adb3f2a1b17be0316318a1f8228db626782fb" },
	{ PROTECTED_GRAMINE_2, "a7637acfc79cb6a768f478d45dbf0d6d27a2fa5ba1866dfb41672e7679a0bcf8",
		"d53fde11297bb7d4ff25dc0115e5ad6561c6ce4eec48ef4651a667576934d03c" },
	{ PROTECTED_GRAPHENE_OLD, NULL, NULL },
};

#define VECTORS (sizeof(vectors) / sizeof(*vectors))

static void seal(const struct metadata *metadata, uint8_t node[LAYOUT_NODE_SIZE])
{
	uint8_t nonce[METADATA_NONCE_SIZE];
	AUTO(auto_cipher) struct cipher *cipher = cipher_new();
	fill_nonce(nonce);
	metadata_seal(metadata, nonce, test_key, cipher, node);
}

static void a_small_file_is_that_of_the_spec_in_every_format(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		struct metadata metadata = { .format = vectors[i].format,
			.path = "data/hello.txt",
			.size = 6,
			.start = "hello\n" };
		uint8_t node[LAYOUT_NODE_SIZE];
		seal(&metadata, node);
		if (vectors[i].small)
			assert_sha256(node, sizeof(node), vectors[i].small);

		struct error err = { 0 };
		struct metadata found;
		AUTO(auto_cipher) struct cipher *cipher = cipher_new();
		assert_success(metadata_open(&found, node, test_key, cipher, &err), err);
		assert_int_equal(found.format, vectors[i].format);
		assert_string_equal(found.path, "data/hello.txt");
		assert_int_equal(found.size, 6);
		assert_string_equal(found.start, "hello\n");
	}
}

/* File B: keys of the nodes are 01…, 02… and, of the root, 03…. */
static void put_big_file(struct buf *out, enum protected_format format, const uint8_t content[8000])
{
	AUTO(auto_cipher) struct cipher *cipher = cipher_new();
	struct metadata metadata = { .format = format, .path = "data/big.bin", .size = 8000 };
	uint8_t nodes[4][LAYOUT_NODE_SIZE];
	uint8_t mht[LAYOUT_NODE_SIZE] = { 0 };
	uint8_t data[2][LAYOUT_NODE_SIZE] = { { 0 } };
	memcpy(metadata.start, content, LAYOUT_START_SIZE);
	memcpy(data[0], content + LAYOUT_START_SIZE, LAYOUT_NODE_SIZE);
	memcpy(data[1], content + layout_data_offset(1), 8000 - layout_data_offset(1));
	for (size_t i = 0; i < 2; i++) {
		uint8_t *entry = mht + 32 * i;
		memset(entry, (int)i + 1, CIPHER_KEY_SIZE);
		cipher_encrypt(cipher, entry, data[i], LAYOUT_NODE_SIZE, nodes[2 + i], entry + 16);
	}
	memset(metadata.root_key, 3, CIPHER_KEY_SIZE);
	cipher_encrypt(
		cipher, metadata.root_key, mht, LAYOUT_NODE_SIZE, nodes[1], metadata.root_tag);
	seal(&metadata, nodes[0]);
	buf_put(out, nodes, sizeof(nodes));
}

static void a_big_file_is_that_of_the_spec_and_can_be_read(void **state)
{
	uint8_t content[8000];
	(void)state;
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(7 * i + 3);
	for (size_t i = 0; i < VECTORS; i++) {
		struct disk disk = { .writes_left = -1 };
		struct disk_side side;
		struct error err = { 0 };
		put_big_file(&disk.main, vectors[i].format, content);
		if (vectors[i].big)
			assert_sha256(disk.main.data, disk.main.size, vectors[i].big);
		struct protected_options options = disk_options(&disk, &side, PROTECTED_GRAPHENE);
		options.path = "data/big.bin";
		struct protected_file *file = protected_file_open(&options, &err);
		assert_success(file != NULL, err);
		assert_content(file, content, sizeof(content));
		assert_int_equal(protected_file_format(file), vectors[i].format);
		protected_file_close(file);
		disk_free(&disk);
	}
}

static void what_is_no_protected_file_is_told(void **state)
{
	static const struct {
		const char *start; /* of the node */
		enum error_kind kind;
		const char *message;
	} cases[] = {
		{ "", ERROR_INVALID, "no protected file" },
		{ "GRAPH_PE\1", ERROR_INVALID, "no protected file" },
		{ "GRAPH_PF\2", ERROR_INVALID, "version 2" },
		{ "GRAFS_PF\3", ERROR_INVALID, "version 3" },
		{ "GRAFS_PF\1", ERROR_DENIED, "another key, or was changed" },
	};
	AUTO(auto_cipher) struct cipher *cipher = cipher_new();
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t node[LAYOUT_NODE_SIZE] = { 0 };
		struct metadata metadata;
		struct error err = { 0 };
		memcpy(node, cases[i].start, strlen(cases[i].start));
		assert_failure(metadata_open(&metadata, node, test_key, cipher, &err), err,
			cases[i].kind, cases[i].message);
	}
}

static void what_no_writer_says_is_refused(void **state)
{
	struct metadata huge = { .format = PROTECTED_GRAMINE_1, .size = LAYOUT_SIZE_MAX + 1 };
	struct metadata endless = { .format = PROTECTED_GRAMINE_1 };
	struct metadata found;
	struct error err = { 0 };
	uint8_t node[LAYOUT_NODE_SIZE];
	AUTO(auto_cipher) struct cipher *cipher = cipher_new();
	(void)state;
	seal(&huge, node);
	assert_failure(metadata_open(&found, node, test_key, cipher, &err), err, ERROR_INVALID,
		"more data than is possible");
	memset(endless.path, 'x', sizeof(endless.path));
	seal(&endless, node);
	assert_failure(metadata_open(&found, node, test_key, cipher, &err), err, ERROR_INVALID,
		"has no end");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_stand_where_the_spec_has_them),
		cmocka_unit_test(a_small_file_is_that_of_the_spec_in_every_format),
		cmocka_unit_test(a_big_file_is_that_of_the_spec_and_can_be_read),
		cmocka_unit_test(what_is_no_protected_file_is_told),
		cmocka_unit_test(what_no_writer_says_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
