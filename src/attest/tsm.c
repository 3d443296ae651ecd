/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/tsm.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/memory.h"
#include "base/number.h"
#include "crypto/digest.h"
#include "sgx/quote.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define TEXT_MAX  4096 /* bytes; what configfs limits attributes to */
#define NAME_SIZE 8    /* random bytes that tell requests apart */

#define HOST_REMEDY                                                                                \
	"on the host, the quote generation service must run and reach its collateral (systemctl "  \
	"status qgsd), and the VM must have a way to it (QEMU: quote-generation-socket of "        \
	"tdx-guest)"

static const char no_interface[] =
	"this is no confidential VM, or its kernel is older than 6.7 or shows no reports: modprobe "
	"tdx_guest, and mount -t configfs configfs /sys/kernel/config";
static const char no_provider[] =
	"this is no confidential VM, or the driver that issues its reports is missing: modprobe "
	"tdx_guest";
static const char not_allowed[] =
	"only root may ask the kernel for a report: start this as root; in a container, "
	"/sys/kernel/config must be there and writable";

static const char *remedy_for_folder(int reason)
{
	switch (reason) {
	case ENOENT:
	case ENOTDIR:
		return no_interface;
	case ENXIO:
		return no_provider;
	case EACCES:
	case EPERM:
	case EROFS:
		return not_allowed;
	default:
		return NULL;
	}
}

static bool refuse_folder(const char *path, struct error *err)
{
	const char *remedy = remedy_for_folder(errno);
	bool is_absent = remedy == no_interface || remedy == no_provider;
	if (!remedy)
		return error_errno(err, "cannot make %s", path);
	return error_set(err, is_absent ? ERROR_NOT_FOUND : ERROR_UNAVAILABLE,
		"cannot make %s: %m (%s)", path, remedy);
}

/* Makes the folder of one request, of a name that nobody else uses. NULL on error. */
static char *make_request(const char *folder, struct error *err)
{
	uint8_t random[NAME_SIZE];
	char name[2 * NAME_SIZE + 1];
	random_bytes(random, sizeof(random));
	hex_format(name, random, sizeof(random));
	AUTO(auto_free) char *path = xasprintf("%s/marblerun-%s", folder, name);
	if (!mkdir(path, 0700))
		return TAKE(path);
	refuse_folder(path, err);
	return NULL;
}

/* The kernel takes the attributes away with their folder. */
static void drop_request(char **path)
{
	if (*path)
		(void)rmdir(*path);
	free(*path);
}

static char *attribute_path(const char *request, const char *name)
{
	return xasprintf("%s/%s", request, name);
}

/* Appends a text without the line feed that the kernel ends it with. */
static bool read_text(const char *request, const char *name, struct buf *out, struct error *err)
{
	AUTO(auto_free) char *path = attribute_path(request, name);
	if (!file_read(path, TEXT_MAX, out, err))
		return false;
	if (out->size && out->data[out->size - 1] == '\n')
		out->data[--out->size] = 0;
	return true;
}

/* How often the report was configured. */
static bool read_generation(const char *request, unsigned long *generation, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	return read_text(request, "generation", &text, err) &&
	       (number_parse(buf_text(&text), ULONG_MAX, generation) ||
		       error_set(err, ERROR_INVALID, "%s/generation is no number", request));
}

static bool check_provider(const char *request, struct error *err)
{
	AUTO(buf_free) struct buf provider = { 0 };
	AUTO(buf_free) struct buf visible = { 0 };
	if (!read_text(request, "provider", &provider, err))
		return false;
	if (!strcmp(buf_text(&provider), TSM_PROVIDER_TDX))
		return true;
	buf_put_visible(&visible, buf_text(&provider));
	return error_set(err, ERROR_UNSUPPORTED,
		"this confidential VM has reports of %s, which are not supported: it must be one "
		"of Intel TDX (" TSM_PROVIDER_TDX ")",
		buf_text(&visible));
}

/* The kernel takes the value at close, and has no way to say then that it did not. */
static bool write_report_data(
	const char *request, const uint8_t report_data[TD_REPORT_DATA_SIZE], struct error *err)
{
	AUTO(auto_free) char *path = attribute_path(request, "inblob");
	AUTO(auto_close) int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, "cannot open %s", path);
	ssize_t written = write(fd, report_data, TD_REPORT_DATA_SIZE);
	if (written == TD_REPORT_DATA_SIZE)
		return true;
	if (written >= 0)
		errno = EIO;
	return error_errno(err, "cannot write %s", path);
}

static bool refuse_race(const char *request, struct error *err)
{
	return error_set(err, ERROR_STATE,
		"another process writes to %s at the same time: try again, and find out which does",
		request);
}

/* By what reading it left in errno; other errors stay as they are. */
static bool explain_outblob(const char *request, struct error *err)
{
	static const struct {
		int reason;
		const char *cause;
	} causes[] = {
		{ EBUSY, "the host still owes the answer to an earlier request" },
		{ EIO, "the host refuses to make a quote" },
		{ ETIMEDOUT, "the host does not answer" },
	};
	if (errno == EWOULDBLOCK)
		return refuse_race(request, err);
	for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++) {
		if (causes[i].reason == errno)
			return error_set(err, ERROR_UNAVAILABLE,
				"cannot read %s/outblob: %m (%s: " HOST_REMEDY ")", request,
				causes[i].cause);
	}
	return false;
}

/* Reading makes the quote, which the host has a hand in. */
static bool read_outblob(const char *request, struct buf *out, struct error *err)
{
	AUTO(auto_free) char *path = attribute_path(request, "outblob");
	errno = 0;
	if (!file_read(path, SGX_QUOTE_MAX, out, err))
		return explain_outblob(request, err);
	return out->size ||
	       error_set(err, ERROR_UNAVAILABLE,
		       "%s is empty (the host failed to make a quote: " HOST_REMEDY ")", path);
}

/* The generation grows by one with each write, so another number means that not only we wrote. */
static bool exchange(const char *request, const uint8_t report_data[TD_REPORT_DATA_SIZE],
	struct buf *outblob, struct error *err)
{
	unsigned long before;
	unsigned long after;
	return read_generation(request, &before, err) &&
	       write_report_data(request, report_data, err) &&
	       read_outblob(request, outblob, err) && read_generation(request, &after, err) &&
	       (after == before + 1 || refuse_race(request, err));
}

static bool check_quote(const char *request, struct bytes bare,
	const uint8_t report_data[TD_REPORT_DATA_SIZE], struct error *err)
{
	struct sgx_quote quote;
	if (!sgx_quote_parse(bare, &quote, err))
		return error_prefix(err, "%s/outblob", request);
	if (!quote.is_tdx)
		return error_set(err, ERROR_INVALID,
			"%s/outblob is a quote of an enclave, not of a confidential VM", request);
	return !memcmp(sgx_quote_report_data(&quote), report_data, TD_REPORT_DATA_SIZE) ||
	       error_set(err, ERROR_INVALID,
		       "%s/outblob is a quote over other data than was asked for", request);
}

bool tsm_is_present(const char *folder)
{
	struct error err = { 0 };
	AUTO(drop_request) char *request = make_request(folder, &err);
	return request || err.kind != ERROR_NOT_FOUND;
}

bool tsm_get_quote(const char *folder, const uint8_t report_data[TD_REPORT_DATA_SIZE],
	struct buf *quote, struct error *err)
{
	AUTO(drop_request) char *request = make_request(folder, err);
	AUTO(buf_free) struct buf outblob = { 0 };
	if (!request || !check_provider(request, err) ||
		!exchange(request, report_data, &outblob, err))
		return false;
	struct bytes bare = sgx_quote_without_padding(buf_bytes(&outblob));
	if (!check_quote(request, bare, report_data, err))
		return false;
	buf_put(quote, bare.data, bare.size);
	return true;
}
