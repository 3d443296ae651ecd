/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pseudo files are played by ordinary files in a temporary folder, and by FIFOs where it
 * matters how they are written.
 */
#include "unit.h"

#include "attest/issuer.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct device {
	char folder[32];
	uint8_t report_data[SGX_REPORT_DATA_SIZE];
};

static void put_file(const struct device *device, const char *name, const void *data, size_t size)
{
	AUTO(auto_free) char *path = xasprintf("%s/%s", device->folder, name);
	struct error err = { 0 };
	assert_success(file_make_parents(path, 0700, &err), err);
	assert_success(file_replace(path, data, size, 0600, &err), err);
}

static int set_up(void **state)
{
	struct device *device = xcalloc(1, sizeof(*device));
	strcpy(device->folder, "/tmp/test_issuer.XXXXXX");
	for (size_t i = 0; i < sizeof(device->report_data); i++)
		device->report_data[i] = (uint8_t)(i + 1);
	*state = device;
	return mkdtemp(device->folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	AUTO(auto_free) struct device *device = *state;
	AUTO(auto_free) char *command = xasprintf("rm -rf '%s'", device->folder);
	return system(command);
}

static void report_data_goes_in_and_the_quote_comes_out(void **state)
{
	const struct device *device = *state;
	assert_false(issuer_is_present(device->folder));
	put_file(device, "user_report_data", "", 0);
	assert_true(issuer_is_present(device->folder));
	char quote[8192];
	memset(quote, 'q', sizeof(quote));
	put_file(device, "quote", quote, sizeof(quote));
	AUTO(buf_free) struct buf out = { 0 };
	struct error err = { 0 };
	buf_put_text(&out, "before");
	assert_success(issuer_get_quote(device->folder, device->report_data, &out, &err), err);
	assert_int_equal(out.size, 6 + sizeof(quote));
	assert_memory_equal(out.data + 6, quote, sizeof(quote));
	AUTO(buf_free) struct buf written = { 0 };
	AUTO(auto_free) char *path = xasprintf("%s/user_report_data", device->folder);
	assert_success(file_read(path, 100, &written, &err), err);
	assert_int_equal(written.size, SGX_REPORT_DATA_SIZE);
	assert_memory_equal(written.data, device->report_data, SGX_REPORT_DATA_SIZE);
}

static void a_quote_is_read_to_its_end_across_short_reads(void **state)
{
	const struct device *device = *state;
	put_file(device, "user_report_data", "", 0);
	AUTO(auto_free) char *path = xasprintf("%s/quote", device->folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	pid_t writer = fork();
	if (!writer) {
		int fd = open(path, O_WRONLY);
		for (int i = 0; i < 5; i++) {
			/* the reader has emptied the FIFO before the next piece goes in */
			int unread = 1;
			while (unread)
				ioctl(fd, FIONREAD, &unread);
			if (write(fd, "piece", 5) != 5)
				_exit(1);
		}
		_exit(0);
	}
	AUTO(buf_free) struct buf out = { 0 };
	struct error err = { 0 };
	assert_success(issuer_get_quote(device->folder, device->report_data, &out, &err), err);
	assert_string_equal(buf_text(&out), "piecepiecepiecepiecepiece");
	int status = -1;
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
}

static void quotes_of_impossible_size_are_refused(void **state)
{
	const struct device *device = *state;
	put_file(device, "user_report_data", "", 0);
	put_file(device, "quote", "", 0);
	AUTO(buf_free) struct buf out = { 0 };
	struct error err = { 0 };
	assert_failure(issuer_get_quote(device->folder, device->report_data, &out, &err), err,
		ERROR_INVALID, "invalid quote size");
	AUTO(auto_free) char *large = xcalloc(1, 8193);
	put_file(device, "quote", large, 8193);
	assert_failure(issuer_get_quote(device->folder, device->report_data, &out, &err), err,
		ERROR_INVALID, "invalid quote size");
	assert_int_equal(out.size, 0);
}

static void missing_files_name_the_cause_and_the_remedy(void **state)
{
	const struct device *device = *state;
	AUTO(buf_free) struct buf out = { 0 };
	struct error err = { 0 };
	assert_failure(issuer_get_quote(device->folder, device->report_data, &out, &err), err,
		ERROR_UNAVAILABLE,
		"user_report_data: No such file or directory (this process does "
		"not run in an enclave");
	assert_non_null(strstr(err.message, "graphene-sim"));
	put_file(device, "user_report_data", "", 0);
	assert_failure(issuer_get_quote(device->folder, device->report_data, &out, &err), err,
		ERROR_UNAVAILABLE, "quote: No such file or directory (remote attestation is off");
	assert_non_null(strstr(err.message, "set sgx.remote_attestation"));
}

/* Runs as nobody, because root may open everything. True if the file is refused as it should be. */
static bool is_refused_to_nobody(const struct device *device, const char *refused, const char *hint)
{
	AUTO(auto_free) char *path = xasprintf("%s/%s", device->folder, refused);
	assert_int_equal(chmod(path, 0), 0);
	pid_t child = fork();
	if (!child) {
		struct buf out = { 0 };
		struct error err = { 0 };
		if (geteuid() == 0 && setuid(65534))
			_exit(1);
		bool got = issuer_get_quote(device->folder, device->report_data, &out, &err);
		bool good = !got && err.kind == ERROR_UNAVAILABLE && strstr(err.message, refused) &&
			    strstr(err.message, "Permission denied") && strstr(err.message, hint);
		if (!good)
			fprintf(stderr, "%s\n", err.message);
		_exit(good ? 0 : 1);
	}
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	return status == 0;
}

static void refused_files_name_the_cause_and_the_remedy(void **state)
{
	const struct device *device = *state;
	put_file(device, "user_report_data", "", 0);
	put_file(device, "quote", "quote", 5);
	AUTO(auto_free) char *path = xasprintf("%s/user_report_data", device->folder);
	assert_int_equal(chmod(device->folder, 0755), 0);
	assert_int_equal(chmod(path, 0666), 0);
	assert_true(is_refused_to_nobody(device, "quote", "libsgx-quote-ex"));
	assert_true(is_refused_to_nobody(device, "user_report_data", "direct mode"));
}

static void seal_keys_have_16_bytes(void **state)
{
	const struct device *device = *state;
	AUTO(buf_free) struct buf key = { 0 };
	struct error err = { 0 };
	assert_failure(issuer_get_seal_key(device->folder, "_sgx_mrsigner", &key, &err), err,
		ERROR_UNAVAILABLE, "Gramine 1.2");
	put_file(device, "keys/_sgx_mrsigner", "0123456789abcdef", 16);
	assert_success(issuer_get_seal_key(device->folder, "_sgx_mrsigner", &key, &err), err);
	assert_string_equal(buf_text(&key), "0123456789abcdef");
	put_file(device, "keys/short", "0123456789abcde", 15);
	assert_failure(issuer_get_seal_key(device->folder, "short", &key, &err), err, ERROR_INVALID,
		"less than 16 bytes");
	put_file(device, "keys/long", "0123456789abcdef0", 17);
	assert_failure(issuer_get_seal_key(device->folder, "long", &key, &err), err, ERROR_INVALID,
		"more than 16 bytes");
	put_file(device, "keys/unset", "", 0);
	assert_failure(issuer_get_seal_key(device->folder, "unset", &key, &err), err,
		ERROR_UNAVAILABLE, "direct mode");
	assert_int_equal(key.size, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			report_data_goes_in_and_the_quote_comes_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_quote_is_read_to_its_end_across_short_reads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			quotes_of_impossible_size_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			missing_files_name_the_cause_and_the_remedy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			refused_files_name_the_cause_and_the_remedy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(seal_keys_have_16_bytes, set_up, tear_down),
	};
	return cmocka_run_group_tests_name("issuer", tests, NULL, NULL);
}
