/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_activate LOOPS...: activations per second of a Coordinator with so many event loops that
 * verifies real quotes: each is a new TLS connection, the call, the answer, the close. "processor"
 * counts the Coordinator's own time, whatever else runs on the machine. The limit is what the
 * public-key operations of an activation alone would allow, measured in the same process.
 * `activate-sealed` is the same for a Marble with MaxActivations, whose every answer follows an
 * fsync, against `activate`.
 */
#include "bench.h"

#include "attest/report_header.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "coordinator/serve.h"
#include "crypto/decoders.h"
#include "grpc/client.h"
#include "grpc/marble_messages.h"
#include "platform/platform.h"
#include "premain/identity.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define SECONDS    4.0
#define CLIENTS    8
#define EVP_ROUNDS 2000
#define UUID       "6f3c0f6e-8b1e-4a52-9d77-0c8f4d1f8e11"

static const char manifest[] =
	"{\"Packages\":{\"p\":{\"SignerID\":\"%s\",\"ProductID\":1,\"SecurityVersion\":1}},"
	"\"Marbles\":{\"free\":{\"Package\":\"p\",\"Parameters\":{\"Env\":{\"KEY\":"
	"\"{{ hex .Secrets.key }}\"}}},\"limited\":{\"Package\":\"p\","
	"\"MaxActivations\":1000000000}},"
	"\"Secrets\":{\"key\":{\"Type\":\"symmetric-key\",\"Size\":128}}}";

/* One Marble: who it is and the two requests that it repeats. */
struct marble {
	SSL_CTX *tls;
	struct buf requests[2]; /* of type free and of type limited */
};

struct load {
	const char *address;
	struct marble *marble;
	int request;
	atomic_bool *ended;
	size_t done;
};

/* Activations per second that went by, and per second of the Coordinator's processor time. */
struct rates {
	double elapsed;
	double processor;
};

static void put_text_file(const char *folder, const char *name, const void *data, size_t size)
{
	AUTO(auto_free) char *path = xasprintf("%s/%s", folder, name);
	MUST(file_make_parents(path, 0700, NULL));
	MUST(file_replace(path, data, size, 0600, NULL));
}

static struct sgx_report_body marble_report(void)
{
	struct sgx_report_body body = { .isv_prod_id = 1,
		.isv_svn = 1,
		.attributes = { SGX_FLAG_INITTED | SGX_FLAG_MODE64BIT, 3 } };
	memset(body.mr_signer, 0x51, sizeof(body.mr_signer));
	return body;
}

static void put_request(
	const struct identity *identity, struct bytes quote, const char *type, struct buf *out)
{
	AUTO(buf_free) struct buf csr = { 0 };
	MUST(identity_put_request(identity, &csr, NULL));
	Rpc__ActivationReq request = RPC__ACTIVATION_REQ__INIT;
	request.quote = (ProtobufCBinaryData){ quote.size, (void *)quote.data };
	request.csr = (ProtobufCBinaryData){ csr.size, csr.data };
	request.marbletype = (char *)type;
	request.uuid = (char *)UUID;
	activation_request_put(&request, out);
}

static void make_marble(struct platform *platform, struct marble *marble)
{
	AUTO(identity_free) struct identity identity = { 0 };
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(buf_free) struct buf bare = { 0 };
	AUTO(buf_free) struct buf quote = { 0 };
	struct sgx_report_body body = marble_report();
	MUST(identity_create("localhost", &identity, NULL));
	cert_put_der(identity.cert, &der);
	sha256(der.data, der.size, body.report_data);
	MUST(platform_put_quote(platform, &body, &bare, NULL));
	report_header_put(&quote, buf_bytes(&bare));
	put_request(&identity, buf_bytes(&quote), "free", &marble->requests[0]);
	put_request(&identity, buf_bytes(&quote), "limited", &marble->requests[1]);
	marble->tls = identity_client_tls(&identity, NULL);
	MUST(marble->tls);
}

static void free_marble(struct marble *marble)
{
	SSL_CTX_free(marble->tls);
	buf_free(&marble->requests[0]);
	buf_free(&marble->requests[1]);
}

static void *run_marble(void *context)
{
	struct load *load = context;
	while (!*load->ended) {
		struct grpc_call_result result = { 0 };
		struct error err = { 0 };
		const struct buf *request = &load->marble->requests[load->request];
		if (!grpc_call_unary(load->address, load->marble->tls, GRPC_ACTIVATE_PATH,
			    buf_bytes(request), &result, &err) ||
			result.code != GRPC_OK) {
			fprintf(stderr, "%s%s\n", err.message, buf_text(&result.message));
			exit(1);
		}
		grpc_call_result_free(&result);
		load->done++;
	}
	return NULL;
}

/* Processor time that a process has taken so far, of all its threads. */
static double processor_seconds(pid_t process)
{
	clockid_t clock;
	struct timespec t;
	MUST(!clock_getcpuclockid(process, &clock) && !clock_gettime(clock, &t));
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct rates measure(
	const char *address, pid_t coordinator, struct marble *marbles, int request)
{
	atomic_bool ended = false;
	struct load loads[CLIENTS];
	pthread_t threads[CLIENTS];
	double start = bench_seconds();
	double used = processor_seconds(coordinator);
	for (int i = 0; i < CLIENTS; i++) {
		loads[i] = (struct load){ address, &marbles[i], request, &ended, 0 };
		MUST(!pthread_create(&threads[i], NULL, run_marble, &loads[i]));
	}
	nanosleep(&(struct timespec){ .tv_sec = (time_t)SECONDS }, NULL);
	ended = true;
	size_t done = 0;
	for (int i = 0; i < CLIENTS; i++) {
		pthread_join(threads[i], NULL);
		done += loads[i].done;
	}
	return (struct rates){
		.elapsed = (double)done / (bench_seconds() - start),
		.processor = (double)done / (processor_seconds(coordinator) - used),
	};
}

static double per_call(bool (*operate)(void *key), void *key)
{
	double start = processor_seconds(getpid());
	for (int i = 0; i < EVP_ROUNDS; i++)
		MUST(operate(key));
	return (processor_seconds(getpid()) - start) / EVP_ROUNDS;
}

static bool generate_p256(void *key)
{
	(void)key;
	AUTO(auto_pkey) EVP_PKEY *made = key_generate_ec(256, NULL);
	return made != NULL;
}

static bool agree_x25519(void *peer)
{
	uint8_t secret[32];
	size_t size = sizeof(secret);
	AUTO(auto_pkey) EVP_PKEY *made = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	AUTO(auto_pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(made, NULL);
	return ctx && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
	       EVP_PKEY_derive(ctx, secret, &size) == 1;
}

static const uint8_t message[64];
static uint8_t signature[P256_RAW_SIZE];

static bool sign(void *key)
{
	return p256_sign_raw(key, (struct bytes){ message, sizeof(message) }, signature, NULL);
}

static bool verify(void *key)
{
	return p256_verify_raw(key, (struct bytes){ message, sizeof(message) }, signature);
}

/*
 * Seconds of one activation's operations: the key exchange, our signature and the client's in the
 * handshake; the quote, when its platform is known; the CSR; the Marble's key and certificate.
 */
static double measure_operations(void)
{
	AUTO(auto_pkey) EVP_PKEY *key = key_generate_ec(256, NULL);
	AUTO(auto_pkey) EVP_PKEY *peer = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	uint8_t point[P256_RAW_SIZE];
	MUST(p256_put_point(key, point, NULL));
	AUTO(auto_p256_key) struct p256_key *public = p256_key_new(point, NULL);
	double signing = per_call(sign, key);
	double verifying = per_call(verify, public);
	return per_call(agree_x25519, peer) + per_call(generate_p256, NULL) + 2 * signing +
	       3 * verifying;
}

/* A device in ordinary files: the Coordinator's own quote plays no part here. */
static void make_device(const char *folder, struct platform *platform)
{
	struct sgx_report_body body = marble_report();
	AUTO(buf_free) struct buf quote = { 0 };
	MUST(platform_put_quote(platform, &body, &quote, NULL));
	put_text_file(folder, "device/user_report_data", "", 0);
	put_text_file(folder, "device/quote", quote.data, quote.size);
	put_text_file(folder, "device/keys/_sgx_mrsigner", "0123456789abcdef", 16);
	put_text_file(folder, "device/keys/_sgx_mrenclave", "fedcba9876543210", 16);
}

static void choose_port(char address[32])
{
	struct sockaddr_in any = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(any);
	AUTO(auto_close) int fd = socket(AF_INET, SOCK_STREAM, 0);
	MUST(!bind(fd, (struct sockaddr *)&any, size));
	MUST(!getsockname(fd, (struct sockaddr *)&any, &size));
	snprintf(address, 32, "127.0.0.1:%u", ntohs(any.sin_port));
}

/*
 * One loop has a core to itself and its clients another; more loops and their clients share all.
 * Where there is only one core, the two sides share that.
 */
static void use_core(size_t number, size_t loops)
{
	cpu_set_t cores;
	CPU_ZERO(&cores);
	for (size_t i = 0; i < CPU_SETSIZE; i++) {
		if (loops > 1 || i == number)
			CPU_SET(i, &cores);
	}
	(void)sched_setaffinity(0, sizeof(cores), &cores);
}

static void run_coordinator(const char *folder, const struct config *config)
{
	AUTO(auto_free) char *device = xasprintf("%s/device", folder);
	AUTO(auto_free) char *collateral = xasprintf("%s/platform/collateral", folder);
	AUTO(auto_free) char *root = xasprintf("%s/platform/root_ca.pem", folder);
	const struct pccs_options source = { .collateral = collateral };
	const struct core_config core_config = {
		.pki = { 256, "localhost" },
		.seal_folder = config->seal_folder,
		.attestation_folder = device,
		.collateral = source,
		.trust_root_file = root,
	};
	AUTO(buf_free) struct buf signer = { 0 };
	for (int i = 0; i < 32; i++)
		buf_put_text(&signer, "51");
	AUTO(auto_free) char *text = xasprintf(manifest, buf_text(&signer));
	struct strmap recovery_secrets = { 0 }; /* there are no recovery keys */
	struct core core;
	struct error err = { 0 };
	use_core(1, config->loops);
	if (!core_start(&core, &core_config, &err) ||
		!core_set_manifest(&core, bytes_of_text(text), &recovery_secrets, &err) ||
		!serve(&core, config, &err)) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	core_stop(&core);
	exit(0);
}

static void wait_until_served(const char *address)
{
	struct sockaddr_in where = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)strtoul(strchr(address, ':') + 1, NULL, 10)) };
	for (bool served = false; !served;) {
		AUTO(auto_close) int fd = socket(AF_INET, SOCK_STREAM, 0);
		served = !connect(fd, (struct sockaddr *)&where, sizeof(where));
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
}

static void print(const char *name, size_t loops, const char *clock, double rate, double limit)
{
	AUTO(auto_free)
	char *title = xasprintf("%s %zu loop%s%s", name, loops, loops == 1 ? "" : "s", clock);
	bench_print(title, rate, "1/s", limit);
}

static void measure_both(
	const char *address, size_t loops, pid_t coordinator, struct marble *marbles)
{
	static const char processor[] = ", processor";
	wait_until_served(address);
	struct rates rates = measure(address, coordinator, marbles, 0);
	struct rates sealed = measure(address, coordinator, marbles, 1);
	double limit = 1 / measure_operations();
	print("activate", loops, "", rates.elapsed, limit);
	print("activate", loops, processor, rates.processor, limit);
	print("activate-sealed", loops, "", sealed.elapsed, rates.elapsed);
	print("activate-sealed", loops, processor, sealed.processor, rates.processor);
}

static void measure_loops(const char *folder, size_t loops, struct marble *marbles)
{
	char mesh[32];
	char client[32];
	choose_port(mesh);
	choose_port(client);
	AUTO(auto_free) char *state = xasprintf("%s/state-%zu", folder, loops);
	struct config config = {
		.mesh_address = mesh, .client_address = client, .loops = loops, .seal_folder = state
	};
	pid_t coordinator = fork();
	if (coordinator == 0)
		run_coordinator(folder, &config);
	use_core(0, loops);
	measure_both(mesh, loops, coordinator, marbles);
	kill(coordinator, SIGTERM);
	waitpid(coordinator, NULL, 0);
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/bench_activate.XXXXXX";
	if (argc < 2) {
		fputs("bench_activate LOOPS...\n", stderr);
		return 2;
	}
	crypto_setup();
	MUST(decoders_narrow(NULL));
	log_configure(LOG_OFF, LOG_CONSOLE);
	MUST(mkdtemp(folder));
	AUTO(auto_free) char *platform_folder = xasprintf("%s/platform", folder);
	MUST(platform_init(platform_folder, &platform_default_options, false, NULL));
	struct platform *platform = platform_open(platform_folder, NULL);
	MUST(platform);
	make_device(folder, platform);
	struct marble marbles[CLIENTS] = { 0 };
	for (int i = 0; i < CLIENTS; i++)
		make_marble(platform, &marbles[i]);
	for (int i = 1; i < argc; i++)
		measure_loops(folder, strtoul(argv[i], NULL, 10), marbles);
	for (int i = 0; i < CLIENTS; i++)
		free_marble(&marbles[i]);
	platform_free(platform);
	AUTO(auto_free) char *command = xasprintf("rm -rf '%s'", folder);
	return system(command) ? 1 : 0;
}
