/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application that does to its file system what no sensible one does: hostile SEED CALLS
 * FOLDER... makes so many system calls with random arguments, on names in the folders and on
 * whatever descriptors earlier calls gave, in several processes that share descriptors. No answer
 * is wrong, as long as there is one. Then it must still be able to write a file in each folder that
 * is not below /dev or the root, and to read it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define PROCESSES 4
#define FDS       8
#define BUFFER    300000

/* What is written, again and again, and looked for on the host. */
static const char marker[32] = "never in plain text on the host";

struct world {
	uint64_t random;
	char **folders;
	unsigned folder_count;
	int fds[FDS];
	int memory; /* to copy to and from maps, which then fails where touching them would kill */
	char *buffer;
	char names[2][PATH_MAX];
};

static unsigned pick(struct world *w, unsigned limit)
{
	w->random = w->random * 6364136223846793005 + 1442695040888963407;
	return (unsigned)(w->random >> 33) % limit;
}

#define PICK(w, values) ((values)[pick(w, sizeof(values) / sizeof(*(values)))])

/* A path, good until the next two. */
static const char *name(struct world *w)
{
	static const char *const names[] = { "", "/", "/.", "/..", "/../../a", "/a", "/a", "/b",
		"/b", "/c", "/a/b", "/b/c", "/a/../b", "/b/", "/a.gramine.recovery",
		"/b.gramine.recovery", "/ \n\xff%n%s", "/hostile", "/quote", "/user_report_data",
		"/keys" };
	char *path = w->names[pick(w, 2)];
	const char *folder = w->folders[pick(w, w->folder_count)];
	if (pick(w, 30)) {
		snprintf(path, PATH_MAX, "%s%s", folder, PICK(w, names));
	} else {
		/* names of the longest kind, and longer */
		snprintf(path, PATH_MAX, "%s/%*d", folder, (int)(250 + pick(w, 20)), 0);
	}
	return path;
}

static int fd(struct world *w)
{
	return w->fds[pick(w, FDS)];
}

static int flags(struct world *w)
{
	static const int more[] = { O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECT, O_DIRECTORY,
		O_PATH, O_SYNC, O_NOFOLLOW, O_TMPFILE, O_NOATIME };
	int all = (int)pick(w, 4) | O_NONBLOCK | (pick(w, 2) ? O_CREAT : 0);
	return pick(w, 3) ? all : all | PICK(w, more);
}

/* One that leaves the owner's rights, as the test has to read and remove it all. */
static mode_t mode(struct world *w)
{
	return 0700 | pick(w, 010000);
}

/* Nothing between what a file may reach here and what none can, as gaps are filled with data. */
static off_t place(struct world *w)
{
	static const off_t odd[] = { 0, 1, 3071, 3072, 4095, 4096, 7168, -1, LONG_MAX, LONG_MIN,
		(1L << 60) + 1, LONG_MAX - 4096 };
	return pick(w, 3) ? (off_t)pick(w, BUFFER) : PICK(w, odd);
}

static size_t size(struct world *w)
{
	return pick(w, 8) ? pick(w, 9000) : pick(w, BUFFER);
}

static void open_file(struct world *w)
{
	int opened = open(name(w), flags(w), mode(w));
	int *slot = &w->fds[pick(w, FDS)];
	if (opened < 0)
		return;
	close(*slot);
	*slot = opened;
}

static void fill(char *buffer)
{
	for (size_t i = 0; i < BUFFER; i += sizeof(marker))
		memcpy(buffer + i, marker, sizeof(marker));
}

static void read_or_write(struct world *w)
{
	switch (pick(w, 4)) {
	case 0:
		(void)!read(fd(w), w->buffer, size(w));
		break;
	case 1:
		(void)!pread(fd(w), w->buffer, size(w), place(w));
		break;
	case 2:
		(void)!write(fd(w), w->buffer, size(w));
		break;
	default:
		(void)!pwrite(fd(w), w->buffer, size(w), place(w));
	}
	/* what was read is not written elsewhere */
	fill(w->buffer);
}

static void resize(struct world *w)
{
	if (pick(w, 2))
		(void)!ftruncate(fd(w), place(w));
	else
		(void)!truncate(name(w), place(w));
	(void)!fallocate(fd(w), (int)pick(w, 128), place(w), (off_t)size(w));
	lseek(fd(w), place(w), (int)pick(w, 6));
}

static void map(struct world *w)
{
	size_t length = size(w) + 1;
	int protection = pick(w, 2) ? PROT_READ : PROT_READ | PROT_WRITE;
	int kind = pick(w, 4) ? MAP_SHARED : MAP_PRIVATE;
	char *area = mmap(NULL, length, protection, kind, fd(w), (off_t)pick(w, 80) * 4096);
	if (area == MAP_FAILED)
		return;
	(void)!pwrite(w->memory, area, length, 0);
	(void)!pwrite(w->memory, w->buffer, length, 0);
	(void)!pread(w->memory, area, length, 0);
	msync(area, length, pick(w, 2) ? MS_SYNC : MS_ASYNC);
	munmap(area, length);
}

static void change_names(struct world *w)
{
	const char *from = name(w);
	switch (pick(w, 6)) {
	case 0:
		(void)!link(from, name(w));
		break;
	case 1:
		(void)!symlink("/etc/passwd", from);
		break;
	case 2:
		renameat2(AT_FDCWD, from, AT_FDCWD, name(w), pick(w, 8));
		break;
	default:
		rename(from, name(w));
	}
}

static void make_or_remove(struct world *w)
{
	static const mode_t kinds[] = { S_IFREG, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK, S_IFDIR, 0 };
	switch (pick(w, 5)) {
	case 0:
		mkdir(name(w), 0700);
		break;
	case 1:
		mknod(name(w), PICK(w, kinds) | 0600, pick(w, 2000));
		break;
	default:
		unlinkat(AT_FDCWD, name(w), pick(w, 2) ? AT_REMOVEDIR : 0);
	}
}

static void change_attributes(struct world *w)
{
	struct timespec times[2] = { { place(w), (long)pick(w, 1000000000) },
		{ 1, pick(w, 2) ? UTIME_NOW : UTIME_OMIT } };
	chmod(name(w), mode(w));
	fchmod(fd(w), mode(w));
	(void)!chown(name(w), pick(w, 70000), pick(w, 70000));
	utimensat(AT_FDCWD, name(w), times, 0);
	setxattr(name(w), "user.x", w->buffer, size(w), 0);
	fgetxattr(fd(w), "security.capability", w->buffer + BUFFER, 64);
	removexattr(name(w), "system.posix_acl_access");
}

static void ask(struct world *w)
{
	static const unsigned long controls[] = { FIONREAD, 0x80086601 /* FS_IOC_GETFLAGS */,
		0x40086602 /* FS_IOC_SETFLAGS */, 0x40049409 /* FICLONE */, 0xe501 /* FUSE_DEV */ };
	static char answer[PATH_MAX];
	struct statfs fs;
	struct stat st;
	stat(name(w), &st);
	fstat(fd(w), &st);
	statfs(name(w), &fs);
	(void)!access(name(w), (int)pick(w, 16));
	(void)!readlink(name(w), answer, pick(w, sizeof(answer)));
	syscall(SYS_getdents64, fd(w), answer, pick(w, sizeof(answer)));
	ioctl(fd(w), PICK(w, controls), answer);
}

static void copy(struct world *w)
{
	off_t from = place(w);
	off_t to = place(w);
	copy_file_range(fd(w), &from, fd(w), &to, size(w), pick(w, 2));
	from = place(w);
	sendfile(fd(w), fd(w), &from, size(w));
}

static void lock_or_sync(struct world *w)
{
	struct flock lock = { .l_type = (short)pick(w, 4), .l_start = place(w), .l_len = place(w) };
	fcntl(fd(w), F_SETLK, &lock);
	flock(fd(w), (int)pick(w, 16) | LOCK_NB);
	if (pick(w, 2))
		fsync(fd(w));
	else
		fdatasync(fd(w));
	sync_file_range(fd(w), place(w), place(w), pick(w, 8));
	posix_fadvise(fd(w), place(w), place(w), (int)pick(w, 6));
	close(dup(fd(w)));
}

static void call_often(struct world *w, long calls)
{
	static void (*const all[])(struct world * w) = { open_file, open_file, read_or_write,
		read_or_write, resize, map, change_names, make_or_remove, change_attributes, ask,
		copy, lock_or_sync };
	while (calls--)
		PICK(w, all)(w);
}

static void fail(const char *what, const char *folder)
{
	printf("%s in %s: %s\n", what, folder, strerror(errno));
	exit(1);
}

static void write_and_read(struct world *w, const char *folder)
{
	char path[PATH_MAX];
	char found[sizeof(marker)];
	snprintf(path, sizeof(path), "%s/last", folder);
	int file = open(path, O_RDWR | O_CREAT, 0600);
	if (file < 0 || write(file, w->buffer, BUFFER) != BUFFER)
		fail("cannot write", folder);
	if (close(file) || (file = open(path, O_RDONLY)) < 0 ||
		pread(file, found, sizeof(found), BUFFER - sizeof(found)) != sizeof(found))
		fail("cannot read", folder);
	if (memcmp(found, marker, sizeof(found)) != 0)
		fail("something else was read", folder);
}

int main(int argc, char **argv)
{
	struct world w = { .random = strtoul(argv[1], NULL, 10),
		.folders = argv + 3,
		.folder_count = (unsigned)argc - 3,
		.memory = memfd_create("copy", 0),
		.buffer = calloc(1, BUFFER + 64) };
	long calls = strtol(argv[2], NULL, 10);
	int status;
	memset(w.fds, -1, sizeof(w.fds));
	fill(w.buffer);
	signal(SIGPIPE, SIG_IGN);
	call_often(&w, calls / PROCESSES);
	for (int i = 1; i < PROCESSES; i++) {
		if (!fork()) {
			w.random += (unsigned)i;
			w.memory = memfd_create("copy", 0);
			call_often(&w, calls / PROCESSES);
			_exit(0);
		}
	}
	while (wait(&status) > 0) {
		if (status)
			fail("a process died", "between");
	}
	for (char **folder = w.folders; *folder; folder++) {
		if (strcmp(*folder, "/") != 0 && strncmp(*folder, "/dev", 4) != 0)
			write_and_read(&w, *folder);
	}
	puts("served");
	return 0;
}
