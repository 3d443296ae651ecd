/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a program that serves on a libevent loop: SIGTERM or SIGINT. */
#ifndef HTTP_TERMINATION_H
#define HTTP_TERMINATION_H

#include <event2/event.h>

struct termination {
	struct event *terminate;
	struct event *interrupt;
};

/* From now on the loop calls `stop` when one of the signals comes, in place of their own effect. */
void termination_start(struct termination *termination, struct event_base *base,
	event_callback_fn stop, void *context);
void termination_free(struct termination *termination);

#endif
