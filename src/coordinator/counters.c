/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/counters.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "coordinator/journal.h"
#include "coordinator/witness.h"

#include <pthread.h>
#include <search.h>
#include <string.h>

struct counter {
	char *name;
	uint64_t value;   /* with the increments that are under way */
	uint64_t written; /* on disk */
	bool is_in_batch; /* of the write that is being put together */
};

/* One increment, or raise, that waits for its write. */
struct increment {
	struct increment *next;
	struct counter *counter;
	bool is_raise;
	uint64_t raised; /* what a raise makes of the counter */
	void (*done)(void *context, const struct error *error);
	void *context;
};

struct counters {
	pthread_t writer;
	pthread_mutex_t lock; /* of everything below */
	pthread_cond_t work;
	struct journal *journal;
	void *tree; /* of struct counter */
	struct increment *waiting;
	struct witness *witness;
	bool is_writing; /* the journal is the writer's */
	bool is_ending;
	pthread_cond_t written; /* is_writing ended */
};

static int compare_counters(const void *a, const void *b)
{
	const struct counter *x = a;
	const struct counter *y = b;
	return strcmp(x->name, y->name);
}

static struct counter *find_or_add(struct counters *counters, const char *name)
{
	const struct counter key = { .name = (char *)name };
	struct counter *const *node = tfind(&key, &counters->tree, compare_counters);
	if (node)
		return *node;
	struct counter *added = xcalloc(1, sizeof(*added));
	added->name = xstrdup(name);
	if (!tsearch(added, &counters->tree, compare_counters))
		abort();
	return added;
}

static void on_journal_entry(void *context, const char *name, uint64_t value)
{
	struct counter *counter = find_or_add(context, name);
	/* values only grow; the journal is in order, so the later is the greater */
	counter->value = value;
	counter->written = value;
}

/* Puts each counter of the batch once into *record. */
static void collect(struct increment *batch, struct journal_record *record)
{
	for (struct increment *i = batch; i; i = i->next) {
		if (!i->counter->is_in_batch)
			journal_record_put(record, i->counter->name, i->counter->value);
		i->counter->is_in_batch = true;
	}
	for (struct increment *i = batch; i; i = i->next)
		i->counter->is_in_batch = false;
}

static void put_all(const void *node, VISIT visit, void *context)
{
	const struct counter *counter = *(struct counter *const *)node;
	if (visit == postorder || visit == leaf)
		journal_record_put(context, counter->name, counter->written);
}

static bool rewrite(struct counters *counters, struct error *err)
{
	AUTO(journal_record_free) struct journal_record all = { 0 };
	twalk_r(counters->tree, put_all, &all);
	return journal_rewrite(counters->journal, &all, err);
}

/* Once the increments are on disk, or known not to be. */
static void settle(struct increment *batch, bool written)
{
	for (struct increment *i = batch; i; i = i->next) {
		struct counter *counter = i->counter;
		if (!i->is_raise && written)
			counter->written++;
		else if (!i->is_raise)
			counter->value--;
		else if (written && counter->written < i->raised)
			counter->written = i->raised;
		/* a raise that failed stays in memory, since others may have built on it */
	}
}

static void answer(struct increment *batch, const struct error *error)
{
	while (batch) {
		struct increment *next = batch->next;
		batch->done(batch->context, error);
		free(batch);
		batch = next;
	}
}

/* An increment that the witness does not know could be taken back: then it did not take place. */
static bool append(
	struct counters *counters, const struct journal_record *record, struct error *err)
{
	return journal_append(counters->journal, record, err) &&
	       witness_note_records(counters->witness, journal_records(counters->journal), err);
}

/* Writes one batch. Called and returns with the lock held, which it gives up while writing. */
static void write_batch(struct counters *counters)
{
	struct increment *batch = counters->waiting;
	counters->waiting = NULL;
	AUTO(journal_record_free) struct journal_record record = { 0 };
	collect(batch, &record);
	struct error err = { 0 };
	counters->is_writing = true;
	pthread_mutex_unlock(&counters->lock);
	bool written = append(counters, &record, &err);
	pthread_mutex_lock(&counters->lock);
	counters->is_writing = false;
	pthread_cond_broadcast(&counters->written);
	settle(batch, written);
	/* a journal that cannot be shortened is still a good one */
	if (written && journal_is_long(counters->journal))
		(void)rewrite(counters, NULL);
	pthread_mutex_unlock(&counters->lock);
	answer(batch, written ? NULL : &err);
	pthread_mutex_lock(&counters->lock);
}

static void *run_writer(void *context)
{
	struct counters *counters = context;
	pthread_mutex_lock(&counters->lock);
	while (!counters->is_ending || counters->waiting) {
		if (counters->waiting)
			write_batch(counters);
		else
			pthread_cond_wait(&counters->work, &counters->lock);
	}
	pthread_mutex_unlock(&counters->lock);
	return NULL;
}

static void free_counter(void *node)
{
	struct counter *counter = node;
	free(counter->name);
	free(counter);
}

static void free_memory(struct counters *counters)
{
	journal_close(counters->journal);
	tdestroy(counters->tree, free_counter);
	pthread_mutex_destroy(&counters->lock);
	pthread_cond_destroy(&counters->work);
	pthread_cond_destroy(&counters->written);
	free(counters);
}

static struct counters *start(struct counters *counters, struct error *err)
{
	if (counters->journal && !pthread_create(&counters->writer, NULL, run_writer, counters))
		return counters;
	if (counters->journal)
		error_set(err, ERROR_INTERNAL,
			"cannot start the thread that writes activation counters: allow one more "
			"thread (sgx.max_threads)");
	free_memory(counters);
	return NULL;
}

static struct counters *new_counters(const struct counters_config *config)
{
	struct counters *counters = xcalloc(1, sizeof(*counters));
	counters->witness = config->witness;
	pthread_mutex_init(&counters->lock, NULL);
	pthread_cond_init(&counters->work, NULL);
	pthread_cond_init(&counters->written, NULL);
	return counters;
}

struct counters *counters_create(const struct counters_config *config, struct error *err)
{
	struct counters *counters = new_counters(config);
	counters->journal = journal_create(config, err);
	return start(counters, err);
}

struct counters *counters_open(const struct counters_config *config, struct error *err)
{
	struct counters *counters = new_counters(config);
	counters->journal = journal_open(config, on_journal_entry, counters, err);
	if (counters->journal && journal_is_old(counters->journal) && !rewrite(counters, err)) {
		free_memory(counters);
		return NULL;
	}
	return start(counters, err);
}

void counters_close(struct counters *counters)
{
	if (!counters)
		return;
	pthread_mutex_lock(&counters->lock);
	counters->is_ending = true;
	pthread_cond_signal(&counters->work);
	pthread_mutex_unlock(&counters->lock);
	pthread_join(counters->writer, NULL);
	free_memory(counters);
}

void counters_remove_others(const struct counters_config *config)
{
	journal_remove_others(config);
}

bool counters_has_room(struct counters *counters, const char *name, uint64_t limit)
{
	pthread_mutex_lock(&counters->lock);
	const struct counter key = { .name = (char *)name };
	struct counter *const *node = tfind(&key, &counters->tree, compare_counters);
	bool has_room = !node || (*node)->value < limit;
	pthread_mutex_unlock(&counters->lock);
	return has_room;
}

/* With the lock held. */
static struct increment *add_waiting(struct counters *counters, struct counter *counter,
	void (*done)(void *context, const struct error *error), void *context)
{
	struct increment *increment = xcalloc(1, sizeof(*increment));
	*increment = (struct increment){
		.next = counters->waiting,
		.counter = counter,
		.done = done,
		.context = context,
	};
	counters->waiting = increment;
	pthread_cond_signal(&counters->work);
	return increment;
}

bool counters_increment(struct counters *counters, const char *name, uint64_t limit,
	void (*done)(void *context, const struct error *error), void *context)
{
	pthread_mutex_lock(&counters->lock);
	struct counter *counter = find_or_add(counters, name);
	bool has_room = counter->value < limit;
	if (has_room) {
		counter->value++;
		add_waiting(counters, counter, done, context);
	}
	pthread_mutex_unlock(&counters->lock);
	return has_room;
}

/* Who waits for a raise. */
struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool is_done;
	struct error error;
};

static void wake_waiter(void *context, const struct error *error)
{
	struct waiter *waiter = context;
	pthread_mutex_lock(&waiter->lock);
	waiter->is_done = true;
	if (error)
		waiter->error = *error;
	pthread_cond_signal(&waiter->done);
	pthread_mutex_unlock(&waiter->lock);
}

static void wait_for(struct waiter *waiter)
{
	pthread_mutex_lock(&waiter->lock);
	while (!waiter->is_done)
		pthread_cond_wait(&waiter->done, &waiter->lock);
	pthread_mutex_unlock(&waiter->lock);
	pthread_cond_destroy(&waiter->done);
	pthread_mutex_destroy(&waiter->lock);
}

bool counters_raise(struct counters *counters, const char *name, uint64_t value, uint64_t *previous,
	struct error *err)
{
	struct waiter waiter = { .lock = PTHREAD_MUTEX_INITIALIZER,
		.done = PTHREAD_COND_INITIALIZER };
	pthread_mutex_lock(&counters->lock);
	struct counter *counter = find_or_add(counters, name);
	*previous = counter->value;
	if (counter->value < value)
		counter->value = value;
	struct increment *raise = add_waiting(counters, counter, wake_waiter, &waiter);
	raise->is_raise = true;
	raise->raised = counter->value;
	pthread_mutex_unlock(&counters->lock);
	wait_for(&waiter);
	return !waiter.error.kind || error_set(err, ERROR_INTERNAL, "%s", waiter.error.message);
}

bool counters_keep_on_disk(struct counters *counters, bool on_disk, struct error *err)
{
	AUTO(journal_record_free) struct journal_record all = { 0 };
	pthread_mutex_lock(&counters->lock);
	while (counters->is_writing)
		pthread_cond_wait(&counters->written, &counters->lock);
	twalk_r(counters->tree, put_all, &all);
	bool kept = journal_keep_on_disk(counters->journal, on_disk, &all, err);
	pthread_mutex_unlock(&counters->lock);
	return kept;
}

uint64_t counters_records(struct counters *counters)
{
	pthread_mutex_lock(&counters->lock);
	while (counters->is_writing)
		pthread_cond_wait(&counters->written, &counters->lock);
	uint64_t records = journal_records(counters->journal);
	pthread_mutex_unlock(&counters->lock);
	return records;
}
