/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/serve.h"

#include "base/log.h"
#include "base/memory.h"
#include "coordinator/loop.h"
#include "crypto/tls_server.h"
#include "http/termination.h"
#include "net/listen.h"

#include <signal.h>
#include <sys/resource.h>

#define ADDRESS_TEXT_SIZE    128
#define CLIENT_CONNECTIONS   1024
#define MESH_CONNECTIONS     16384
#define DESCRIPTORS_DEFAULT  900 /* of Gramine */
#define DESCRIPTORS_RESERVED 24
#define DESCRIPTORS_OF_LOOP  6
#define WAITING_THREADS      2 /* that wait for collateral */

struct service {
	struct core *core;
	struct worker *worker;
	struct worker *waiting_worker;
	struct loop *loops;
	pthread_t *threads; /* of loops[1] and on; the first runs on the main thread */
	size_t count;
	SSL_CTX *client_tls;
	SSL_CTX *mesh_tls;
	char client_address[ADDRESS_TEXT_SIZE];
	char mesh_address[ADDRESS_TEXT_SIZE];
};

/* The client API shows the root certificate, the mesh API the marble root with a quote in it. */
static bool give_root(void *context, X509 **certificate, EVP_PKEY **key)
{
	AUTO(auto_deployment) struct deployment *deployment = core_deployment(context);
	*certificate = deployment->pki.root;
	*key = deployment->pki.root_key;
	return X509_up_ref(*certificate) == 1 && EVP_PKEY_up_ref(*key) == 1;
}

static bool give_mesh_certificate(void *context, X509 **certificate, EVP_PKEY **key)
{
	AUTO(auto_deployment) struct deployment *deployment = core_deployment(context);
	*certificate = deployment->mesh_certificate;
	*key = deployment->pki.intermediate_key;
	return X509_up_ref(*certificate) == 1 && EVP_PKEY_up_ref(*key) == 1;
}

static size_t loop_count(const struct config *config)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	if (config->loops)
		return config->loops;
	return cores > 0 ? (size_t)cores : 1;
}

/* *listener is -1 when metrics are not wanted. */
static bool listen_for_metrics(const struct config *config, int *listener, struct error *err)
{
	char address[ADDRESS_TEXT_SIZE];
	*listener = -1;
	if (!config->metrics_address)
		return true;
	if (!listen_on(config->metrics_address, listener, 1, address, sizeof(address), err))
		return error_prefix(err, "metrics, EDG_COORDINATOR_PROMETHEUS_ADDR");
	log_info("Starting prometheus /metrics endpoint", "address", address);
	return true;
}

static size_t at_most(size_t wanted, size_t limit)
{
	return wanted < limit ? wanted : limit;
}

/*
 * So many connections that the descriptors last: a listener that finds none left is woken for the
 * same connection again and again, and neither the other API nor the store could go on.
 */
static void limit_connections(struct loop_config *loop, size_t loops)
{
	struct rlimit descriptors;
	size_t room = DESCRIPTORS_RESERVED + loops * DESCRIPTORS_OF_LOOP;
	if (getrlimit(RLIMIT_NOFILE, &descriptors))
		descriptors.rlim_cur = DESCRIPTORS_DEFAULT;
	room = descriptors.rlim_cur > room ? (descriptors.rlim_cur - room) / loops : 0;
	/* two for each on the client API, which keeps one until the peer ends */
	loop->client_connections = at_most(CLIENT_CONNECTIONS, room / 4 + 1);
	loop->mesh_connections = at_most(MESH_CONNECTIONS, room / 2 + 1);
}

static bool init_loops(struct service *service, const struct config *config, struct error *err)
{
	AUTO(auto_free) int *client = xcalloc(service->count, sizeof(*client));
	AUTO(auto_free) int *mesh = xcalloc(service->count, sizeof(*mesh));
	int metrics;
	if (!listen_for_metrics(config, &metrics, err))
		return false;
	if (!listen_on(config->client_address, client, service->count, service->client_address,
		    sizeof(service->client_address), err))
		return error_prefix(err, "client API, EDG_COORDINATOR_CLIENT_ADDR");
	if (!listen_on(config->mesh_address, mesh, service->count, service->mesh_address,
		    sizeof(service->mesh_address), err))
		return error_prefix(err, "mesh API, EDG_COORDINATOR_MESH_ADDR");
	for (size_t i = 0; i < service->count; i++) {
		struct loop_config loop = {
			.core = service->core,
			.worker = service->worker,
			.waiting_worker = service->waiting_worker,
			.client_listener = client[i],
			.mesh_listener = mesh[i],
			.metrics_listener = i ? -1 : metrics,
			.client_tls = service->client_tls,
			.mesh_tls = service->mesh_tls,
			.http_error_level = config->http_error_level,
		};
		limit_connections(&loop, service->count);
		if (!loop_init(&service->loops[i], &loop, err))
			return false;
	}
	return true;
}

static void *run_loop(void *loop)
{
	loop_run(loop);
	return NULL;
}

static void stop_all(evutil_socket_t signal, short what, void *context)
{
	(void)signal;
	(void)what;
	struct service *service = context;
	for (size_t i = 0; i < service->count; i++)
		loop_stop(&service->loops[i]);
}

static void run_own_quote(void *core)
{
	core_try_own_quote(core);
}

static void drop_own_quote(void *core)
{
	(void)core;
}

/* If it has to be waited for, which also means that the collateral is there for the first Marble.
 */
static void try_own_quote(const struct service *service)
{
	struct error err = { 0 };
	if (service->core->has_untried_quote &&
		!worker_submit(service->waiting_worker, run_own_quote, drop_own_quote,
			service->core, &err))
		log_warn("The quote of this Coordinator is not tried", "error", err.message);
}

/* Runs the loops until a signal; the signals go to the main thread. */
static bool run_loops(struct service *service, struct error *err)
{
	AUTO(termination_free) struct termination termination;
	termination_start(&termination, service->loops[0].base, stop_all, service);
	/* who reads this may send a signal at once */
	log_info("Starting the client server", "address", service->client_address);
	log_info("Starting client https server", "address", service->client_address);
	log_info("Starting the marble server", "address", service->mesh_address);
	log_info("Started gRPC server", "grpcAddr", service->mesh_address);
	sigset_t both;
	sigemptyset(&both);
	sigaddset(&both, SIGTERM);
	sigaddset(&both, SIGINT);
	pthread_sigmask(SIG_BLOCK, &both, NULL);
	size_t started = 1;
	while (started < service->count && !pthread_create(&service->threads[started], NULL,
						   run_loop, &service->loops[started]))
		started++;
	pthread_sigmask(SIG_UNBLOCK, &both, NULL);
	bool good = started == service->count;
	if (good)
		try_own_quote(service);
	if (good)
		loop_run(&service->loops[0]);
	else
		error_set(err, ERROR_INTERNAL,
			"cannot start %zu event loops: set EDG_COORDINATOR_LOOPS to %zu, or allow "
			"more threads (sgx.max_threads)",
			service->count, started);
	for (size_t i = 1; i < started; i++) {
		loop_stop(&service->loops[i]);
		pthread_join(service->threads[i], NULL);
	}
	return good;
}

bool serve(struct core *core, const struct config *config, struct error *err)
{
	const struct tls_server_config client = {
		.protocol = "\x08http/1.1",
		.resumes_sessions = true,
		.get_identity = give_root,
		.context = core,
	};
	const struct tls_server_config mesh = {
		.protocol = "\x02h2",
		.requires_certificate = true,
		.get_identity = give_mesh_certificate,
		.context = core,
	};
	size_t count = loop_count(config);
	AUTO(auto_free) struct loop *loops = xcalloc(count, sizeof(*loops));
	AUTO(auto_free) pthread_t *threads = xcalloc(count, sizeof(*threads));
	AUTO(auto_ssl_ctx) SSL_CTX *client_tls = tls_server_new(&client, err);
	AUTO(auto_ssl_ctx) SSL_CTX *mesh_tls = tls_server_new(&mesh, err);
	struct worker *worker = worker_new(count);
	struct worker *waiting_worker = worker_new(WAITING_THREADS);
	struct service service = {
		.core = core,
		.worker = worker,
		.waiting_worker = waiting_worker,
		.loops = loops,
		.threads = threads,
		.count = count,
		.client_tls = client_tls,
		.mesh_tls = mesh_tls,
	};
	bool served = client_tls && mesh_tls && init_loops(&service, config, err) &&
		      run_loops(&service, err);
	for (size_t i = 0; i < count; i++)
		loop_close(&loops[i]);
	core_give_up_waiting(core);
	worker_free(waiting_worker);
	worker_free(worker);
	core_finish_counting(core);
	for (size_t i = 0; i < count; i++)
		loop_free(&loops[i]);
	return served;
}
