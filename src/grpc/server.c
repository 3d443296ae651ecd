/* SPDX-License-Identifier: Apache-2.0 */
#include "grpc/server_private.h"

#include "base/log.h"
#include "base/memory.h"

#include <string.h>

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
	int size, void *context)
{
	(void)listener, (void)address, (void)size;
	struct grpc_server *server = context;
	if (server->connection_count >= server->config.connections_max)
		evutil_closesocket(fd);
	else
		grpc_connection_start(server, fd);
}

/* Out of descriptors or memory: the connection stays in the queue, and trying at once is in vain.
 */
static void on_accept_error(struct evconnlistener *listener, void *context)
{
	struct grpc_server *server = context;
	struct timeval pause = { .tv_sec = 1 };
	log_warn("mesh API cannot accept connections; trying again in a second", "error",
		evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	evconnlistener_disable(listener);
	event_add(server->resume, &pause);
}

static void on_resume(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	struct grpc_server *server = context;
	evconnlistener_enable(server->listener);
}

struct grpc_server *grpc_server_new(const struct grpc_server_config *config, struct error *err)
{
	struct grpc_server *server = xcalloc(1, sizeof(*server));
	server->config = *config;
	SSL_CTX_up_ref(config->tls);
	LIST_INIT(&server->connections);
	server->resume = evtimer_new(config->base, on_resume, server);
	server->listener = evconnlistener_new(config->base, on_accept, server,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, config->listener);
	if (!server->resume || !server->listener) {
		error_set(err, ERROR_INTERNAL, "cannot listen for gRPC on the event loop");
		grpc_server_free(server);
		return NULL;
	}
	evconnlistener_set_error_cb(server->listener, on_accept_error);
	return server;
}

void grpc_server_free(struct grpc_server *server)
{
	if (!server)
		return;
	struct grpc_connection *connection;
	while ((connection = LIST_FIRST(&server->connections)))
		grpc_connection_free(connection);
	if (server->listener)
		evconnlistener_free(server->listener);
	if (server->resume)
		event_free(server->resume);
	SSL_CTX_free(server->config.tls);
	free(server);
}
