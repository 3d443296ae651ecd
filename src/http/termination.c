/* SPDX-License-Identifier: Apache-2.0 */
#include "http/termination.h"

#include <signal.h>
#include <stdlib.h>

static struct event *start(
	int number, struct event_base *base, event_callback_fn stop, void *context)
{
	struct event *event = evsignal_new(base, number, stop, context);
	if (!event || event_add(event, NULL))
		abort(); /* only memory can have ended */
	return event;
}

void termination_start(struct termination *termination, struct event_base *base,
	event_callback_fn stop, void *context)
{
	termination->terminate = start(SIGTERM, base, stop, context);
	termination->interrupt = start(SIGINT, base, stop, context);
}

void termination_free(struct termination *termination)
{
	event_free(termination->terminate);
	event_free(termination->interrupt);
}
