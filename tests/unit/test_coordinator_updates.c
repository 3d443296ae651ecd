/* SPDX-License-Identifier: Apache-2.0 */
/* What updates are made of: acknowledgments, monotonic counters, events. */
#include "unit.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "coordinator/counters.h"
#include "coordinator/events.h"
#include "coordinator/metrics.h"
#include "coordinator/pending_update.h"
#include "crypto/openssl.h"

#include <pthread.h>

static struct pending_update *pending_of(const char *const *users, uint64_t missing)
{
	struct pending_update *pending = xcalloc(1, sizeof(*pending));
	for (; *users; users++)
		pending_add_user(pending, *users, false);
	pending_sort_users(pending);
	pending->missing = missing;
	return pending;
}

static void each_user_counts_once(void **state)
{
	(void)state;
	static const char *const users[] = { "carol", "alice", "bob", NULL };
	AUTO(auto_pending) struct pending_update *pending = pending_of(users, 2);
	assert_true(pending_acknowledge(pending, "bob"));
	assert_true(pending_acknowledge(pending, "bob"));
	assert_int_equal(pending->missing, 1);
	assert_false(pending_acknowledge(pending, "mallory"));
	assert_int_equal(pending->missing, 1);
	struct strmap missing = { 0 };
	pending_put_missing(pending, &missing);
	assert_int_equal(missing.count, 2);
	assert_string_equal(missing.entries[0].name, "alice");
	assert_string_equal(missing.entries[1].name, "carol");
	strmap_free(&missing, NULL);
	AUTO(auto_pending) struct pending_update *copy = pending_copy(pending);
	assert_true(pending_acknowledge(copy, "alice"));
	assert_true(pending_acknowledge(copy, "carol"));
	assert_int_equal(copy->missing, 0);
	assert_int_equal(pending->missing, 1);
}

static int make_folder(void **state)
{
	char template[] = "/tmp/test_updates.XXXXXX";
	*state = xstrdup(mkdtemp(template));
	return 0;
}

static int remove_folder(void **state)
{
	AUTO(auto_free) char *command = xasprintf("rm -rf '%s'", (char *)*state);
	free(*state);
	return system(command);
}

static struct counters_config config_of(void **state)
{
	static const uint8_t id[16] = "this deployment.";
	static const uint8_t key[32] = "a key of thirty-two bytes, fixed";
	return (struct counters_config){ .folder = *state, .id = id, .key = key };
}

static uint64_t raise(struct counters *counters, const char *name, uint64_t value)
{
	struct error err = { 0 };
	uint64_t previous = 0;
	assert_success(counters_raise(counters, name, value, &previous, &err), err);
	return previous;
}

static void a_raised_counter_never_shrinks(void **state)
{
	const struct counters_config config = config_of(state);
	struct error err = { 0 };
	struct counters *counters = counters_create(&config, &err);
	assert_success(counters != NULL, err);
	assert_int_equal(raise(counters, "a", 5), 0);
	assert_int_equal(raise(counters, "a", 3), 5);
	assert_int_equal(raise(counters, "b", 0), 0);
	counters_close(counters);
	counters = counters_open(&config, &err);
	assert_success(counters != NULL, err);
	assert_int_equal(raise(counters, "a", UINT64_MAX), 5);
	counters_close(counters);
	counters = counters_open(&config, &err);
	assert_success(counters != NULL, err);
	assert_true(raise(counters, "a", 1) == UINT64_MAX);
	counters_close(counters);
}

#define THREADS 4
#define RAISES  200

struct climber {
	struct counters *counters;
	uint64_t first;
	uint64_t greatest_previous;
};

static void *climb(void *context)
{
	struct climber *climber = context;
	for (uint64_t i = 0; i < RAISES; i++) {
		uint64_t previous = 0;
		if (!counters_raise(climber->counters, "shared", climber->first + i * THREADS,
			    &previous, NULL) ||
			previous < climber->greatest_previous)
			return context;
		climber->greatest_previous = previous;
	}
	return NULL;
}

static void raises_of_many_threads_end_at_the_greatest(void **state)
{
	const struct counters_config config = config_of(state);
	struct error err = { 0 };
	struct counters *counters = counters_create(&config, &err);
	assert_success(counters != NULL, err);
	struct climber climbers[THREADS];
	pthread_t threads[THREADS];
	for (unsigned i = 0; i < THREADS; i++) {
		climbers[i] = (struct climber){ counters, i + 1, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, climb, &climbers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		void *failed = NULL;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	counters_close(counters);
	counters = counters_open(&config, &err);
	assert_success(counters != NULL, err);
	assert_int_equal(raise(counters, "shared", 0), THREADS * RAISES);
	counters_close(counters);
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;
	for (; (text = strstr(text, part)); text++)
		count++;
	return count;
}

static void old_events_make_room_for_new_ones(void **state)
{
	(void)state;
	struct events *events = events_new();
	AUTO(buf_free) struct buf none = { 0 };
	events_put(events, &none);
	assert_string_equal(buf_text(&none), "null\n");
	for (unsigned i = 0; i < EVENTS_MAX + 3; i++) {
		char uuid[16];
		snprintf(uuid, sizeof(uuid), "u%u", i);
		events_add(events, "marble", uuid, (struct bytes){ "", 0 });
	}
	AUTO(buf_free) struct buf all = { 0 };
	events_put(events, &all);
	assert_int_equal(count_of(buf_text(&all), "\"uuid\""), EVENTS_MAX);
	assert_null(strstr(buf_text(&all), "\"u2\""));
	assert_non_null(strstr(buf_text(&all), "\"u3\""));
	events_free(events);
}

static void marbles_that_name_themselves_do_not_fill_the_memory(void **state)
{
	(void)state;
	struct metrics *metrics = metrics_new("1");
	for (unsigned i = 0; i < 20000; i++) {
		char uuid[16];
		snprintf(uuid, sizeof(uuid), "u%u", i);
		metrics_begin_call(metrics, "marble", uuid);
	}
	AUTO(buf_free) struct buf page = { 0 };
	metrics_put(metrics, 3, &page);
	assert_true(count_of(buf_text(&page), "\n") < 10100);
	assert_non_null(strstr(buf_text(&page), "activations_total{type=\"\",uuid=\"\"} 1"));
	/* all that is not about Marbles is still counted */
	const struct metrics_request request = { .path = "/status", .method = "get", .code = 200 };
	metrics_begin_request(metrics, "/status");
	metrics_end_request(metrics, &request);
	buf_clear(&page);
	metrics_put(metrics, 3, &page);
	assert_non_null(strstr(buf_text(&page),
		"http_request_total{code=\"200\",method=\"get\",path=\"/status\"} 1\n"));
	metrics_free(metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_user_counts_once),
		cmocka_unit_test_setup_teardown(
			a_raised_counter_never_shrinks, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			raises_of_many_threads_end_at_the_greatest, make_folder, remove_folder),
		cmocka_unit_test(old_events_make_room_for_new_ones),
		cmocka_unit_test(marbles_that_name_themselves_do_not_fill_the_memory),
	};
	crypto_setup();
	return cmocka_run_group_tests_name("coordinator_updates", tests, NULL, NULL);
}
