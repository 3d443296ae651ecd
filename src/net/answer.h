/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of HTTP/1.1 servers: head, and body by length, in chunks, or until the end. */
#ifndef NET_ANSWER_H
#define NET_ANSWER_H

#include "base/buf.h"
#include "base/error.h"

#define NET_ANSWER_HEAD_MAX 65536

struct net_answer {
	unsigned status;
	struct buf head; /* from the status line on, with the line end of the last header */
	struct buf body;
};

enum net_answer_state { NET_ANSWER_INCOMPLETE, NET_ANSWER_COMPLETE, NET_ANSWER_BAD };

/*
 * Looks at what was received so far; `ended` when nothing will follow. Fills *answer when it is
 * complete. What comes behind the answer is ignored. NET_ANSWER_BAD, with ERROR_INVALID, for what
 * is malformed, cut, or has a body of more than `body_max` bytes.
 */
enum net_answer_state net_answer_read(struct bytes received, bool ended, size_t body_max,
	struct net_answer *answer, struct error *err);
void net_answer_free(struct net_answer *answer);

/* The value of the first header of this name, in any case; empty without one. */
struct bytes net_answer_header(const struct net_answer *answer, const char *name);

#endif
