/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "crypto/tls_server.h"
#include "http/termination.h"
#include "net/listen.h"
#include "platform/commands.h"
#include "platform/service.h"

#include <getopt.h>
#include <signal.h>

#define DEFAULT_ADDRESS "localhost:8081" /* a PCCS's port */
#define DEFAULT_NAMES   "localhost,127.0.0.1,::1"
#define ADDRESS_SIZE    128
#define BODY_MAX        4096 /* nobody sends one */
#define CONNECTIONS_MAX 256
#define IDLE_SECONDS    20

DEFINE_AUTO_FREE(auto_base, struct event_base *, event_base_free)
DEFINE_AUTO_FREE(auto_server, struct http_server *, http_server_free)

struct arguments {
	const char *address;
	const char *names;
};

enum { LISTEN = 1, DNS_NAMES };

static const struct option long_options[] = {
	{ "listen", required_argument, NULL, LISTEN },
	{ "dns-names", required_argument, NULL, DNS_NAMES },
	{ NULL, 0, NULL, 0 },
};

static bool parse(int argc, char **argv, struct arguments *a)
{
	int option;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == LISTEN)
			a->address = optarg;
		else if (option == DNS_NAMES)
			a->names = optarg;
		else
			return false; /* getopt_long has said why */
	}
	return true;
}

struct identity {
	X509 *certificate;
	EVP_PKEY *key;
};

static void free_identity(struct identity *identity)
{
	X509_free(identity->certificate);
	EVP_PKEY_free(identity->key);
}

static bool give_identity(void *context, X509 **certificate, EVP_PKEY **key)
{
	const struct identity *identity = context;
	*certificate = identity->certificate;
	*key = identity->key;
	return X509_up_ref(*certificate) == 1 && EVP_PKEY_up_ref(*key) == 1;
}

static void stop(evutil_socket_t number, short what, void *base)
{
	(void)number, (void)what;
	event_base_loopbreak(base);
}

static bool run(struct event_base *base, const struct http_server_config *config,
	const char *folder, const char *address, struct error *err)
{
	AUTO(auto_server) struct http_server *server = http_server_new(config, err);
	if (!server)
		return false;
	AUTO(termination_free) struct termination termination;
	termination_start(&termination, base, stop, base);
	printf("collateral of the SIMULATED platform: https://%s/sgx/certification/v4/\n"
	       "certificate to trust: %s/pccs.pem\n",
		address, folder);
	/* who reads this may ask at once */
	fflush(stdout);
	event_base_dispatch(base);
	return true;
}

static bool serve(struct platform_service *service, const struct arguments *a, struct error *err)
{
	AUTO(free_identity) struct identity identity = { 0 };
	const struct tls_server_config tls_config = {
		.protocol = "\x08http/1.1", .get_identity = give_identity, .context = &identity
	};
	char address[ADDRESS_SIZE];
	int listener;
	if (!platform_service_identity(
		    service->folder, a->names, &identity.certificate, &identity.key, err))
		return false;
	AUTO(auto_ssl_ctx) SSL_CTX *tls = tls_server_new(&tls_config, err);
	AUTO(auto_base) struct event_base *base = event_base_new();
	if (!tls || !base || !listen_on(a->address, &listener, 1, address, sizeof(address), err))
		return false;
	const struct http_server_config config = {
		.base = base,
		.listener = listener,
		.tls = tls,
		.handle = platform_service_handle,
		.context = service,
		.body_max = BODY_MAX,
		.connections_max = CONNECTIONS_MAX,
		.idle_seconds = IDLE_SECONDS,
	};
	return run(base, &config, service->folder, address, err);
}

int command_serve(int argc, char **argv)
{
	struct arguments a = { .address = DEFAULT_ADDRESS, .names = DEFAULT_NAMES };
	const char *folder = parse(argc, argv, &a) ? folder_operand(argc, argv) : NULL;
	if (!folder)
		return EXIT_USAGE;
	AUTO(platform_service_close) struct platform_service service = { 0 };
	struct error err = { 0 };
	(void)signal(SIGPIPE, SIG_IGN);
	if (platform_service_open(&service, folder, &err) && serve(&service, &a, &err))
		return EXIT_SUCCESS;
	return failure(&err);
}
