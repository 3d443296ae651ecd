/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/memory.h"
#include "crypto/digest.h"
#include "platform/collateral.h"
#include "platform/folder.h"
#include "platform/manufacture.h"
#include "platform/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define DAY            INT64_C(86400)
#define YEAR_2000      INT64_C(946684800)
#define END_OF_2049    INT64_C(2524607999)
#define VALID_FOR_MAX  (36500 * DAY)
#define ADVISORY_MAX   64 /* characters */
#define ADVISORIES_MAX 64

/* "SIM" as FMSPC, which Intel has not published, so no collateral of Intel's can ever match. */
const struct platform_options platform_default_options = {
	.tcb_status = TCB_UP_TO_DATE,
	.qe_status = TCB_UP_TO_DATE,
	.fmspc = { 'S', 'I', 'M' },
	.valid_for = 30 * DAY,
	.tcb_evaluation_number = 17,
};

static bool make_folder(const char *path, mode_t mode, struct error *err)
{
	return mkdir(path, mode) == 0 || error_errno(err, "cannot create folder %s", path);
}

static bool fill_folder(
	const char *folder, const struct platform_options *options, struct error *err)
{
	AUTO(auto_free) char *secrets = platform_path(folder, PLATFORM_PRIVATE);
	return make_folder(folder, 0755, err) && make_folder(secrets, 0700, err) &&
	       manufacture(folder, options, err) && collateral_issue(folder, options, err);
}

static bool move_into_place(const char *from, const char *to, struct error *err)
{
	if (rename(from, to) == 0)
		return file_sync_parent(to, err);
	if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR)
		return error_set(err, ERROR_STATE,
			"%s exists: name a new folder, or renew the collateral of an existing "
			"platform with `graphene-platform init --refresh %s`",
			to, to);
	return error_errno(err, "cannot rename %s to %s", from, to);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *position)
{
	(void)info;
	(void)type;
	(void)position;
	return remove(path);
}

/* Everything is made in a folder beside the final one: a platform is there as a whole or not. */
static bool create(const char *folder, const struct platform_options *options, struct error *err)
{
	uint8_t bytes[8];
	char suffix[2 * sizeof(bytes) + 1];
	random_bytes(bytes, sizeof(bytes));
	hex_format(suffix, bytes, sizeof(bytes));
	int length = (int)strlen(folder);
	while (length > 1 && folder[length - 1] == '/')
		length--;
	AUTO(auto_free) char *draft = xasprintf("%.*s.new-%s", length, folder, suffix);
	if (!file_make_parents(folder, 0755, err))
		return false;
	if (fill_folder(draft, options, err) && move_into_place(draft, folder, err))
		return true;
	nftw(draft, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	return false;
}

static bool refresh(const char *folder, const struct platform_options *options, struct error *err)
{
	if (!platform_check(folder, err))
		return false;
	/* two of us at once would write the same temporary files; closing ends the lock */
	AUTO(auto_close) int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX))
		return error_errno(err, "cannot lock %s", folder);
	return collateral_issue(folder, options, err);
}

static bool check_advisories(const char *const *advisories, struct error *err)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
	size_t count = 0;
	for (; advisories && advisories[count]; count++) {
		const char *id = advisories[count];
		size_t length = strlen(id);
		if (!length || length > ADVISORY_MAX || strspn(id, allowed) != length)
			return error_set(err, ERROR_INVALID,
				"\"%s\" is no advisory: the form is INTEL-SA-00615", id);
	}
	return count <= ADVISORIES_MAX || error_set(err, ERROR_INVALID,
						  "%zu advisories are too many: verifiers accept "
						  "%d",
						  count, ADVISORIES_MAX);
}

static bool check_options(const struct platform_options *options, struct error *err)
{
	enum tcb_status qe = options->qe_status;
	if (qe != TCB_UP_TO_DATE && qe != TCB_OUT_OF_DATE && qe != TCB_REVOKED)
		return error_set(err, ERROR_INVALID,
			"a Quoting Enclave is UpToDate, OutOfDate or Revoked, never %s",
			tcb_status_name(qe));
	if (options->issued_at < YEAR_2000 || options->issued_at > END_OF_2049)
		return error_set(
			err, ERROR_INVALID, "collateral can be issued between 2000 and 2049 only");
	if (options->valid_for < 1 || options->valid_for > VALID_FOR_MAX)
		return error_set(err, ERROR_INVALID,
			"collateral can be valid for 36500 days at most, and not for no time");
	return check_advisories(options->advisories, err);
}

bool platform_init(const char *folder, const struct platform_options *options, bool keep_keys,
	struct error *err)
{
	struct platform_options dated = *options;
	if (!dated.issued_at)
		dated.issued_at = clock_now();
	if (!check_options(&dated, err))
		return false;
	bool done = keep_keys ? refresh(folder, &dated, err) : create(folder, &dated, err);
	return done || error_prefix(err,
			       keep_keys ? "cannot renew the collateral of platform %s"
					 : "cannot make platform %s",
			       folder);
}
