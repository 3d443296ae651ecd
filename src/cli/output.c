/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool write_special(const char *path, struct bytes content, struct error *err)
{
	AUTO(auto_close) int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || !file_write_all(fd, content.data, content.size))
		return error_errno(err, "cannot write %s", path);
	return true;
}

bool output_write(const char *path, struct bytes content, mode_t mode, struct error *err)
{
	struct stat found;
	if (!stat(path, &found) && !S_ISREG(found.st_mode))
		return write_special(path, content, err);
	AUTO(auto_free) char *resolved = realpath(path, NULL);
	return file_replace(resolved ? resolved : path, content.data, content.size, mode, err);
}
