/* SPDX-License-Identifier: Apache-2.0 */
/* Collateral of a service in the cache that its users share, over real connections. */
#include "unit.h"

#include "base/memory.h"
#include "clocks.h"
#include "crypto/tls_server.h"
#include "pccs/network.h"
#include "platform/folder.h"
#include "platform/platform.h"
#include "platform/service.h"
#include "platform_fixture.h"
#include "tls_peer.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define ASKERS 8

/* A platform, its service, and a source that asks it. */
struct fixture {
	char *folder;
	struct anchor anchor;
	struct certificate pck_ca;
	struct platform_service service;
	struct credentials credentials;
	struct tls_server_config tls_config;
	struct event_base *base;
	struct http_server *http;
	int stop[2];
	pthread_t thread;
	atomic_int requests;
	char address[32];
	struct collateral_source *source;
};

static void handle(
	const struct http_request *request, struct http_response *response, void *context)
{
	struct fixture *f = context;
	f->requests++;
	platform_service_handle(request, response, &f->service);
}

static bool give_identity(void *context, X509 **certificate, EVP_PKEY **key)
{
	const struct credentials *credentials = context;
	*certificate = credentials->cert;
	*key = credentials->key;
	return X509_up_ref(*certificate) && EVP_PKEY_up_ref(*key);
}

static void on_stop(evutil_socket_t fd, short what, void *base)
{
	(void)fd, (void)what;
	event_base_loopbreak(base);
}

static void *run(void *context)
{
	struct fixture *f = context;
	struct event *stop = event_new(f->base, f->stop[0], EV_READ, on_stop, f->base);
	event_add(stop, NULL);
	event_base_dispatch(f->base);
	event_free(stop);
	http_server_free(f->http);
	event_base_free(f->base);
	return NULL;
}

static void start_service(struct fixture *f)
{
	struct error err = { 0 };
	f->credentials = make_credentials();
	f->tls_config = (struct tls_server_config){ .protocol = "\x08http/1.1",
		.get_identity = give_identity,
		.context = &f->credentials };
	AUTO(auto_ssl_ctx) SSL_CTX *tls = tls_server_new(&f->tls_config, &err);
	assert_success(tls, err);
	assert_success(platform_service_open(&f->service, f->folder, &err), err);
	f->base = event_base_new();
	const struct http_server_config config = {
		.base = f->base,
		.listener = new_listener(SOCK_NONBLOCK, f->address),
		.tls = tls,
		.handle = handle,
		.context = f,
		.body_max = 1000,
		.connections_max = 100,
		.idle_seconds = 20,
	};
	f->http = http_server_new(&config, &err);
	assert_success(f->http, err);
	assert_int_equal(pipe(f->stop), 0);
	assert_int_equal(pthread_create(&f->thread, NULL, run, f), 0);
}

static void stop_service(struct fixture *f)
{
	if (f->stop[1] < 0)
		return;
	close(f->stop[1]);
	pthread_join(f->thread, NULL);
	close(f->stop[0]);
	f->stop[1] = -1;
	platform_service_close(&f->service);
	free_credentials(&f->credentials);
}

static void read_certificates(struct fixture *f)
{
	struct error err = { 0 };
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(auto_free) char *root = platform_path(f->folder, PLATFORM_ROOT_CA);
	AUTO(auto_x509) X509 *ca = platform_load_cert(f->folder, PLATFORM_CA, &err);
	assert_success(ca, err);
	cert_put_der(ca, &der);
	assert_success(certificate_read(buf_bytes(&der), &f->pck_ca, &err), err);
	assert_success(anchor_open(root, &f->anchor, &err), err);
}

static void issue(const struct fixture *f, int64_t valid_for, bool anew)
{
	struct platform_options options = platform_default_options;
	struct error err = { 0 };
	options.valid_for = valid_for;
	assert_success(platform_init(f->folder, &options, anew, &err), err);
}

static void open_source(struct fixture *f, bool in_background)
{
	AUTO(auto_free) char *url = xasprintf("https://%s/sgx/certification/v4/", f->address);
	struct network_config config = {
		.service = qcnl_of_service(url),
		.refreshes_in_background = in_background,
		.refresh_least = 1,
	};
	struct error err = { 0 };
	config.service.is_secure = false;
	config.service.retry_times = 0;
	f->source = network_source_open(&config, &err);
	assert_success(f->source, err);
}

static struct fixture *make(const char *folder, int64_t valid_for, bool in_background)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	wall_ahead = steady_ahead = 0;
	f->folder = xasprintf("%s/platform", folder);
	issue(f, valid_for, false);
	read_certificates(f);
	start_service(f);
	open_source(f, in_background);
	return f;
}

static void drop(struct fixture *f)
{
	f->source->close(f->source);
	stop_service(f);
	certificate_free(&f->pck_ca);
	anchor_free(&f->anchor);
	free(f->folder);
	free(f);
}

static struct collateral *get(
	struct fixture *f, const uint8_t *fmspc, bool is_hurried, struct error *err)
{
	const struct collateral_request request = {
		.fmspc = fmspc,
		.pck_ca = &f->pck_ca,
		.anchor = &f->anchor,
		.now = clock_now(),
		.is_hurried = is_hurried,
	};
	/* cppcheck-suppress returnDanglingLifetime ; a set keeps nothing of the request */
	return f->source->get(f->source, &request, err);
}

static struct collateral *get_own(struct fixture *f, bool is_hurried, struct error *err)
{
	return get(f, platform_default_options.fmspc, is_hurried, err);
}

static void assert_there(struct fixture *f, bool is_hurried)
{
	struct error err = { 0 };
	AUTO(auto_collateral) struct collateral *set = get_own(f, is_hurried, &err);
	assert_success(set, err);
}

static void assert_not_there(
	struct fixture *f, bool is_hurried, enum error_kind kind, const char *reason)
{
	struct error err = { 0 };
	AUTO(auto_collateral) struct collateral *set = get_own(f, is_hurried, &err);
	assert_failure(set, err, kind, reason);
}

static void who_is_in_a_hurry_gets_what_is_there(void **state)
{
	struct fixture *f = make(*state, 86400, false);
	assert_not_there(f, true, ERROR_WOULD_WAIT, "has to be fetched");
	assert_int_equal(f->requests, 0);
	assert_there(f, false);
	assert_there(f, true);
	assert_there(f, false);
	assert_int_equal(f->requests, 4);
	drop(f);
}

static void *ask(void *context)
{
	struct error err = { 0 };
	AUTO(auto_collateral) struct collateral *set = get_own(context, false, &err);
	return set ? context : NULL;
}

static void those_who_ask_at_once_are_served_by_one_fetch(void **state)
{
	struct fixture *f = make(*state, 86400, false);
	pthread_t threads[ASKERS];
	for (size_t i = 0; i < ASKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask, f), 0);
	for (size_t i = 0; i < ASKERS; i++) {
		void *result;
		pthread_join(threads[i], &result);
		assert_ptr_equal(result, f);
	}
	assert_int_equal(f->requests, 4);
	drop(f);
}

static void what_failed_is_not_asked_again_at_once(void **state)
{
	static const uint8_t unknown[PCK_FMSPC_SIZE] = { 1 };
	struct fixture *f = make(*state, 86400, false);
	for (int i = 0; i < 3; i++) {
		struct error err = { 0 };
		AUTO(auto_collateral) struct collateral *set = get(f, unknown, i == 2, &err);
		assert_failure(set, err, ERROR_NOT_FOUND, "FMSPC 010000000000: https://127.0.0.1");
	}
	assert_int_equal(f->requests, 1);
	assert_there(f, false); /* another one is another matter */
	drop(f);
}

static void a_clock_that_is_set_back_keeps_nobody_waiting(void **state)
{
	static const uint8_t unknown[PCK_FMSPC_SIZE] = { 1 };
	struct fixture *f = make(*state, 86400, false);
	assert_null(get(f, unknown, false, NULL));
	wall_ahead = -600000;
	assert_null(get(f, unknown, false, NULL));
	assert_int_equal(f->requests, 1);
	pass_time(10000);
	assert_null(get(f, unknown, false, NULL));
	assert_int_equal(f->requests, 2);
	wall_ahead = 600000; /* nor is the service asked more often if it is set forward */
	assert_null(get(f, unknown, false, NULL));
	assert_int_equal(f->requests, 2);
	drop(f);
}

static void a_service_that_is_gone_is_told_once_there_is_nothing_left(void **state)
{
	struct fixture *f = make(*state, 2, false);
	assert_there(f, false);
	stop_service(f);
	struct error err = { 0 };
	for (;;) { /* until it has expired */
		const struct timespec pause = { .tv_nsec = 1000000 };
		AUTO(auto_collateral) struct collateral *set = get_own(f, true, &err);
		if (!set)
			break;
		nanosleep(&pause, NULL);
	}
	assert_int_equal(err.kind, ERROR_WOULD_WAIT);
	assert_not_there(f, false, ERROR_UNAVAILABLE, "nobody answers");
	assert_not_there(f, true, ERROR_UNAVAILABLE, "nobody answers");
	drop(f);
}

static void sets_are_fetched_anew_before_they_expire(void **state)
{
	struct fixture *f = make(*state, 6, true);
	assert_there(f, false);
	issue(f, 86400, true);
	int64_t end = 0;
	while (end < clock_now() + 1000) { /* nobody waits, and it is there at each moment */
		struct error err = { 0 };
		const struct timespec pause = { .tv_nsec = 1000000 };
		AUTO(auto_collateral) struct collateral *set = get_own(f, true, &err);
		assert_success(set, err);
		end = collateral_validity(set).end;
		nanosleep(&pause, NULL);
	}
	assert_int_equal(f->requests, 8);
	drop(f);
}

static void the_cache_holds_no_more_than_it_may(void **state)
{
	struct fixture *f = make(*state, 86400, false);
	assert_there(f, false);
	for (uint8_t i = 1; i <= 40; i++) {
		const uint8_t unknown[PCK_FMSPC_SIZE] = { i };
		struct error err = { 0 };
		assert_null(get(f, unknown, false, &err));
		assert_int_equal(err.kind, ERROR_NOT_FOUND);
		if (i == 20)
			assert_there(f, true); /* in use, so it is not the one that goes */
	}
	assert_there(f, true);
	drop(f);
}

/* A platform's name as its quotes have it, and a request for the certificate. */
struct named {
	struct buf quote;
	struct sgx_quote parsed;
	struct sgx_pck_name name;
	struct pck_request request;
};

static void name_platform(struct fixture *f, struct named *named)
{
	const struct sgx_quote body = { .version = SGX_QUOTE_VERSION_3,
		.cert_type = SGX_CERT_TYPE_PPID };
	struct error err = { 0 };
	struct platform *platform = platform_open(f->folder, &err);
	assert_success(platform, err);
	assert_success(platform_put_quote_of(platform, &body, &named->quote, &err), err);
	platform_free(platform);
	assert_success(sgx_quote_parse(buf_bytes(&named->quote), &named->parsed, &err), err);
	assert_success(sgx_pck_name_parse(named->parsed.cert_type, named->parsed.cert_data,
			       &named->name, &err),
		err);
	named->request = (struct pck_request){ .name = &named->name,
		.qe_id = named->parsed.header.user_data,
		.anchor = &f->anchor,
		.now = clock_now() };
}

static void drop_name(struct named *named)
{
	buf_free(&named->quote);
}

static bool find_pck(
	struct fixture *f, const struct pck_request *request, bool is_hurried, struct error *err)
{
	AUTO(buf_free) struct buf pem = { 0 };
	struct pck_request copy = *request;
	copy.is_hurried = is_hurried;
	return f->source->put_pck(f->source, &copy, &pem, err) && pem.size > 0;
}

static void a_pck_certificate_is_fetched_once(void **state)
{
	struct fixture *f = make(*state, 86400, false);
	AUTO(drop_name) struct named named = { 0 };
	struct error err = { 0 };
	name_platform(f, &named);
	assert_failure(find_pck(f, &named.request, true, &err), err, ERROR_WOULD_WAIT,
		"has to be fetched");
	assert_int_equal(f->requests, 0);
	assert_success(find_pck(f, &named.request, false, &err), err);
	assert_success(find_pck(f, &named.request, true, &err), err);
	assert_success(find_pck(f, &named.request, false, &err), err);
	assert_int_equal(f->requests, 1);
	drop(f);
}

struct asker {
	struct fixture *fixture;
	const struct pck_request *request;
};

static void a_clock_that_is_set_leaves_certificates_as_fresh_as_they_are(void **state)
{
	struct fixture *f = make(*state, 86400, false);
	AUTO(drop_name) struct named named = { 0 };
	struct error err = { 0 };
	name_platform(f, &named);
	assert_success(find_pck(f, &named.request, false, &err), err);
	wall_ahead = -3600000;
	assert_success(find_pck(f, &named.request, true, &err), err);
	assert_int_equal(f->requests, 1);
	pass_time(600000);
	assert_failure(find_pck(f, &named.request, true, &err), err, ERROR_WOULD_WAIT, "fetched");
	stop_service(f);
	assert_success(find_pck(f, &named.request, false, &err), err); /* what there is stays */
	assert_success(find_pck(f, &named.request, true, &err), err);
	pass_time(10000);
	assert_failure(find_pck(f, &named.request, true, &err), err, ERROR_WOULD_WAIT, "fetched");
	drop(f);
}

static void *ask_for_pck(void *context)
{
	const struct asker *asker = context;
	return find_pck(asker->fixture, asker->request, false, NULL) ? context : NULL;
}

static void those_who_need_one_certificate_are_served_by_one_fetch(void **state)
{
	struct fixture *f = make(*state, 86400, false);
	AUTO(drop_name) struct named named = { 0 };
	struct asker asker = { f, &named.request };
	pthread_t threads[ASKERS];
	name_platform(f, &named);
	for (size_t i = 0; i < ASKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_for_pck, &asker), 0);
	for (size_t i = 0; i < ASKERS; i++) {
		void *result;
		pthread_join(threads[i], &result);
		assert_ptr_equal(result, &asker);
	}
	assert_int_equal(f->requests, 1);
	drop(f);
}

static void unknown_platforms_cannot_push_out_a_known_one(void **state)
{
	struct fixture *f = make(*state, 86400, false);
	AUTO(drop_name) struct named named = { 0 };
	struct error err = { 0 };
	name_platform(f, &named);
	assert_success(find_pck(f, &named.request, false, &err), err);
	for (int i = 0; i < 300; i++) {
		const uint8_t unknown[SGX_QE_ID_SIZE] = { 1, (uint8_t)i, (uint8_t)(i >> 8) };
		struct pck_request other = named.request;
		other.qe_id = unknown;
		assert_failure(find_pck(f, &other, false, &err), err, ERROR_NOT_FOUND, "404");
		/* nor is anybody asked again at once */
		assert_failure(find_pck(f, &other, i % 2, &err), err, ERROR_NOT_FOUND, "404");
	}
	assert_success(find_pck(f, &named.request, true, &err), err);
	assert_int_equal(f->requests, 301);
	network_source_give_up(f->source);
	named.request.qe_id = f->pck_ca.point;
	assert_failure(
		find_pck(f, &named.request, false, &err), err, ERROR_UNAVAILABLE, "given up");
	drop(f);
}

static void waiting_ends_with_the_program(void **state)
{
	struct fixture *f = make(*state, 86400, true);
	network_source_give_up(f->source);
	assert_not_there(f, false, ERROR_UNAVAILABLE, "given up");
	assert_int_equal(f->requests, 0);
	drop(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(who_is_in_a_hurry_gets_what_is_there),
		WITH_FOLDER(those_who_ask_at_once_are_served_by_one_fetch),
		WITH_FOLDER(what_failed_is_not_asked_again_at_once),
		WITH_FOLDER(a_clock_that_is_set_back_keeps_nobody_waiting),
		WITH_FOLDER(a_service_that_is_gone_is_told_once_there_is_nothing_left),
		WITH_FOLDER(sets_are_fetched_anew_before_they_expire),
		WITH_FOLDER(the_cache_holds_no_more_than_it_may),
		WITH_FOLDER(a_pck_certificate_is_fetched_once),
		WITH_FOLDER(a_clock_that_is_set_leaves_certificates_as_fresh_as_they_are),
		WITH_FOLDER(those_who_need_one_certificate_are_served_by_one_fetch),
		WITH_FOLDER(unknown_platforms_cannot_push_out_a_known_one),
		WITH_FOLDER(waiting_ends_with_the_program),
	};
	crypto_setup();
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("pccs_network", tests, NULL, NULL);
}
