/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* One descriptor with its header, aligned as CMSG_FIRSTHDR wants it. */
union control {
	char space[CMSG_SPACE(sizeof(int))];
	struct cmsghdr alignment;
};

bool sim_channel_send(int channel, int fd, struct error *err)
{
	char byte = 0;
	union control control = { 0 };
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	if (sendmsg(channel, &message, MSG_NOSIGNAL) == 1)
		return true;
	return error_errno(err, "cannot hand a descriptor to the launcher");
}

int sim_channel_receive(int channel, struct error *err)
{
	char byte;
	int fd = -1;
	union control control = { 0 };
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space) };
	ssize_t got;
	do {
		got = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	struct cmsghdr *header = got == 1 ? CMSG_FIRSTHDR(&message) : NULL;
	if (header && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	if (fd < 0)
		error_set(err, ERROR_UNAVAILABLE, "the sandbox did not start");
	return fd;
}
