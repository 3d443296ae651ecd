/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/events.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/memory.h"
#include "coordinator/json_members.h"

#include <pthread.h>
#include <time.h>

struct events {
	pthread_mutex_t lock;
	struct buf entries[EVENTS_MAX]; /* a ring of JSON objects */
	size_t added;                   /* since the start */
};

struct events *events_new(void)
{
	struct events *events = xcalloc(1, sizeof(*events));
	pthread_mutex_init(&events->lock, NULL);
	return events;
}

void events_free(struct events *events)
{
	if (!events)
		return;
	for (size_t i = 0; i < EVENTS_MAX; i++)
		buf_free(&events->entries[i]);
	pthread_mutex_destroy(&events->lock);
	free(events);
}

/* RFC 3339 with nanoseconds. */
static void put_time(struct buf *object)
{
	struct timespec now;
	char seconds[CLOCK_TEXT_SIZE];
	clock_gettime(CLOCK_REALTIME, &now);
	clock_format_utc(seconds, now.tv_sec);
	AUTO(auto_free) char *text = xasprintf("%.19s.%09ldZ", seconds, now.tv_nsec);
	json_put_text(object, "time", text);
}

void events_add(
	struct events *events, const char *marble_type, const char *uuid, struct bytes quote)
{
	if (!events)
		return;
	struct buf entry = { 0 };
	buf_put_u8(&entry, '{');
	put_time(&entry);
	json_put_name(&entry, "activation");
	buf_put_u8(&entry, '{');
	json_put_text(&entry, "marbleType", marble_type);
	json_put_text(&entry, "uuid", uuid);
	json_put_bytes(&entry, "quote", quote);
	buf_put_text(&entry, "}}");
	pthread_mutex_lock(&events->lock);
	struct buf *place = &events->entries[events->added++ % EVENTS_MAX];
	buf_free(place);
	*place = entry;
	pthread_mutex_unlock(&events->lock);
}

void events_put(struct events *events, struct buf *out)
{
	pthread_mutex_lock(&events->lock);
	size_t first = events->added > EVENTS_MAX ? events->added - EVENTS_MAX : 0;
	buf_put_text(out, events->added ? "[" : "null");
	for (size_t i = first; i < events->added; i++) {
		const struct buf *entry = &events->entries[i % EVENTS_MAX];
		buf_put_text(out, i > first ? "," : "");
		buf_put(out, entry->data, entry->size);
	}
	buf_put_text(out, events->added ? "]\n" : "\n");
	pthread_mutex_unlock(&events->lock);
}
