/* SPDX-License-Identifier: Apache-2.0 */
#include "base/namespace.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

bool namespace_refuse(const char *what, struct error *err)
{
	error_errno(err, "%s", what);
	if (err)
		err->kind = ERROR_UNSUPPORTED;
	return error_prefix(err,
		"unprivileged user namespaces are needed: sysctl user.max_user_namespaces must not be "
		"0, kernel.unprivileged_userns_clone (Debian) must be 1, "
		"kernel.apparmor_restrict_unprivileged_userns (Ubuntu) must be 0, and a container has "
		"to allow them, for instance with --privileged");
}

static bool write_proc(const char *path, const char *text, struct error *err)
{
	AUTO(auto_close) int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || !file_write_all(fd, text, strlen(text)))
		return namespace_refuse(path, err);
	return true;
}

bool namespace_map_ids(const struct namespace_ids *ids, struct error *err)
{
	AUTO(auto_free) char *users = xasprintf("%u %u 1", ids->uid, ids->host_uid);
	AUTO(auto_free) char *groups = xasprintf("%u %u 1", ids->gid, ids->host_gid);
	return write_proc("/proc/self/setgroups", "deny", err) &&
	       write_proc("/proc/self/uid_map", users, err) &&
	       write_proc("/proc/self/gid_map", groups, err);
}

bool namespace_separate_mounts(struct error *err)
{
	return !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	       error_errno(err, "cannot separate the mounts from the host's");
}

static bool set_options(
	int context, const char *type, const char *const options[][2], struct error *err)
{
	for (; (*options)[0]; options++) {
		const char *name = (*options)[0];
		const char *value = (*options)[1];
		unsigned command = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
		if (fsconfig(context, command, name, value, 0))
			return error_errno(err, "%s does not take %s%s%s", type, name,
				value ? "=" : "", value ? value : "");
	}
	return true;
}

int namespace_make_mount(
	const char *type, const char *const options[][2], unsigned flags, struct error *err)
{
	AUTO(auto_close) int context = fsopen(type, FSOPEN_CLOEXEC);
	if (context < 0) {
		error_errno(err, "cannot make a file system of type %s", type);
		return -1;
	}
	if (!set_options(context, type, options, err))
		return -1;
	int fd = fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0)
			 ? -1
			 : fsmount(context, FSMOUNT_CLOEXEC, flags);
	if (fd < 0)
		error_errno(err, "cannot make a file system of type %s", type);
	return fd;
}

int namespace_open_fuse(struct error *err)
{
	int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (device >= 0)
		return device;
	error_errno(err, "cannot open /dev/fuse");
	if (err)
		err->kind = ERROR_UNSUPPORTED;
	error_prefix(err, "FUSE is needed: load it with \"modprobe fuse\", let users have it with "
			  "\"chmod 0666 /dev/fuse\", give it to a container with \"--device "
			  "/dev/fuse\"");
	return -1;
}

int namespace_make_fuse(const char *source, int device, const struct namespace_ids *ids,
	bool for_all, struct error *err)
{
	AUTO(auto_free) char *fd = xasprintf("%d", device);
	AUTO(auto_free) char *user = xasprintf("%u", ids->uid);
	AUTO(auto_free) char *group = xasprintf("%u", ids->gid);
	const char *const options[][2] = { { "source", source }, { "fd", fd },
		{ "rootmode", "40000" }, { "user_id", user }, { "group_id", group },
		{ for_all ? "allow_other" : NULL, NULL }, { "default_permissions", NULL },
		{ NULL, NULL } };
	return namespace_make_mount("fuse", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err);
}

bool namespace_attach(int mount, const char *path, struct error *err)
{
	return !move_mount(mount, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) ||
	       error_errno(err, "cannot mount on %s", path);
}
