/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/issuer.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>

#define QUOTE_MAX     8192 /* the runtimes refuse to hand out more */
#define SEAL_KEY_SIZE 16

static const char no_attestation[] =
	"this process does not run in an enclave, or runs in direct mode: start it with "
	"graphene-sgx or gramine-sgx (without SGX: graphene-sim) and enable "
	"sgx.remote_attestation in its manifest";
static const char no_quote[] =
	"remote attestation is off: set sgx.remote_attestation in the manifest (Graphene: 1, "
	"Gramine: \"dcap\") and sign it again";
static const char quote_refused[] =
	"either remote attestation is off: set sgx.remote_attestation in the manifest and sign it "
	"again; or the quoting service failed, see the log of the runtime: aesmd must run and its "
	"socket be reachable; `marblerun precheck` on the host finds what is missing (AESM error 30: "
	"the plugin libsgx-quote-ex or a quote provider library)";
static const char no_seal_key[] =
	"seal keys exist in an enclave under Gramine 1.2 or later and under graphene-sim, not in "
	"direct mode; before Gramine 1.5 only if the manifest mounts something with this key";

static char *path_of(const char *folder, const char *name)
{
	return xasprintf("%s/%s", folder, name);
}

static bool is_missing(int code)
{
	return code == ENOENT || code == ENOTDIR;
}

bool issuer_is_present(const char *folder)
{
	AUTO(auto_free) char *path = path_of(folder, "user_report_data");
	return access(path, F_OK) == 0;
}

/* "cannot … PATH: REASON", with a hint if the reason is one of attestation. */
static bool set_error(struct error *err, const char *action, const char *path, const char *hint)
{
	if (!is_missing(errno) && errno != EACCES && errno != EPERM)
		return error_errno(err, "cannot %s %s", action, path);
	return error_set(err, ERROR_UNAVAILABLE, "cannot %s %s: %m (%s)", action, path, hint);
}

/*
 * One write of exactly 64 bytes and a close are what every generation of the runtime understands:
 * some take each write for a new value, others take the value at close.
 */
static bool write_report_data(
	const char *folder, const uint8_t report_data[SGX_REPORT_DATA_SIZE], struct error *err)
{
	AUTO(auto_free) char *path = path_of(folder, "user_report_data");
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return set_error(err, "open", path, no_attestation);
	ssize_t written = write(fd, report_data, SGX_REPORT_DATA_SIZE);
	int write_errno = written < 0 ? errno : EIO;
	if (close(fd) == 0 && written == SGX_REPORT_DATA_SIZE)
		return true;
	if (written != SGX_REPORT_DATA_SIZE)
		errno = write_errno;
	return set_error(err, "write", path, no_attestation);
}

/* Appends the content, or the first max + 1 bytes of it. */
static bool read_pseudo_file(const char *path, size_t max, const char *hint_if_missing,
	const char *hint_if_refused, struct buf *out, struct error *err)
{
	/* opening makes the content: errors of the quoting service come from here */
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return set_error(
			err, "open", path, is_missing(errno) ? hint_if_missing : hint_if_refused);
	uint8_t *start = buf_extend(out, max + 1);
	size_t size = 0;
	for (ssize_t got = 1; got && size <= max;) {
		got = read(fd, start + size, max + 1 - size);
		if (got < 0 && errno != EINTR)
			return set_error(err, "read", path, hint_if_refused);
		size += got > 0 ? (size_t)got : 0;
	}
	out->size -= max + 1 - size;
	out->data[out->size] = 0;
	return true;
}

bool issuer_get_quote(const char *folder, const uint8_t report_data[SGX_REPORT_DATA_SIZE],
	struct buf *quote, struct error *err)
{
	AUTO(auto_free) char *path = path_of(folder, "quote");
	AUTO(buf_free) struct buf content = { 0 };
	if (!write_report_data(folder, report_data, err) ||
		!read_pseudo_file(path, QUOTE_MAX, no_quote, quote_refused, &content, err))
		return false;
	if (!content.size || content.size > QUOTE_MAX)
		return error_set(err, ERROR_INVALID, "invalid quote size: %s has %s", path,
			content.size ? "more than 8192 bytes" : "0 bytes");
	buf_put(quote, content.data, content.size);
	return true;
}

bool issuer_get_seal_key(const char *folder, const char *name, struct buf *key, struct error *err)
{
	AUTO(auto_free) char *path = xasprintf("%s/keys/%s", folder, name);
	AUTO(buf_free) struct buf content = { 0 };
	if (!read_pseudo_file(path, SEAL_KEY_SIZE, no_seal_key, no_seal_key, &content, err))
		return false;
	if (!content.size)
		return error_set(err, ERROR_UNAVAILABLE, "%s is empty (%s)", path, no_seal_key);
	if (content.size != SEAL_KEY_SIZE)
		return error_set(err, ERROR_INVALID, "%s has %s than %d bytes", path,
			content.size < SEAL_KEY_SIZE ? "less" : "more", SEAL_KEY_SIZE);
	buf_put(key, content.data, content.size);
	return true;
}
