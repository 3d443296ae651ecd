/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's side is played in a temporary folder, at the calls that make and remove a folder,
 * write and read: there are attributes in a new folder, and what is written becomes a quote.
 */
#include "unit.h"

#include "attest/tsm.h"
#include "base/cleanup.h"
#include "base/memory.h"
#include "sgx/quote.h"

#include <errno.h>
#include <sys/stat.h>

static const char *const attributes[] = { "provider", "generation", "inblob", "outblob" };
#define ATTRIBUTES (sizeof(attributes) / sizeof(*attributes))

/* How the kernel behaves. */
static struct {
	const char *provider;
	int mkdir_errno;
	int outblob_errno;
	unsigned long writes_by_others;
	size_t padding;
	bool is_enclave;
	bool is_empty;
	bool takes_nothing;
	bool other_data;
} kernel;

static char folder[] = "/tmp/test_tsm.XXXXXX";

static void put(const char *request, const char *name, const void *data, size_t size)
{
	AUTO(auto_free) char *path = xasprintf("%s/%s", request, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void put_text(const char *request, const char *name, const char *text)
{
	put(request, name, text, strlen(text));
}

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode)
{
	errno = kernel.mkdir_errno;
	if (errno || __real_mkdir(path, mode))
		return -1;
	AUTO(auto_free) char *provider = xasprintf("%s\n", kernel.provider);
	put_text(path, "provider", provider);
	put_text(path, "generation", "0\n");
	put_text(path, "inblob", "");
	put_text(path, "outblob", "");
	return 0;
}

int __real_rmdir(const char *path);
int __wrap_rmdir(const char *path);
int __wrap_rmdir(const char *path)
{
	for (size_t i = 0; i < ATTRIBUTES; i++) {
		AUTO(auto_free) char *attribute = xasprintf("%s/%s", path, attributes[i]);
		assert_int_equal(unlink(attribute), 0);
	}
	return __real_rmdir(path);
}

static void put_quote(const uint8_t *report_data, struct buf *out)
{
	static const uint8_t zeros[SGX_REPORT_BODY_SIZE];
	struct sgx_quote parts = { .version = SGX_QUOTE_VERSION_4,
		.is_tdx = !kernel.is_enclave,
		.signature = zeros,
		.attestation_key = zeros,
		.qe_report_part = { zeros, sizeof(zeros) },
		.qe_report_signature = zeros,
		.cert_type = SGX_CERT_TYPE_PCK_CHAIN,
		.cert_data = { "chain", 5 } };
	memcpy(parts.td.report_data, report_data, TD_REPORT_DATA_SIZE);
	parts.td.report_data[0] ^= kernel.other_data;
	sgx_quote_put_signed_part(out, &parts);
	sgx_quote_put_signature_data(out, &parts);
	buf_put_zeros(out, kernel.padding);
}

/* The request and the attribute that a descriptor is of. */
static bool is_attribute(int fd, const char *name, char *request, size_t size)
{
	char link[64];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, request, size - 1);
	request[length > 0 ? length : 0] = 0;
	char *slash = strrchr(request, '/');
	if (!slash || strcmp(slash + 1, name) != 0 || strncmp(request, folder, strlen(folder)) != 0)
		return false;
	*slash = 0;
	return true;
}

ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size)
{
	char request[128];
	if (!is_attribute(fd, "inblob", request, sizeof(request)))
		return __real_write(fd, data, size);
	assert_int_equal(size, TD_REPORT_DATA_SIZE);
	AUTO(buf_free) struct buf quote = { 0 };
	unsigned long writes = kernel.writes_by_others + !kernel.takes_nothing;
	AUTO(auto_free) char *generation = xasprintf("%lu\n", writes);
	put_text(request, "generation", generation);
	put_quote(data, &quote);
	put(request, "outblob", quote.data, kernel.is_empty ? 0 : quote.size);
	return (ssize_t)size;
}

ssize_t __real_read(int fd, void *data, size_t size);
ssize_t __wrap_read(int fd, void *data, size_t size);
ssize_t __wrap_read(int fd, void *data, size_t size)
{
	char request[128];
	bool fails = kernel.outblob_errno && is_attribute(fd, "outblob", request, sizeof(request));
	errno = kernel.outblob_errno;
	return fails ? -1 : __real_read(fd, data, size);
}

static int set_up(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.provider = TSM_PROVIDER_TDX;
	memcpy(strrchr(folder, '.'), ".XXXXXX", sizeof(".XXXXXX"));
	return mkdtemp(folder) ? 0 : -1;
}

/* Nothing may be left in the folder, which only then can be removed. */
static int tear_down(void **state)
{
	(void)state;
	return __real_rmdir(folder);
}

static uint8_t report_data[TD_REPORT_DATA_SIZE] = "report data";

static void a_quote_comes_out_without_padding(void **state)
{
	(void)state;
	for (kernel.padding = 0; kernel.padding < 10000; kernel.padding += 4999) {
		AUTO(buf_free) struct buf out = { 0 };
		struct error err = { 0 };
		struct sgx_quote quote;
		buf_put_text(&out, "before");
		assert_success(tsm_get_quote(folder, report_data, &out, &err), err);
		struct bytes bare = { out.data + 6, out.size - 6 };
		assert_success(sgx_quote_parse(bare, &quote, &err), err);
		assert_memory_equal(quote.td.report_data, report_data, sizeof(report_data));
	}
}

static void assert_refused(enum error_kind kind, const char *message)
{
	AUTO(buf_free) struct buf out = { 0 };
	struct error err = { 0 };
	assert_failure(tsm_get_quote(folder, report_data, &out, &err), err, kind, message);
	assert_int_equal(out.size, 0);
}

static void other_kinds_of_vms_are_named(void **state)
{
	(void)state;
	kernel.provider = "sev_guest";
	assert_refused(ERROR_UNSUPPORTED, "reports of sev_guest, which are not supported");
	kernel.provider = "\033[2J";
	assert_refused(ERROR_UNSUPPORTED, "reports of ?[2J,");
}

static void a_host_that_does_not_answer_has_its_remedy(void **state)
{
	static const struct {
		int error;
		const char *message;
	} rows[] = {
		{ EBUSY, "outblob: Device or resource busy (the host still owes" },
		{ EIO, "outblob: Input/output error (the host refuses" },
		{ ETIMEDOUT,
			"outblob: Connection timed out (the host does not answer: on the host, "
			"the quote generation service must run" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		kernel.outblob_errno = rows[i].error;
		assert_refused(ERROR_UNAVAILABLE, rows[i].message);
	}
	kernel.outblob_errno = ENOMEM;
	assert_refused(ERROR_INTERNAL, "outblob: Cannot allocate memory");
	kernel.outblob_errno = 0;
	kernel.is_empty = true;
	assert_refused(ERROR_UNAVAILABLE, "outblob is empty (the host failed");
}

static void other_writers_are_noticed(void **state)
{
	(void)state;
	kernel.writes_by_others = 1;
	assert_refused(ERROR_STATE, "another process writes to");
	kernel.writes_by_others = 0;
	kernel.takes_nothing = true;
	assert_refused(ERROR_STATE, "another process writes to");
	kernel.takes_nothing = false;
	kernel.outblob_errno = EWOULDBLOCK;
	assert_refused(ERROR_STATE, "another process writes to");
	kernel.outblob_errno = 0;
	kernel.other_data = true;
	assert_refused(ERROR_INVALID, "outblob is a quote over other data");
}

static void what_is_no_quote_of_a_vm_is_refused(void **state)
{
	(void)state;
	kernel.padding = SGX_QUOTE_MAX;
	assert_refused(ERROR_INVALID, "outblob is longer than");
	kernel.padding = 0;
	kernel.is_enclave = true;
	assert_refused(ERROR_INVALID, "outblob is a quote of an enclave");
	kernel.padding = 1;
	assert_refused(ERROR_INVALID, "outblob: quote is malformed");
}

static void a_folder_that_cannot_be_made_says_what_is_missing(void **state)
{
	static const struct {
		int error;
		enum error_kind kind;
		const char *message;
	} rows[] = {
		{ ENOENT, ERROR_NOT_FOUND,
			"No such file or directory (this is no confidential VM" },
		{ ENXIO, ERROR_NOT_FOUND, "No such device or address (this is no confidential VM" },
		{ EACCES, ERROR_UNAVAILABLE, "Permission denied (only root" },
		{ EROFS, ERROR_UNAVAILABLE, "Read-only file system (only root" },
		{ EEXIST, ERROR_INTERNAL, "File exists" },
	};
	(void)state;
	assert_true(tsm_is_present(folder));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		kernel.mkdir_errno = rows[i].error;
		assert_refused(rows[i].kind, rows[i].message);
		assert_int_equal(tsm_is_present(folder), rows[i].kind != ERROR_NOT_FOUND);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_quote_comes_out_without_padding, set_up, tear_down),
		cmocka_unit_test_setup_teardown(other_kinds_of_vms_are_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_host_that_does_not_answer_has_its_remedy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(other_writers_are_noticed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_no_quote_of_a_vm_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_folder_that_cannot_be_made_says_what_is_missing, set_up, tear_down),
	};
	return cmocka_run_group_tests_name("tsm", tests, NULL, NULL);
}
