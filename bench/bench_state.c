/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_state: changes per second of a sealed state, each answered when it is on disk: a user's
 * secret is written, encoded with everything else, encrypted, and its key sealed anew. The limit is
 * the same bytes as one file that is written, synced, renamed and its folder synced, by turns with
 * the changes, on the same disk. Of each change, two files are replaced, one after the other.
 */
#include "bench.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "coordinator/core.h"
#include "crypto/decoders.h"
#include "crypto/pem.h"
#include "premain/identity.h"

#include <string.h>
#include <sys/stat.h>

#define CHANGES 500

/* What is no secret: as much as a deployment of some ten Marbles has. */
static const char manifest[] =
	"{\"Packages\":{\"p\":{\"UniqueID\":"
	"\"5151515151515151515151515151515151515151515151515151515151515151\"}},"
	"\"Marbles\":{\"m\":{\"Package\":\"p\"}},"
	"\"Secrets\":{\"s\":{\"Type\":\"plain\",\"UserDefined\":true}},"
	"\"Roles\":{\"r\":{\"ResourceType\":\"Secrets\",\"ResourceNames\":[\"s\"],"
	"\"Actions\":[\"WriteSecret\"]}},"
	"\"Users\":{\"u\":{\"Roles\":[\"r\"],\"Certificate\":\"%s\"}}}";

static void put_file(const char *folder, const char *name, const char *content)
{
	AUTO(auto_free) char *path = xasprintf("%s/%s", folder, name);
	MUST(file_make_parents(path, 0700, NULL));
	MUST(file_replace(path, content, strlen(content), 0600, NULL));
}

/* In ordinary files. Nobody asks for a quote here. */
static char *make_device(const char *folder)
{
	put_file(folder, "device/user_report_data", "");
	put_file(folder, "device/quote", "not a quote");
	put_file(folder, "device/keys/_sgx_mrsigner", "0123456789abcdef");
	put_file(folder, "device/keys/_sgx_mrenclave", "fedcba9876543210");
	return xasprintf("%s/device", folder);
}

/* With the lines of the certificate as JSON has them. */
static char *make_manifest(void)
{
	AUTO(identity_free) struct identity identity = { 0 };
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(buf_free) struct buf pem = { 0 };
	AUTO(buf_free) struct buf lines = { 0 };
	MUST(identity_create("localhost", &identity, NULL));
	cert_put_der(identity.cert, &der);
	pem_encode(&pem, "CERTIFICATE", buf_bytes(&der));
	for (size_t i = 0; i < pem.size; i++) {
		if (pem.data[i] == '\n')
			buf_put_text(&lines, "\\n");
		else
			buf_put_u8(&lines, pem.data[i]);
	}
	return xasprintf(manifest, buf_text(&lines));
}

static void change_secret(struct core *core, uint32_t number)
{
	AUTO(buf_free) struct buf text = { 0 };
	AUTO(auto_deployment) struct deployment *now = core_deployment(core);
	uint8_t value[32] = { 0 };
	memcpy(value, &number, sizeof(number));
	buf_put_text(&text, "{\"s\":{\"Key\":\"");
	base64_encode(&text, value, sizeof(value));
	buf_put_text(&text, "\"}}");
	struct change change = { .user = now->manifest->users.entries[0].value,
		.text = buf_bytes(&text) };
	struct error err = { 0 };
	if (!core_change(core, change_secrets, &change, &err)) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	change_free(&change);
}

static size_t size_of(const char *folder, const char *name)
{
	struct stat status;
	AUTO(auto_free) char *path = xasprintf("%s/%s", folder, name);
	MUST(!stat(path, &status));
	return (size_t)status.st_size;
}

static void write_same(const char *folder, const char *state)
{
	size_t size = size_of(state, "sealed_data") + size_of(state, "sealed_key");
	AUTO(auto_free) char *path = xasprintf("%s/same", folder);
	AUTO(auto_free) uint8_t *bytes = xcalloc(1, size);
	memset(bytes, 0x5a, size);
	MUST(file_replace(path, bytes, size, 0600, NULL));
}

static void measure(struct core *core, const char *folder, const char *state)
{
	double changing = 0;
	double writing = 0;
	for (uint32_t i = 0; i < CHANGES; i++) {
		double start = bench_seconds();
		change_secret(core, i);
		double changed = bench_seconds();
		write_same(folder, state);
		changing += changed - start;
		writing += bench_seconds() - changed;
	}
	bench_print("state", CHANGES / changing, "1/s", CHANGES / writing);
}

static void run(const char *folder)
{
	AUTO(auto_free) char *device = make_device(folder);
	AUTO(auto_free) char *state = xasprintf("%s/state", folder);
	AUTO(auto_free) char *text = make_manifest();
	const struct core_config config = {
		.pki = { 256, "localhost" },
		.seal_folder = state,
		.attestation_folder = device,
		.collateral = { .collateral = folder },
	};
	struct strmap recovery_secrets = { 0 }; /* there are no recovery keys */
	struct core core;
	struct error err = { 0 };
	if (!core_start(&core, &config, &err) ||
		!core_set_manifest(&core, bytes_of_text(text), &recovery_secrets, &err)) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	measure(&core, folder, state);
	core_stop(&core);
}

int main(void)
{
	/* other than /tmp, this is never in memory */
	char folder[] = "/var/tmp/bench_state.XXXXXX";
	crypto_setup();
	MUST(decoders_narrow(NULL));
	log_configure(LOG_OFF, LOG_CONSOLE);
	MUST(mkdtemp(folder));
	run(folder);
	AUTO(auto_free) char *command = xasprintf("rm -rf '%s'", folder);
	return system(command) ? 1 : 0;
}
