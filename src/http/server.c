/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server.h"

#include "base/memory.h"
#include "http/connection.h"
#include "http/target.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <string.h>

#define HEADERS_MAX    65536
#define LISTEN_BACKLOG 128
#define EVERY_METHOD   0xffff /* all are let through, the handler judges them */

struct http_server {
	struct http_server_config config;
	struct evhttp *evhttp;
	struct evconnlistener *listener;
	struct http_connections connections;
};

DEFINE_AUTO_FREE(auto_evbuffer, struct evbuffer *, evbuffer_free)

static const char *method_name(enum evhttp_cmd_type method)
{
	switch (method) {
	case EVHTTP_REQ_GET:
		return "GET";
	case EVHTTP_REQ_POST:
		return "POST";
	case EVHTTP_REQ_HEAD:
		return "HEAD";
	case EVHTTP_REQ_PUT:
		return "PUT";
	case EVHTTP_REQ_DELETE:
		return "DELETE";
	default:
		return "OTHER";
	}
}

static void send_response(struct evhttp_request *request, const struct http_response *response)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	for (size_t i = 0; i < response->header_count; i++)
		evhttp_add_header(headers, response->headers[i].name, response->headers[i].value);
	if (response->location.size)
		evhttp_add_header(headers, "Location", buf_text(&response->location));
	AUTO(auto_evbuffer) struct evbuffer *body = evbuffer_new();
	if (!body || evbuffer_add(body, response->body.data, response->body.size))
		abort();
	evhttp_send_reply(request, response->status, NULL, body);
}

static void response_free(struct http_response *response)
{
	buf_free(&response->location);
	buf_free(&response->body);
}

/* A request that another thread handles, with all that the connection could take away. */
struct job {
	struct evhttp_request *client; /* NULL when it is gone */
	void (*handle)(
		const struct http_request *request, struct http_response *response, void *context);
	void *context;
	struct http_request request;
	struct http_response response;
	struct buf body;
	char *path;
	char *query;
};

static void job_run(void *context)
{
	struct job *job = context;
	job->handle(&job->request, &job->response, job->context);
}

static void job_done(void *context)
{
	struct job *job = context;
	struct evhttp_connection *connection =
		job->client ? evhttp_request_get_connection(job->client) : NULL;
	if (connection)
		evhttp_connection_set_closecb(connection, NULL, NULL);
	if (!job->response.status)
		job->response.status = HTTP_SERVUNAVAIL; /* nobody handled it */
	/* libevent only frees a request whose connection has ended meanwhile */
	if (job->client)
		send_response(job->client, &job->response);
	X509_free(job->request.peer);
	sk_X509_pop_free((STACK_OF(X509) *)job->request.peer_chain, X509_free);
	response_free(&job->response);
	buf_free(&job->body);
	free(job->path);
	free(job->query);
	free(job);
}

/* A connection that ends takes its request along, unless the peer ended it. */
static void on_client_gone(struct evhttp_connection *connection, void *context)
{
	(void)connection;
	struct job *job = context;
	if (evhttp_request_get_connection(job->client))
		job->client = NULL;
}

static struct job *job_new(const struct http_server_config *config, struct evhttp_request *client,
	const struct http_request *request)
{
	struct job *job = xcalloc(1, sizeof(*job));
	job->client = client;
	job->handle = config->handle;
	job->context = config->context;
	job->request = *request;
	job->request.path = job->path = xstrdup(request->path);
	job->request.query = job->query = xstrdup(request->query);
	buf_put(&job->body, request->body.data, request->body.size);
	job->request.body = buf_bytes(&job->body);
	if (request->peer)
		X509_up_ref(request->peer);
	job->request.peer_chain = request->peer_chain
					  ? X509_chain_up_ref((STACK_OF(X509) *)request->peer_chain)
					  : NULL;
	return job;
}

static void handle_elsewhere(const struct http_server_config *config, struct evhttp_request *client,
	const struct http_request *request)
{
	struct job *job = job_new(config, client, request);
	evhttp_connection_set_closecb(evhttp_request_get_connection(client), on_client_gone, job);
	config->offload(config->offload_context, job_run, job_done, job);
}

static bool takes_time(const struct http_server_config *config, const struct http_request *request)
{
	bool only_asks = !strcmp(request->method, "GET") || !strcmp(request->method, "HEAD");
	return !only_asks || (config->takes_time && config->takes_time(request));
}

static void handle_here(const struct http_server_config *config, struct evhttp_request *client,
	const struct http_request *request)
{
	struct http_response response = { 0 };
	config->handle(request, &response, config->context);
	send_response(client, &response);
	response_free(&response);
}

static void on_request(struct evhttp_request *request, void *context)
{
	struct http_server *server = context;
	AUTO(buf_free) struct buf path = { 0 };
	const char *target = evhttp_request_get_uri(request);
	if (!http_target_path(target, &path)) {
		evhttp_send_error(request, HTTP_BADREQUEST, NULL);
		return;
	}
	struct evbuffer *input = evhttp_request_get_input_buffer(request);
	struct bufferevent *bev =
		evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
	const SSL *tls = bufferevent_openssl_get_ssl(bev);
	const struct http_request asked = {
		.method = method_name(evhttp_request_get_command(request)),
		.path = buf_text(&path),
		.query = http_target_query(target),
		.body = { evbuffer_pullup(input, -1), evbuffer_get_length(input) },
		.peer = SSL_get0_peer_certificate(tls),
		.peer_chain = SSL_get_peer_cert_chain(tls),
	};
	if (server->config.offload && takes_time(&server->config, &asked))
		handle_elsewhere(&server->config, request, &asked);
	else
		handle_here(&server->config, request, &asked);
}

static void set_accepting(bool accept, void *context)
{
	struct http_server *server = context;
	if (!server->listener)
		return;
	if (accept)
		evconnlistener_enable(server->listener);
	else
		evconnlistener_disable(server->listener);
}

static struct bufferevent *new_connection(struct event_base *base, void *context)
{
	struct http_server *server = context;
	SSL *tls = http_connection_new(&server->connections);
	struct bufferevent *bev = bufferevent_openssl_socket_new(base, -1, tls,
		BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	/* without one libevent would go on in plain text */
	if (!bev)
		abort();
	/* peers that close without close_notify are common, and lengths frame every message */
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

static bool start(struct http_server *server, struct error *err)
{
	const struct http_server_config *config = &server->config;
	server->evhttp = evhttp_new(config->base);
	server->listener = evconnlistener_new(config->base, NULL, NULL,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, -LISTEN_BACKLOG, config->listener);
	if (!server->evhttp || !server->listener ||
		!evhttp_bind_listener(server->evhttp, server->listener))
		return error_set(err, ERROR_INTERNAL, "cannot set up the HTTP server");
	if (config->tls)
		evhttp_set_bevcb(server->evhttp, new_connection, server);
	evhttp_set_gencb(server->evhttp, on_request, server);
	evhttp_set_allowed_methods(server->evhttp, EVERY_METHOD);
	evhttp_set_max_headers_size(server->evhttp, HEADERS_MAX);
	evhttp_set_max_body_size(server->evhttp, (ev_ssize_t)config->body_max);
	evhttp_set_timeout(server->evhttp, config->idle_seconds);
	return true;
}

struct http_server *http_server_new(const struct http_server_config *config, struct error *err)
{
	struct http_server *server = xcalloc(1, sizeof(*server));
	server->config = *config;
	if (config->tls)
		SSL_CTX_up_ref(config->tls);
	server->connections = (struct http_connections){
		.base = config->base,
		.tls = config->tls,
		.max = config->connections_max,
		.idle_seconds = config->idle_seconds,
		.error_level = config->error_level,
		.set_accepting = set_accepting,
		.context = server,
	};
	if (http_connections_init(&server->connections, err) && start(server, err))
		return server;
	http_server_free(server);
	return NULL;
}

void http_server_free(struct http_server *server)
{
	if (!server)
		return;
	if (server->evhttp) /* closes connections, frees the listener */
		evhttp_free(server->evhttp);
	server->listener = NULL;
	/* libevent frees a connection's TLS in a later turn of the loop, which needs us for it */
	while (server->connections.count)
		event_base_loop(server->config.base, EVLOOP_NONBLOCK);
	http_connections_close(&server->connections);
	SSL_CTX_free(server->config.tls);
	free(server);
}
