/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "graphene/manifest.h"
#include "graphene/toml.h"

#include <fcntl.h>
#include <unistd.h>

/* The least that each generation's manifest has, for tests to append to. */
#define GRAPHENE                                                                                   \
	"libos.entrypoint = \"file:app\"\nsgx.thread_num = 4\n"                                    \
	"sgx.trusted_files.app = \"file:app\"\n"
#define GRAMINE "libos.entrypoint = \"/app\"\nfs.mounts = []\nsgx.max_threads = 4\n"

static struct graphene_manifest *parse(const char *text)
{
	struct error err = { 0 };
	struct graphene_manifest *manifest = graphene_manifest_parse(bytes_of_text(text), &err);
	assert_success(manifest, err);
	return manifest;
}

static void assert_refused(const char *text, const char *message)
{
	struct error err = { 0 };
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *manifest = graphene_manifest_parse(bytes_of_text(text), &err);
	assert_failure(manifest, err, ERROR_INVALID, message);
}

/* What parsing `text` logs; the caller frees. */
static char *log_of(const char *text)
{
	char path[] = "/tmp/test_graphene_manifest.XXXXXX";
	int log = mkstemp(path);
	int saved = dup(STDERR_FILENO);
	assert_true(log >= 0 && saved >= 0 && dup2(log, STDERR_FILENO) >= 0);
	struct error err = { 0 };
	struct graphene_manifest *manifest = graphene_manifest_parse(bytes_of_text(text), &err);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(log);
	AUTO(buf_free) struct buf out = { 0 };
	bool read = file_read(path, 65536, &out, NULL);
	unlink(path);
	assert_true(read);
	assert_success(manifest, err);
	graphene_manifest_free(manifest);
	return xstrdup(buf_text(&out));
}

static void assert_logged(const char *text, const char *expected)
{
	AUTO(auto_free) char *log = log_of(text);
	if (!strstr(log, expected))
		fail_msg("\"%s\" is not in \"%s\"", expected, log);
}

static void assert_normal(const char *uri, const char *expected)
{
	struct error err = { 0 };
	AUTO(auto_free) char *normal = graphene_normalise_uri(uri, &err);
	assert_success(normal, err);
	assert_string_equal(normal, expected);
}

static void uris_are_normalised_but_not_made_absolute(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{ "file:a", "file:a" },
		{ "file:./a", "file:a" },
		{ "file:a//b/./c/", "file:a/b/c" },
		{ "file:a/../b", "file:b" },
		{ "file:a/..", "file:" },
		{ "file:", "file:" },
		{ "file:.", "file:" },
		{ "file:./", "file:" },
		{ "file:../x/../../y", "file:../../y" },
		{ "file:/", "file:/" },
		{ "file://a", "file:/a" },
		{ "file:/..", "file:/" },
		{ "file:/../a/..", "file:/" },
		{ "file:/a/b/../c", "file:/a/c" },
		{ "file:...", "file:..." },
		{ "dev:tty", "dev:tty" },
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		assert_normal(pairs[i][0], pairs[i][1]);
	struct error err = { 0 };
	char *other = graphene_normalise_uri("http://x", &err);
	assert_failure(other, err, ERROR_INVALID, "must start with \"file:\"");
}

static void a_manifest_of_graphene_is_read(void **state)
{
	(void)state;
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *m = parse("loader.preload = \"file:/x/libsysdb.so\"\n"
					    "libos.entrypoint = \"file:premain-graphene\"\n"
					    "loader.argv0_override = \"hello\"\n"
					    "loader.insecure__use_host_env = 1\n"
					    "loader.env.LD_LIBRARY_PATH = \"/lib\"\n"
					    "fs.mount.b.type = \"chroot\"\n"
					    "fs.mount.b.path = \"/lib/x\"\n"
					    "fs.mount.b.uri = \"file:/usr/lib/\"\n"
					    "[fs.mount.a]\n"
					    "type = \"tmpfs\"\npath = \"/tmp\"\nuri = \"file:x\"\n"
					    "[sgx]\n"
					    "remote_attestation = 1\n"
					    "enclave_size = \"1024M\"\n"
					    "thread_num = 16\n"
					    "require_avx = 1\n"
					    "trusted_files.app = \"file:./hello\"\n"
					    "trusted_files.\"a dir\" = \"file:/data/\"\n"
					    "allowed_files.uuid = \"file:uuid\"\n"
					    "protected_files.cert = \"file:server.crt\"\n");
	assert_int_equal(m->generation, GRAPHENE_GENERATION_GRAPHENE);
	assert_string_equal(m->entrypoint, "premain-graphene");
	assert_string_equal(m->argv0_override, "hello");
	assert_true(m->use_host_env);
	assert_false(m->use_cmdline_argv);
	assert_int_equal(m->env_count, 1);
	assert_string_equal(m->env[0].name, "LD_LIBRARY_PATH");
	assert_string_equal(m->env[0].value, "/lib");
	assert_string_equal(m->root.path, "/");
	assert_string_equal(m->root.uri, "file:");
	assert_int_equal(m->mount_count, 2);
	assert_string_equal(m->mounts[0].path, "/tmp");
	assert_int_equal(m->mounts[0].type, GRAPHENE_MOUNT_TMPFS);
	assert_null(m->mounts[0].uri);
	assert_string_equal(m->mounts[1].path, "/lib/x");
	assert_string_equal(m->mounts[1].uri, "file:/usr/lib");
	assert_string_equal(m->start_dir, "/");
	assert_int_equal(m->trusted.count, 2);
	assert_string_equal(m->trusted.items[0].name, "app");
	assert_string_equal(m->trusted.items[0].path, "hello");
	assert_false(m->trusted.items[0].is_folder);
	assert_string_equal(m->trusted.items[1].name, "a dir");
	assert_true(m->trusted.items[1].is_folder);
	assert_string_equal(m->allowed.items[0].path, "uuid");
	assert_string_equal(m->protected_files.items[0].path, "server.crt");
	assert_true(m->enclave_size == UINT64_C(1) << 30);
	assert_int_equal(m->thread_num, 16);
	assert_int_equal(m->required_xfrm, 4);
	assert_int_equal(m->attestation, GRAPHENE_ATTESTATION_DCAP);
	assert_true(m->debug);
	assert_int_equal(m->stack_size, 256 * 1024);
	assert_int_equal(m->fd_limit, 900);
	assert_string_equal(m->log_level, "error");
}

static void a_manifest_of_gramine_is_read(void **state)
{
	(void)state;
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *m = parse(
		"libos.entrypoint = \"/app\"\n"
		"loader.entrypoint.uri = \"file:/x/libsysdb.so\"\n"
		"loader.argv = [\"app\", \"-v\"]\n"
		"loader.env.A = { value = \"1\" }\nloader.env.B = \"2\"\n"
		"loader.env.C = { passthrough = true }\n"
		"loader.uid = 1000\nloader.log_level = \"all\"\n"
		"fs.root = { type = \"tmpfs\" }\nfs.start_dir = \"/work\"\n"
		"fs.mounts = [\n"
		"  { path = \"/etc/ssl/certs\", uri = \"file:certs\" },\n"
		"  { path = \"/a/\", uri = \"file:a\" },\n"
		"  { type = \"encrypted\", path = \"/s\", uri = \"file:s\" },\n"
		"  { type = \"untrusted_shm\", path = \"/dev/shm\", uri = \"dev:/dev/shm\" },\n"
		"]\n"
		"sgx.max_threads = 8\nsgx.remote_attestation = \"dcap\"\n"
		"sgx.cpu_features.avx = \"required\"\nsgx.cpu_features.amx = \"disabled\"\n"
		"sgx.trusted_files = [\n  \"file:app\",\n"
		"  { uri = \"file:b\", sha256 = \"00112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeeff\" },\n]\n"
		"sgx.allowed_files = [\"file:tmp/\", \"dev:/dev/kmsg\"]\n"
		"sys.disallow_subprocesses = true\n");
	assert_int_equal(m->generation, GRAPHENE_GENERATION_GRAMINE);
	assert_string_equal(m->entrypoint, "/app");
	assert_string_equal(m->argv[1], "-v");
	assert_null(m->argv[2]);
	assert_int_equal(m->env_count, 3);
	assert_string_equal(m->env[0].name, "B");
	assert_string_equal(m->env[1].name, "A");
	assert_string_equal(m->env[1].value, "1");
	assert_string_equal(m->env[2].name, "C");
	assert_null(m->env[2].value);
	assert_int_equal(m->root.type, GRAPHENE_MOUNT_TMPFS);
	assert_string_equal(m->start_dir, "/work");
	assert_int_equal(m->mount_count, 4);
	assert_string_equal(m->mounts[0].path, "/etc/ssl/certs");
	assert_int_equal(m->mounts[0].type, GRAPHENE_MOUNT_CHROOT);
	assert_string_equal(m->mounts[1].path, "/a");
	assert_string_equal(m->mounts[2].key_name, "default");
	assert_string_equal(m->mounts[3].uri, "dev:/dev/shm");
	assert_int_equal(m->uid, 1000);
	assert_int_equal(m->thread_num, 8);
	assert_int_equal(m->required_xfrm, 4);
	assert_int_equal(m->disabled_xfrm, 0x60000);
	assert_false(m->debug);
	assert_false(m->trusted.items[0].has_sha256);
	assert_true(m->trusted.items[1].has_sha256);
	assert_int_equal(m->trusted.items[1].sha256[1], 0x11);
	assert_true(m->allowed.items[0].is_folder);
	assert_string_equal(m->allowed.items[1].path, "dev:/dev/kmsg");
	assert_true(m->disallow_subprocesses);
	assert_true(m->enclave_size == UINT64_C(256) << 20);
}

static void a_signed_manifest_of_graphene_has_its_hashes_in_a_table_of_their_own(void **state)
{
	(void)state;
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *m =
		parse(GRAPHENE "sgx.trusted_checksum.app = \"ff112233445566778899aabbccddeeff"
			       "00112233445566778899aabbccddeeff\"\n");
	assert_true(m->trusted.items[0].has_sha256);
	assert_int_equal(m->trusted.items[0].sha256[0], 0xff);
	assert_refused(GRAPHENE "sgx.trusted_checksum.app = \"ff\"\n",
		"Cannot parse 'sgx.trusted_files.app': expected 64 hexadecimal digits");
	assert_refused(GRAPHENE "sgx.trusted_checksum = []\n", "'sgx.trusted_checksum'");
}

static void the_generation_is_told_by_lists_and_keys(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum graphene_generation generation;
	} manifests[] = {
		{ "sgx.trusted_files = []\nsgx.thread_num = 4\nfs.mount = {}\n",
			GRAPHENE_GENERATION_GRAMINE },
		{ "sgx.trusted_files = {}\nsgx.max_threads = 4\n", GRAPHENE_GENERATION_GRAPHENE },
		{ "sgx.allowed_files.x = 'file:x'\n", GRAPHENE_GENERATION_GRAPHENE },
		{ "fs.mounts = []\nsgx.thread_num = 4\n", GRAPHENE_GENERATION_GRAMINE },
		{ "sgx.thread_num = 4\n", GRAPHENE_GENERATION_GRAPHENE },
		{ "libos.entrypoint = 'file:app'\n", GRAPHENE_GENERATION_GRAPHENE },
		{ "libos.entrypoint = '/app'\n", GRAPHENE_GENERATION_GRAMINE },
		{ "", GRAPHENE_GENERATION_GRAMINE },
	};
	for (size_t i = 0; i < sizeof(manifests) / sizeof(manifests[0]); i++) {
		json_t *tree = toml_parse(bytes_of_text(manifests[i].text), NULL);
		assert_int_equal(graphene_generation_of_tree(tree), manifests[i].generation);
		json_decref(tree);
	}
}

static void a_wrong_type_is_fatal_and_names_the_key(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "sgx.debug = 2", "Cannot parse 'sgx.debug': expected true or false" },
		{ "sgx.debug = 'true'", "Cannot parse 'sgx.debug'" },
		{ "sgx.isvsvn = 65536",
			"Cannot parse 'sgx.isvsvn': expected an integer from 0 to 65535" },
		{ "sgx.isvprodid = -1", "Cannot parse 'sgx.isvprodid'" },
		{ "sgx.enclave_size = 256", "Cannot parse 'sgx.enclave_size': expected a size" },
		{ "sgx.enclave_size = '64MB'", "Cannot parse 'sgx.enclave_size'" },
		{ "sgx.enclave_size = '0'", "Cannot parse 'sgx.enclave_size'" },
		{ "sgx.enclave_size = '-1'", "Cannot parse 'sgx.enclave_size'" },
		{ "sgx.enclave_size = '99999999999G'", "Cannot parse 'sgx.enclave_size'" },
		{ "sys.stack.size = ''", "Cannot parse 'sys.stack.size'" },
		{ "loader.uid = 4294967295",
			"'loader.uid': expected an integer from 0 to 4294967294" },
		{ "loader.log_level = 'verbose'", "Cannot parse 'loader.log_level': expected one "
						  "of the strings none error warning debug" },
		{ "loader.log_level = 'debug trace'", "Cannot parse 'loader.log_level'" },
		{ "sgx.file_check_policy = 'none'", "Cannot parse 'sgx.file_check_policy'" },
		{ "loader.env = 1", "Cannot parse 'loader.env': expected a table" },
		{ "loader.env.A = 1", "Cannot parse 'loader.env.A': expected a string" },
		{ "sgx.profile = 1", "Cannot parse 'sgx.profile': expected a table" },
		{ "sgx.protected_files_key = 'ff'", "expected 32 hexadecimal digits" },
		{ "fs.insecure__keys.x = 1", "expected 32 hexadecimal digits" },
		{ "sgx.trusted_files.b = 1", "Cannot parse 'sgx.trusted_files.b'" },
		{ "sgx.allowed_files = 'file:x'", "Cannot parse 'sgx.allowed_files'" },
		{ "sgx.allowed_files = [{ uri = 'file:x' }]",
			"Cannot parse 'sgx.allowed_files[0]'" },
		{ "fs.mount = 1", "Cannot parse 'fs.mount'" },
		{ "fs.mounts = {}", "Cannot parse 'fs.mounts'" },
		{ "fs.mounts = ['x']", "Cannot parse 'fs.mounts[0]'" },
		{ "fs.start_dir = true", "Cannot parse 'fs.start_dir'" },
		{ "loader.entrypoint = 'x'", "Cannot parse 'loader.entrypoint'" },
		{ "loader.argv_src_file = 'x.argv'", "Cannot parse 'loader.argv_src_file'" },
		{ "loader.argv = ['a', 1]", "Cannot parse 'loader.argv'" },
		{ "sgx.remote_attestation = 'ias'", "one of the strings none epid dcap" },
		{ "sgx.thread_num = 0", "line 4" },
		{ "sgx.max_threads = 4097", "an integer from 1 to 4096" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO(auto_free) char *text = xasprintf(GRAPHENE "%s\n", cases[i][0]);
		assert_refused(text, cases[i][1]);
	}
}

static void sizes_take_bases_and_suffixes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t size;
	} sizes[] = { { "64M", UINT64_C(64) << 20 }, { "1g", UINT64_C(1) << 30 },
		{ "0x10000", 65536 }, { "010000", 4096 }, { "4194304", 4194304 },
		{ "8192K", UINT64_C(8) << 20 } };
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		AUTO(auto_free)
		char *text = xasprintf(GRAPHENE "sgx.enclave_size = \"%s\"\n", sizes[i].text);
		AUTO(auto_graphene_manifest) struct graphene_manifest *m = parse(text);
		assert_true(m->enclave_size == sizes[i].size);
	}
	assert_refused(GRAPHENE "sgx.enclave_size = \"100M\"\n",
		"Enclave size not a power of two (an SGX-imposed requirement)");
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *edmm = parse(GRAMINE "sgx.edmm_enable = true\n");
	assert_true(edmm->enclave_size == UINT64_C(1) << 40);
}

static void obsolete_keys_are_fatal_with_a_hint(void **state)
{
	(void)state;
	assert_refused(GRAPHENE "loader.debug_type = 'inline'\n",
		"'loader.debug_type' is obsolete; use loader.log_level and loader.log_file");
	assert_refused(GRAPHENE "loader.exec = 'file:app'\n", "use libos.entrypoint");
	assert_refused(GRAPHENE "sgx.sigfile = 'file:app.sig'\n", "'sgx.sigfile' is obsolete");
}

static void unknown_and_deprecated_keys_are_logged(void **state)
{
	(void)state;
	assert_logged(GRAPHENE "sgx.remote_attestaton = 1\n", "\"sgx.remote_attestaton\"");
	assert_logged(GRAPHENE "\"x y\".z = 1\n", "\\\"x y\\\"");
	assert_logged(GRAMINE "fs.mounts2 = [{ path = '/a', uri = 'file:a', typ = 'tmpfs' }]\n",
		"\"fs.mounts2\"");
	assert_logged(GRAMINE "sgx.support_exinfo = true\n", "\"instead\":\"sgx.use_exinfo\"");
	assert_logged("libos.entrypoint = 'app'\nfs.mounts = [{ path = '/a', uri = 'file:a', "
		      "typo = 'x' }]\n",
		"\"fs.mounts[0].typo\"");
	assert_logged(
		GRAPHENE "fs.root = { uri = 'file:/proc/sys' }\n", "\"uri\":\"file:/proc/sys\"");
	AUTO(auto_free) char *quiet = log_of(GRAPHENE "sgx.debug = 1\n");
	assert_string_equal(quiet, "");
}

static void a_strict_reader_refuses_unknown_keys(void **state)
{
	(void)state;
	static const char *const texts[] = { GRAMINE "sgx.foo = 1\n", GRAMINE "foo = 1\n",
		"libos.entrypoint = 'a'\nfs.mounts = [{ path = '/a', uri = 'file:a', x = 1 }]\n" };
	static const char *const keys[] = { "'sgx.foo'", "'foo'", "'fs.mounts[0].x'" };
	for (size_t i = 0; i < 3; i++) {
		json_t *tree = toml_parse(bytes_of_text(texts[i]), NULL);
		struct error err = { 0 };
		struct graphene_manifest *m = graphene_manifest_of_tree(tree, true, &err);
		json_decref(tree);
		assert_failure(m, err, ERROR_INVALID, keys[i]);
	}
}

static void mounts_that_cannot_be_are_refused(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "{ path = 'a', uri = 'file:a' }", "Relative mount path \"a\" is disallowed!" },
		{ "{ path = '/', uri = 'file:a' }", "use fs.root" },
		{ "{ path = '/x/..', uri = 'file:a' }", "use fs.root" },
		{ "{ path = '..', uri = 'file:a' }", "'fs.mounts[0]': a mount on" },
		{ "{ uri = 'file:a' }", "the path is missing" },
		{ "{ path = '/a' }", "the uri is missing" },
		{ "{ path = '/a', uri = 'http:a' }", "'fs.mounts[0]': \"http:a\"" },
		{ "{ type = 'nfs', path = '/a', uri = 'file:a' }", "unknown type" },
		{ "{ type = 'encrypted', path = '/a', uri = 'dev:a' }", "takes a \"file:\" URI" },
		{ "{ type = 'untrusted_shm', path = '/a', uri = 'file:a' }", "takes a \"dev:\"" },
		{ "{ type = 'encrypted', path = '/a', uri = 'file:a', key_name = '_x' }",
			"reserved" },
		{ "{ type = 'encrypted', path = '/a', uri = 'file:a', key_name = '../x' }",
			"no name of a file" },
		{ "{ type = 1, path = '/a', uri = 'file:a' }", "'fs.mounts[0].type'" },
		{ "{ path = '/a', uri = 'file:a', enable_recovery = 2 }", "enable_recovery" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO(auto_free)
		char *text = xasprintf("libos.entrypoint = 'a'\nfs.mounts = [%s]\n", cases[i][0]);
		assert_refused(text, cases[i][1]);
	}
	assert_refused(GRAPHENE "fs.mount.t.type = 'tmpfs'\nfs.mount.t.path = '/t'\n",
		"'fs.mount.t': the uri is missing");
	assert_refused(GRAPHENE "fs.mount.t.uri = 'file:t'\nfs.mount.t.path = '/t'\n",
		"'fs.mount.t': the type is missing");
	assert_refused(GRAPHENE "fs.root.type = 'chroot'\n", "'fs.root': the uri is missing");
}

static void mounts_of_the_table_form_are_ordered_by_length(void **state)
{
	(void)state;
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *m =
		parse(GRAPHENE "fs.mount.x = { type = 'chroot', path = '/b/c', uri = 'file:1' }\n"
			       "fs.mount.a = { type = 'chroot', path = '/d', uri = 'file:2' }\n"
			       "fs.mount.z = { type = 'chroot', path = 'b', uri = 'file:3' }\n"
			       "fs.mount.b = { type = 'chroot', path = '/d', uri = 'file:4' }\n");
	static const char *const uris[] = { "file:2", "file:3", "file:4", "file:1" };
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(m->mounts[i].uri, uris[i]);
}

static void contradictions_in_the_loader_are_refused(void **state)
{
	(void)state;
	assert_refused("fs.mounts = []\n", "'libos.entrypoint' is missing");
	assert_refused("libos.entrypoint = 'file:.'\n", "'libos.entrypoint' is missing");
	assert_refused(GRAMINE "loader.argv = []\n", "at least one string");
	assert_refused(GRAMINE "loader.argv = ['a']\nloader.insecure__use_cmdline_argv = true\n",
		"'loader.argv' excludes");
	assert_refused(GRAMINE "loader.argv_src_file = 'file:a'\n"
			       "loader.insecure__use_cmdline_argv = true\n",
		"exclude each other");
	assert_refused(GRAPHENE
		"loader.env_src_file = 'file:e'\nloader.insecure__use_host_env = 1\n",
		"exclude each other");
	assert_refused(GRAMINE "loader.env.A = { passthrough = false }\n", "'loader.env.A'");
	assert_refused(GRAMINE "loader.env.A = {}\n", "'loader.env.A'");
	assert_refused(
		GRAMINE "loader.env.A = { passthrough = true, value = 'x' }\n", "'loader.env.A'");
	assert_refused(GRAMINE "loader.env.'A=B' = 'x'\n", "no name of a variable");
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *m = parse(GRAPHENE "loader.argv_src_file = 'file:./a//b'\n"
						     "loader.insecure__use_cmdline_argv = 1\n");
	assert_string_equal(m->argv_src_file, "a/b");
	assert_true(m->use_cmdline_argv);
}

static void lists_that_cannot_be_are_refused(void **state)
{
	(void)state;
	assert_refused(GRAPHENE "sgx.allowed_files.x = '/tmp'\n",
		"'sgx.allowed_files.x': \"/tmp\" is no URI");
	assert_refused(GRAPHENE "sgx.trusted_files.\"a b\" = 'dev:x'\n",
		"'sgx.trusted_files.\"a b\"': \"dev:x\" is a device");
#define HASH(digit) "'" digit "000000000000000000000000000000000000000000000000000000000000000'"
	assert_refused(GRAMINE
		"sgx.trusted_files = [{ uri = 'file:x/', sha256 = " HASH("0") " }]\n",
		"a folder cannot have a sha256");
	assert_refused(GRAMINE "sgx.trusted_files = [{ uri = 'file:x', sha256 = " HASH(
			       "0") " },\n"
				    "{ uri = 'file:./x', sha256 = " HASH("1") " }]\n",
		"\"file:x\" is listed with two different hashes");
	assert_refused(GRAMINE "sgx.protected_mrsigner_files = ['dev:x']\n", "is a device");
	assert_refused(GRAMINE "fs.insecure__keys._x = '00112233445566778899aabbccddeeff'\n",
		"starts with \"_\", which is reserved");
}

static void attestation_is_read_in_every_spelling(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum graphene_attestation attestation;
	} cases[] = {
		{ "", GRAPHENE_ATTESTATION_NONE },
		{ "sgx.remote_attestation = 0\n", GRAPHENE_ATTESTATION_NONE },
		{ "sgx.remote_attestation = true\n", GRAPHENE_ATTESTATION_DCAP },
		{ "sgx.remote_attestation = 1\nsgx.ra_client_spid = ''\n",
			GRAPHENE_ATTESTATION_DCAP },
		{ "sgx.remote_attestation = 1\n"
		  "sgx.ra_client_spid = '00112233445566778899AABBCCDDEEFF'\n",
			GRAPHENE_ATTESTATION_EPID },
		{ "sgx.remote_attestation = 'none'\n", GRAPHENE_ATTESTATION_NONE },
		{ "sgx.remote_attestation = 'epid'\n", GRAPHENE_ATTESTATION_EPID },
		{ "sgx.remote_attestation = 'dcap'\n", GRAPHENE_ATTESTATION_DCAP },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO(auto_free) char *text = xasprintf(GRAPHENE "%s", cases[i].text);
		AUTO(auto_graphene_manifest) struct graphene_manifest *m = parse(text);
		assert_int_equal(m->attestation, cases[i].attestation);
	}
	assert_refused(GRAPHENE "sgx.ra_client_spid = ''\n", "'sgx.remote_attestation' is off");
	assert_refused(GRAPHENE "sgx.remote_attestation = 1\nsgx.ra_client_spid = 'x'\n",
		"'sgx.ra_client_spid'");
}

static void syntax_errors_name_the_line(void **state)
{
	(void)state;
	assert_refused("libos.entrypoint = \"app\"\nsgx.debug = = 1\n", "line 2, column");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uris_are_normalised_but_not_made_absolute),
		cmocka_unit_test(a_manifest_of_graphene_is_read),
		cmocka_unit_test(a_manifest_of_gramine_is_read),
		cmocka_unit_test(
			a_signed_manifest_of_graphene_has_its_hashes_in_a_table_of_their_own),
		cmocka_unit_test(the_generation_is_told_by_lists_and_keys),
		cmocka_unit_test(a_wrong_type_is_fatal_and_names_the_key),
		cmocka_unit_test(sizes_take_bases_and_suffixes),
		cmocka_unit_test(obsolete_keys_are_fatal_with_a_hint),
		cmocka_unit_test(unknown_and_deprecated_keys_are_logged),
		cmocka_unit_test(a_strict_reader_refuses_unknown_keys),
		cmocka_unit_test(mounts_that_cannot_be_are_refused),
		cmocka_unit_test(mounts_of_the_table_form_are_ordered_by_length),
		cmocka_unit_test(contradictions_in_the_loader_are_refused),
		cmocka_unit_test(lists_that_cannot_be_are_refused),
		cmocka_unit_test(attestation_is_read_in_every_spelling),
		cmocka_unit_test(syntax_errors_name_the_line),
	};
	return cmocka_run_group_tests_name("graphene_manifest", tests, NULL, NULL);
}
