/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/metrics.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "coordinator/build_info.h"

#include <pthread.h>
#include <search.h>
#include <string.h>

#define BUCKETS_MAX 7

/* Marbles name themselves: what is beyond has empty labels. */
#define SERIES_MAX 10000

enum family {
	MARBLE_ACTIVATIONS,
	MARBLE_SUCCESSES,
	STATE,
	VERSION,
	CALLS_HANDLED,
	CALL_MESSAGES_RECEIVED,
	CALL_MESSAGES_SENT,
	CALLS_STARTED,
	SCRAPES_IN_FLIGHT,
	SCRAPES,
	REQUESTS_IN_FLIGHT,
	REQUEST_SECONDS,
	REQUEST_SIZE,
	REQUESTS,
	RESPONSE_SIZE,
	FAMILY_COUNT,
};

static const double seconds_buckets[BUCKETS_MAX] = { 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5 };
static const double size_buckets[BUCKETS_MAX] = { 100, 1000, 2000, 5000, 10000 };

static const struct {
	const char *name;
	const char *type;
	const char *help;
} families[FAMILY_COUNT] = {
	[MARBLE_ACTIVATIONS] = { "coordinator_marble_activations_total", "counter",
		"Number of attempts to activate a Marble." },
	[MARBLE_SUCCESSES] = { "coordinator_marble_activations_success_total", "counter",
		"Number of Marbles that were activated." },
	[STATE] = { "coordinator_state", "gauge", "State of the Coordinator, 0 to 3." },
	[VERSION] = { "coordinator_version_info", "gauge", "Version of the Coordinator." },
	[CALLS_HANDLED] = { "grpc_server_handled_total", "counter",
		"Number of RPCs completed on the server." },
	[CALL_MESSAGES_RECEIVED] = { "grpc_server_msg_received_total", "counter",
		"Number of messages received on the server." },
	[CALL_MESSAGES_SENT] = { "grpc_server_msg_sent_total", "counter",
		"Number of messages sent by the server." },
	[CALLS_STARTED] = { "grpc_server_started_total", "counter",
		"Number of RPCs started on the server." },
	[SCRAPES_IN_FLIGHT] = { "promhttp_metric_handler_requests_in_flight", "gauge",
		"Number of scrapes being served." },
	[SCRAPES] = { "promhttp_metric_handler_requests_total", "counter",
		"Number of scrapes by HTTP status." },
	[REQUESTS_IN_FLIGHT] = { "server_client_api_http_in_flight_requests", "gauge",
		"Number of requests being served." },
	[REQUEST_SECONDS] = { "server_client_api_http_request_duration_histogram_seconds",
		"histogram", "Time that requests took." },
	[REQUEST_SIZE] = { "server_client_api_http_request_size_histogram_bytes", "histogram",
		"Size of requests." },
	[REQUESTS] = { "server_client_api_http_request_total", "counter",
		"Number of requests by path, status and method." },
	[RESPONSE_SIZE] = { "server_client_api_http_response_size_histogram_bytes", "histogram",
		"Size of responses." },
};

/* BUCKETS_MAX upper limits, those that are 0 left out; NULL for what is no histogram. */
static const double *buckets_of(enum family family)
{
	switch (family) {
	case REQUEST_SECONDS:
		return seconds_buckets;
	case REQUEST_SIZE:
	case RESPONSE_SIZE:
		return size_buckets;
	default:
		return NULL;
	}
}

/* One line, or histogram, of a family. */
struct series {
	enum family family;
	char *labels;   /* `a="b",c="d"` */
	uint64_t count; /* the value, or how often something was observed */
	double sum;
	uint64_t buckets[BUCKETS_MAX];
};

struct metrics {
	pthread_mutex_t lock;
	void *tree; /* of struct series, in the order of output */
	size_t count;
};

static int compare_series(const void *a, const void *b)
{
	const struct series *x = a;
	const struct series *y = b;
	int order = (x->family > y->family) - (x->family < y->family);
	return order ? order : strcmp(x->labels, y->labels);
}

static void free_series(void *node)
{
	struct series *series = node;
	free(series->labels);
	free(series);
}

/* NULL when there are too many already. With the lock held. */
static struct series *find_or_add(struct metrics *metrics, enum family family, const char *labels)
{
	const struct series key = { .family = family, .labels = (char *)labels };
	struct series *const *node = tfind(&key, &metrics->tree, compare_series);
	if (node)
		return *node;
	if (metrics->count >= SERIES_MAX)
		return NULL;
	struct series *added = xcalloc(1, sizeof(*added));
	added->family = family;
	added->labels = xstrdup(labels);
	if (!tsearch(added, &metrics->tree, compare_series))
		abort();
	metrics->count++;
	return added;
}

struct label {
	const char *name;
	const char *value;
};

static void put_labels(struct buf *out, const struct label *labels)
{
	for (size_t i = 0; labels[i].name; i++) {
		buf_printf(out, "%s%s=\"", i ? "," : "", labels[i].name);
		for (const char *c = labels[i].value; *c; c++) {
			if (*c == '\n')
				buf_put_text(out, "\\n");
			else if (*c == '"' || *c == '\\')
				buf_printf(out, "\\%c", *c);
			else
				buf_put_u8(out, (uint8_t)*c);
		}
		buf_put_u8(out, '"');
	}
}

/* The labels end with one that has no name. */
static void add(
	struct metrics *metrics, enum family family, const struct label *labels, uint64_t amount)
{
	AUTO(buf_free) struct buf text = { 0 };
	put_labels(&text, labels);
	struct series *series = find_or_add(metrics, family, buf_text(&text));
	if (series)
		series->count += amount;
}

static void observe(
	struct metrics *metrics, enum family family, const struct label *labels, double value)
{
	AUTO(buf_free) struct buf text = { 0 };
	put_labels(&text, labels);
	struct series *series = find_or_add(metrics, family, buf_text(&text));
	if (!series)
		return;
	const double *limits = buckets_of(family);
	for (size_t i = 0; i < BUCKETS_MAX && limits[i] > 0; i++)
		series->buckets[i] += value <= limits[i];
	series->count++;
	series->sum += value;
}

struct metrics *metrics_new(const char *version)
{
	struct metrics *metrics = xcalloc(1, sizeof(*metrics));
	const struct label labels[] = { { "version", version }, { "commit", build_commit }, { 0 } };
	pthread_mutex_init(&metrics->lock, NULL);
	add(metrics, VERSION, labels, 0);
	add(metrics, SCRAPES_IN_FLIGHT, &(struct label){ 0 }, 0);
	return metrics;
}

void metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	tdestroy(metrics->tree, free_series);
	pthread_mutex_destroy(&metrics->lock);
	free(metrics);
}

void metrics_begin_request(struct metrics *metrics, const char *path)
{
	if (!metrics)
		return;
	const struct label labels[] = { { "path", path }, { 0 } };
	pthread_mutex_lock(&metrics->lock);
	add(metrics, REQUESTS_IN_FLIGHT, labels, 1);
	pthread_mutex_unlock(&metrics->lock);
}

void metrics_end_request(struct metrics *metrics, const struct metrics_request *request)
{
	if (!metrics)
		return;
	char code[16];
	snprintf(code, sizeof(code), "%d", request->code);
	const struct label all[] = { { "code", code }, { "method", request->method },
		{ "path", request->path }, { 0 } };
	const struct label *method_and_path = all + 1;
	const struct label *path = all + 2;
	pthread_mutex_lock(&metrics->lock);
	add(metrics, REQUESTS_IN_FLIGHT, path, (uint64_t)-1);
	add(metrics, REQUESTS, all, 1);
	observe(metrics, REQUEST_SECONDS, method_and_path, request->seconds);
	observe(metrics, REQUEST_SIZE, path, (double)request->request_size);
	observe(metrics, RESPONSE_SIZE, path, (double)request->response_size);
	pthread_mutex_unlock(&metrics->lock);
}

#define ACTIVATE                                                                                   \
	{ "grpc_method", "Activate" }, { "grpc_service", "rpc.Marble" },                           \
	{                                                                                          \
		"grpc_type", "unary"                                                               \
	}

/* What is counted for a Marble; without its name when there are too many names. */
static void add_marble(
	struct metrics *metrics, enum family family, const char *marble_type, const char *uuid)
{
	bool is_full = metrics->count >= SERIES_MAX - 100;
	const struct label labels[] = { { "type", is_full ? "" : marble_type },
		{ "uuid", is_full ? "" : uuid }, { 0 } };
	add(metrics, family, labels, 1);
}

void metrics_begin_call(struct metrics *metrics, const char *marble_type, const char *uuid)
{
	static const struct label call[] = { ACTIVATE, { 0 } };
	if (!metrics)
		return;
	pthread_mutex_lock(&metrics->lock);
	add(metrics, CALLS_STARTED, call, 1);
	add(metrics, CALL_MESSAGES_RECEIVED, call, 1);
	add_marble(metrics, MARBLE_ACTIVATIONS, marble_type, uuid);
	pthread_mutex_unlock(&metrics->lock);
}

void metrics_end_call(
	struct metrics *metrics, const char *marble_type, const char *uuid, const char *code)
{
	const struct label handled[] = { { "grpc_code", code }, ACTIVATE, { 0 } };
	if (!metrics)
		return;
	pthread_mutex_lock(&metrics->lock);
	add(metrics, CALLS_HANDLED, handled, 1);
	if (!strcmp(code, "OK")) {
		add(metrics, CALL_MESSAGES_SENT, handled + 1, 1);
		add_marble(metrics, MARBLE_SUCCESSES, marble_type, uuid);
	}
	pthread_mutex_unlock(&metrics->lock);
}

/* Where a walk over the tree puts what it finds. */
struct page {
	struct buf *out;
	int last_family; /* whose head was written */
};

static void put_head(struct page *page, enum family family)
{
	if (page->last_family == (int)family)
		return;
	page->last_family = (int)family;
	buf_printf(page->out, "# HELP %s %s\n# TYPE %s %s\n", families[family].name,
		families[family].help, families[family].name, families[family].type);
}

static void put_line(
	struct buf *out, const struct series *series, const char *suffix, uint64_t value)
{
	buf_printf(out, "%s%s", families[series->family].name, suffix);
	if (*series->labels)
		buf_printf(out, "{%s}", series->labels);
	buf_printf(out, " %llu\n", (unsigned long long)value);
}

static void put_histogram(struct buf *out, const struct series *series)
{
	const char *name = families[series->family].name;
	const double *limits = buckets_of(series->family);
	for (size_t i = 0; i < BUCKETS_MAX && limits[i] > 0; i++)
		buf_printf(out, "%s_bucket{%s,le=\"%g\"} %llu\n", name, series->labels, limits[i],
			(unsigned long long)series->buckets[i]);
	buf_printf(out, "%s_bucket{%s,le=\"+Inf\"} %llu\n%s_sum{%s} %.9g\n", name, series->labels,
		(unsigned long long)series->count, name, series->labels, series->sum);
	put_line(out, series, "_count", series->count);
}

static void put_series(const void *node, VISIT visit, void *context)
{
	const struct series *series = *(struct series *const *)node;
	struct page *page = context;
	if (visit != postorder && visit != leaf)
		return;
	put_head(page, series->family);
	if (buckets_of(series->family))
		put_histogram(page->out, series);
	else
		put_line(page->out, series, "", series->count);
}

void metrics_put(struct metrics *metrics, int coordinator_state, struct buf *out)
{
	static const struct label success[] = { { "code", "200" }, { 0 } };
	static const struct label none[] = { { 0 } };
	struct page page = { out, -1 };
	pthread_mutex_lock(&metrics->lock);
	find_or_add(metrics, STATE, "")->count = (uint64_t)coordinator_state;
	add(metrics, SCRAPES_IN_FLIGHT, none, 1);
	twalk_r(metrics->tree, put_series, &page);
	add(metrics, SCRAPES_IN_FLIGHT, none, (uint64_t)-1);
	add(metrics, SCRAPES, success, 1);
	pthread_mutex_unlock(&metrics->lock);
}
