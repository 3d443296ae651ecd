/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_fixture.h"

#include "base/log.h"
#include "crypto/digest.h"
#include "graphene/sim_attestation.h"
#include "sgx/quote.h"

#include <errno.h>
#include <fcntl.h>

#define WITH_QUOTES "sgx.remote_attestation = true\nsgx.ra_client_spid = \"\"\n"
#define DCAP        "sgx.remote_attestation = \"dcap\"\n"

static const struct sim_process first = { 2, 100 };
static const struct sim_process second = { 3, 101 };

/* One platform for all tests; its folder is the current one. */
static struct platform *open_platform(void *context, struct error *err)
{
	(void)context;
	return platform_open("platform", err);
}

static struct platform *open_nothing(void *context, struct error *err)
{
	(void)context;
	error_set(err, ERROR_NOT_FOUND, "no platform");
	return NULL;
}

static bool nobody_lives(void *context, const struct sim_process *process)
{
	(*(int *)context)++;
	return process->id == first.id;
}

static struct sgx_report_body example_self(void)
{
	struct sgx_report_body self = {
		.attributes = { SGX_FLAG_INITTED | SGX_FLAG_MODE64BIT, 3 },
		.misc_select = 1,
		.isv_prod_id = 7,
		.isv_svn = 9,
	};
	memset(self.mr_enclave, 0xe1, sizeof(self.mr_enclave));
	memset(self.mr_signer, 0x51, sizeof(self.mr_signer));
	return self;
}

DEFINE_AUTO_FREE(auto_attestation, struct sim_attestation *, sim_attestation_free)
DEFINE_AUTO_FREE(auto_file, struct sim_pseudo_file *, sim_pseudo_file_close)

static struct sim_attestation *attestation_of(const char *text)
{
	AUTO(auto_graphene_manifest) struct graphene_manifest *manifest = manifest_of(text);
	static int asked;
	struct sim_attestation_host host = { open_platform, nobody_lives, &asked };
	struct sgx_report_body self = example_self();
	return sim_attestation_new(manifest, &self, &host);
}

static struct sim_pseudo_file *open_file(struct sim_attestation *attestation, const char *name,
	int flags, const struct sim_process *process)
{
	struct sim_pseudo_file *file = sim_pseudo_file_open(attestation, name, flags, process);
	if (!file)
		fail_msg("cannot open %s: %s", name, strerror(errno));
	return file;
}

static void write_value(struct sim_attestation *attestation, const char *name,
	const struct sim_process *process, const char *value, size_t size)
{
	AUTO(auto_file)
	struct sim_pseudo_file *file = open_file(attestation, name, O_WRONLY | O_TRUNC, process);
	assert_int_equal(sim_pseudo_file_write(file, process, (struct bytes){ value, size }), 0);
}

/* Empties out first, so that one buf serves several reads. */
static void read_value(struct sim_attestation *attestation, const char *name,
	const struct sim_process *process, struct buf *out)
{
	AUTO(auto_file)
	struct sim_pseudo_file *file = open_file(attestation, name, O_RDONLY, process);
	buf_clear(out);
	sim_pseudo_file_read(file, 0, 1U << 20, out);
}

static void assert_refused(
	struct sim_attestation *attestation, const char *name, int flags, int error)
{
	errno = 0;
	assert_null(sim_pseudo_file_open(attestation, name, flags, &first));
	assert_int_equal(errno, error);
}

/* The report data of a fresh quote of the process. */
static void assert_quoted(struct sim_attestation *attestation, const struct sim_process *process,
	const char report_data[SGX_REPORT_DATA_SIZE])
{
	AUTO(buf_free) struct buf bytes = { 0 };
	struct sgx_quote quote;
	struct error err = { 0 };
	read_value(attestation, "quote", process, &bytes);
	assert_success(sgx_quote_parse(buf_bytes(&bytes), &quote, &err), err);
	assert_memory_equal(quote.report.report_data, report_data, SGX_REPORT_DATA_SIZE);
}

static bool lists(const struct sim_attestation *attestation, const char *folder, const char *name)
{
	const char *entry;
	for (size_t i = 0; (entry = sim_attestation_entry(attestation, folder, i)); i++) {
		if (!strcmp(entry, name))
			return true;
	}
	return false;
}

static void each_generation_has_its_files(void **state)
{
	(void)state;
	AUTO(auto_attestation) struct sim_attestation *graphene = attestation_of(GRAPHENE);
	assert_int_equal(sim_attestation_mode(graphene, ""), S_IFDIR | 0555);
	assert_int_equal(sim_attestation_mode(graphene, "user_report_data"), S_IFREG | 0666);
	assert_int_equal(sim_attestation_mode(graphene, "report"), S_IFREG | 0444);
	assert_int_equal(sim_attestation_mode(graphene, "quote"), S_IFREG | 0444);
	assert_int_equal(sim_attestation_mode(graphene, "attestation_type"), 0);
	assert_int_equal(sim_attestation_mode(graphene, "keys"), 0);
	assert_true(lists(graphene, "", "protected_files_key"));
	assert_false(lists(graphene, "", "keys"));

	AUTO(auto_attestation) struct sim_attestation *gramine = attestation_of(GRAMINE);
	assert_int_equal(sim_attestation_mode(gramine, "quote"), 0);
	assert_int_equal(sim_attestation_mode(gramine, "keys"), S_IFDIR | 0555);
	assert_int_equal(sim_attestation_mode(gramine, "keys/default"), S_IFREG | 0666);
	assert_int_equal(sim_attestation_mode(gramine, "keys/_sgx_mrenclave"), S_IFREG | 0444);
	assert_int_equal(sim_attestation_mode(gramine, "keys/other"), 0);
	assert_true(lists(gramine, "", "keys"));
	assert_true(lists(gramine, "keys", "_sgx_mrsigner"));
	assert_false(lists(gramine, "", "default"));

	AUTO(auto_attestation) struct sim_attestation *attested = attestation_of(GRAMINE DCAP);
	assert_int_equal(sim_attestation_mode(attested, "quote"), S_IFREG | 0444);
}

static void without_remote_attestation_there_is_no_quote(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf type = { 0 };
	AUTO(auto_attestation) struct sim_attestation *graphene = attestation_of(GRAPHENE);
	assert_refused(graphene, "quote", O_RDONLY, EACCES);
	AUTO(auto_attestation) struct sim_attestation *gramine = attestation_of(GRAMINE);
	assert_refused(gramine, "quote", O_RDONLY, ENOENT);
	read_value(gramine, "attestation_type", &first, &type);
	assert_string_equal(buf_text(&type), "none");
	AUTO(auto_attestation) struct sim_attestation *attested = attestation_of(GRAMINE DCAP);
	read_value(attested, "attestation_type", &first, &type);
	assert_string_equal(buf_text(&type), "dcap");
}

static void a_quote_carries_the_identity_and_what_the_process_wrote(void **state)
{
	(void)state;
	AUTO(auto_attestation)
	struct sim_attestation *attestation = attestation_of(GRAPHENE WITH_QUOTES);
	static const char zeros[SGX_REPORT_DATA_SIZE];
	assert_quoted(attestation, &first, zeros);
	char data[SGX_REPORT_DATA_SIZE];
	memset(data, 'd', sizeof(data));
	write_value(attestation, "user_report_data", &first, data, sizeof(data));
	AUTO(buf_free) struct buf bytes = { 0 };
	struct sgx_quote quote;
	struct error err = { 0 };
	read_value(attestation, "quote", &first, &bytes);
	assert_success(sgx_quote_parse(buf_bytes(&bytes), &quote, &err), err);
	struct sgx_report_body self = example_self();
	assert_memory_equal(quote.report.mr_enclave, self.mr_enclave, SGX_HASH_SIZE);
	assert_memory_equal(quote.report.mr_signer, self.mr_signer, SGX_HASH_SIZE);
	assert_int_equal(quote.report.isv_prod_id, 7);
	assert_int_equal(quote.report.isv_svn, 9);
	assert_memory_equal(quote.report.report_data, data, sizeof(data));
}

static void each_process_has_values_of_its_own(void **state)
{
	(void)state;
	AUTO(auto_attestation)
	struct sim_attestation *attestation = attestation_of(GRAPHENE WITH_QUOTES);
	char data[SGX_REPORT_DATA_SIZE] = "first";
	static const char zeros[SGX_REPORT_DATA_SIZE];
	write_value(attestation, "user_report_data", &first, data, sizeof(data));
	assert_quoted(attestation, &second, zeros);
	assert_quoted(attestation, &first, data);
	struct sim_process same_number = { first.id, first.started + 1 };
	assert_quoted(attestation, &same_number, zeros);
}

static void the_states_of_dead_processes_are_dropped(void **state)
{
	(void)state;
	int asked = 0;
	AUTO(auto_graphene_manifest) struct graphene_manifest *manifest = manifest_of(GRAPHENE);
	struct sim_attestation_host host = { open_platform, nobody_lives, &asked };
	struct sgx_report_body self = example_self();
	AUTO(auto_attestation)
	struct sim_attestation *attestation = sim_attestation_new(manifest, &self, &host);
	char data[SGX_TARGET_INFO_SIZE] = "kept";
	AUTO(buf_free) struct buf report = { 0 };
	write_value(attestation, "user_report_data", &first, data, SGX_REPORT_DATA_SIZE);
	for (int i = 10; i < 1000; i++) {
		struct sim_process process = { i, 1 };
		write_value(attestation, "user_report_data", &process, "gone", 4);
	}
	assert_in_range(asked, 64, 10000);
	read_value(attestation, "report", &first, &report);
	assert_string_equal((const char *)report.data + 320, "kept");
	struct sim_process early = { 10, 1 };
	read_value(attestation, "report", &early, &report);
	assert_string_equal((const char *)report.data + 320, "");
}

static void each_write_replaces_the_whole_value(void **state)
{
	(void)state;
	AUTO(auto_attestation)
	struct sim_attestation *attestation = attestation_of(GRAPHENE WITH_QUOTES);
	char wanted[SGX_REPORT_DATA_SIZE] = "short";
	char longer[100];
	memset(longer, 'l', sizeof(longer));
	AUTO(auto_file)
	struct sim_pseudo_file *file = open_file(attestation, "user_report_data", O_RDWR, &first);
	assert_int_equal(
		sim_pseudo_file_write(file, &first, (struct bytes){ longer, sizeof(longer) }), 0);
	assert_quoted(attestation, &first, longer);
	assert_int_equal(sim_pseudo_file_write(file, &first, (struct bytes){ "short", 5 }), 0);
	assert_quoted(attestation, &first, wanted);
	AUTO(buf_free) struct buf back = { 0 };
	sim_pseudo_file_read(file, 0, 100, &back);
	assert_string_equal(buf_text(&back), "short");
	read_value(attestation, "user_report_data", &first, &back);
	assert_int_equal(back.size, 0);
}

static void an_open_quote_stays_as_it_was(void **state)
{
	(void)state;
	AUTO(auto_attestation)
	struct sim_attestation *attestation = attestation_of(GRAPHENE WITH_QUOTES);
	AUTO(auto_file)
	struct sim_pseudo_file *file = open_file(attestation, "quote", O_RDONLY, &first);
	write_value(attestation, "user_report_data", &first, "later", 5);
	AUTO(buf_free) struct buf whole = { 0 };
	AUTO(buf_free) struct buf parts = { 0 };
	sim_pseudo_file_read(file, 0, 100000, &whole);
	assert_true(memory_is_zero(whole.data + 368, SGX_REPORT_DATA_SIZE));
	for (size_t at = 0; at < whole.size; at += 1000)
		sim_pseudo_file_read(file, at, 1000, &parts);
	assert_true(bytes_equal(buf_bytes(&whole), buf_bytes(&parts)));
	sim_pseudo_file_read(file, whole.size, 1000, &parts);
	assert_int_equal(parts.size, whole.size);
}

/* What the target itself would find: its report key gives this MAC (platform.h). */
static bool target_accepts(struct bytes target_info, const struct buf *bytes)
{
	AUTO(buf_free) struct buf secret = { 0 };
	AUTO(buf_free) struct buf info = { 0 };
	struct error err = { 0 };
	struct reader r = reader_of(bytes->data, bytes->size);
	struct sgx_report report;
	sgx_report_parse(&r, &report);
	assert_true(reader_finished(&r));
	assert_success(file_read("platform/private/secret", 64, &secret, &err), err);
	buf_put(&info, "graphene platform report key", 29);
	buf_put(&info, target_info.data, target_info.size);
	buf_put(&info, report.body.cpu_svn, sizeof(report.body.cpu_svn));
	buf_put(&info, report.key_id, sizeof(report.key_id));
	uint8_t key[16];
	uint8_t mac[16];
	assert_success(hkdf_sha256(buf_bytes(&secret), (struct bytes){ "", 0 }, buf_bytes(&info),
			       key, sizeof(key), &err),
		err);
	aes128_cmac(key, bytes->data, SGX_REPORT_BODY_SIZE, mac);
	return !memcmp(mac, report.mac, sizeof(mac));
}

static void a_report_is_made_for_the_target_that_was_written(void **state)
{
	(void)state;
	AUTO(auto_attestation) struct sim_attestation *attestation = attestation_of(GRAMINE);
	AUTO(buf_free) struct buf report = { 0 };
	char target[SGX_TARGET_INFO_SIZE];
	memset(target, 0, sizeof(target));
	memset(target, 't', SGX_HASH_SIZE);
	write_value(attestation, "target_info", &first, target, sizeof(target));
	write_value(attestation, "user_report_data", &first, "data", 4);
	read_value(attestation, "report", &first, &report);
	assert_true(target_accepts((struct bytes){ target, sizeof(target) }, &report));
	assert_string_equal((const char *)report.data + 320, "data");
	target[0] = 'x';
	assert_false(target_accepts((struct bytes){ target, sizeof(target) }, &report));
}

static void after_a_report_for_nobody_the_target_is_the_enclave_itself(void **state)
{
	(void)state;
	AUTO(auto_attestation) struct sim_attestation *attestation = attestation_of(GRAMINE);
	AUTO(buf_free) struct buf own = { 0 };
	AUTO(buf_free) struct buf report = { 0 };
	static const uint8_t nobody[SGX_TARGET_INFO_SIZE];
	read_value(attestation, "my_target_info", &first, &own);
	assert_int_equal(own.size, SGX_TARGET_INFO_SIZE);
	assert_int_equal(own.data[0], 0xe1);
	read_value(attestation, "report", &first, &report);
	assert_true(target_accepts((struct bytes){ nobody, sizeof(nobody) }, &report));
	read_value(attestation, "report", &first, &report);
	assert_true(target_accepts(buf_bytes(&own), &report));
}

static void read_only_files_refuse_writers(void **state)
{
	(void)state;
	AUTO(auto_attestation) struct sim_attestation *attestation = attestation_of(GRAMINE DCAP);
	assert_refused(attestation, "quote", O_RDWR, EACCES);
	assert_refused(attestation, "my_target_info", O_WRONLY, EACCES);
	assert_refused(attestation, "keys/_sgx_mrsigner", O_RDWR, EACCES);
	assert_refused(attestation, "nothing", O_RDONLY, ENOENT);
}

static void assert_key_refused(
	struct sim_attestation *attestation, const char *name, const char *value, size_t size)
{
	AUTO(auto_file)
	struct sim_pseudo_file *file = open_file(attestation, name, O_WRONLY, &first);
	assert_int_equal(
		sim_pseudo_file_write(file, &first, (struct bytes){ value, size }), EACCES);
}

static void both_views_of_the_default_key_show_the_same(void **state)
{
	(void)state;
	AUTO(auto_attestation) struct sim_attestation *attestation = attestation_of(GRAMINE);
	AUTO(buf_free) struct buf key = { 0 };
	read_value(attestation, "keys/default", &first, &key);
	assert_int_equal(key.size, 0);
	read_value(attestation, "protected_files_key", &first, &key);
	assert_int_equal(key.size, 0);
	write_value(attestation, "keys/default", &first, "0123456789abcdef", 16);
	read_value(attestation, "protected_files_key", &second, &key);
	assert_string_equal(buf_text(&key), "30313233343536373839616263646566");
	write_value(
		attestation, "protected_files_key", &first, "00112233445566778899AABBCCDDEEFF", 32);
	read_value(attestation, "keys/default", &second, &key);
	assert_int_equal(key.size, 16);
	assert_memory_equal(
		key.data, "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16);
}

static void a_key_of_wrong_form_is_refused_and_the_old_one_stays(void **state)
{
	(void)state;
	AUTO(auto_attestation) struct sim_attestation *attestation = attestation_of(GRAMINE);
	AUTO(buf_free) struct buf key = { 0 };
	write_value(attestation, "keys/default", &first, "0123456789abcdef", 16);
	assert_key_refused(attestation, "keys/default", "0123456789abcde", 15);
	assert_key_refused(attestation, "keys/default", "0123456789abcdef0", 17);
	assert_key_refused(
		attestation, "protected_files_key", "00112233445566778899aabbccddeeff\n", 33);
	assert_key_refused(
		attestation, "protected_files_key", "00112233445566778899aabbccddeefg", 32);
	assert_key_refused(attestation, "protected_files_key", "0011", 4);
	read_value(attestation, "keys/default", &first, &key);
	assert_string_equal(buf_text(&key), "0123456789abcdef");
}

static void graphene_reads_nul_bytes_before_a_key_is_set(void **state)
{
	(void)state;
	AUTO(auto_attestation) struct sim_attestation *attestation = attestation_of(GRAPHENE);
	AUTO(buf_free) struct buf key = { 0 };
	read_value(attestation, "protected_files_key", &first, &key);
	assert_int_equal(key.size, 32);
	assert_true(memory_is_zero(key.data, key.size));
}

static void seal_keys_are_stable_and_differ_by_policy(void **state)
{
	(void)state;
	AUTO(auto_attestation) struct sim_attestation *attestation = attestation_of(GRAMINE);
	AUTO(buf_free) struct buf enclave = { 0 };
	AUTO(buf_free) struct buf signer = { 0 };
	AUTO(buf_free) struct buf again = { 0 };
	read_value(attestation, "keys/_sgx_mrenclave", &first, &enclave);
	read_value(attestation, "keys/_sgx_mrsigner", &first, &signer);
	assert_int_equal(enclave.size, 16);
	assert_int_equal(signer.size, 16);
	assert_memory_not_equal(enclave.data, signer.data, 16);
	AUTO(auto_attestation) struct sim_attestation *other = attestation_of(GRAMINE);
	read_value(other, "keys/_sgx_mrenclave", &second, &again);
	assert_memory_equal(again.data, enclave.data, 16);
}

static void a_missing_platform_fails_what_needs_one(void **state)
{
	(void)state;
	AUTO(auto_graphene_manifest) struct graphene_manifest *manifest = manifest_of(GRAMINE DCAP);
	int asked;
	struct sim_attestation_host host = { open_nothing, nobody_lives, &asked };
	struct sgx_report_body self = example_self();
	AUTO(auto_attestation)
	struct sim_attestation *attestation = sim_attestation_new(manifest, &self, &host);
	AUTO(buf_free) struct buf out = { 0 };
	struct error err = { 0 };
	assert_failure(sim_attestation_open_platform(attestation, &err), err, ERROR_NOT_FOUND,
		"no platform");
	assert_refused(attestation, "quote", O_RDONLY, EACCES);
	assert_refused(attestation, "report", O_RDONLY, EACCES);
	assert_refused(attestation, "keys/_sgx_mrenclave", O_RDONLY, EACCES);
	read_value(attestation, "my_target_info", &first, &out);
	assert_int_equal(out.size, SGX_TARGET_INFO_SIZE);
}

static int make_platform(void **state)
{
	return enter_folder(state) ||
	       !platform_init("platform", &platform_default_options, false, NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_generation_has_its_files),
		cmocka_unit_test(without_remote_attestation_there_is_no_quote),
		cmocka_unit_test(a_quote_carries_the_identity_and_what_the_process_wrote),
		cmocka_unit_test(each_process_has_values_of_its_own),
		cmocka_unit_test(the_states_of_dead_processes_are_dropped),
		cmocka_unit_test(each_write_replaces_the_whole_value),
		cmocka_unit_test(an_open_quote_stays_as_it_was),
		cmocka_unit_test(a_report_is_made_for_the_target_that_was_written),
		cmocka_unit_test(after_a_report_for_nobody_the_target_is_the_enclave_itself),
		cmocka_unit_test(read_only_files_refuse_writers),
		cmocka_unit_test(both_views_of_the_default_key_show_the_same),
		cmocka_unit_test(a_key_of_wrong_form_is_refused_and_the_old_one_stays),
		cmocka_unit_test(graphene_reads_nul_bytes_before_a_key_is_set),
		cmocka_unit_test(seal_keys_are_stable_and_differ_by_policy),
		cmocka_unit_test(a_missing_platform_fails_what_needs_one),
	};
	log_configure(LOG_OFF, LOG_CONSOLE);
	return cmocka_run_group_tests(tests, make_platform, leave_folder);
}
