/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/aesm.h"

#include "base/cleanup.h"
#include "base/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define INIT_QUOTE_EX    15 /* field number of request and response */
#define ATT_KEY_ID       1
#define WANTS_KEY_ID     3
#define KEY_ID_SIZE      4
#define TIMEOUT          9
#define ERROR_CODE       1
#define TIMEOUT_MS       5000
#define RESPONSE_MAX     65536
#define ATT_KEY_ID_SIZE  256
#define ECDSA_P256       2
#define WIRE_VARINT      0
#define WIRE_BYTES       2
#define VARINT_BYTES_MAX 10

static const char install_plugin[] =
	"the service runs, but cannot make ECDSA quotes: install its plugins and a quote provider "
	"library (apt-get install libsgx-quote-ex libsgx-aesm-quote-ex-plugin "
	"libsgx-aesm-ecdsa-plugin libsgx-dcap-default-qpl), then restart it (systemctl restart "
	"aesmd)";
static const char ask_pccs[] = "the platform's certificates cannot be had: check pccs_url in "
			       "/etc/sgx_default_qcnl.conf and that the PCCS answers";
static const char restart[] = "restart the service (systemctl restart aesmd)";
static const char register_platform[] =
	"Intel does not know this platform: register it (a package with several processors needs "
	"mpa_registration, see /var/log/mpa_registration.log), or ask the cloud's PCCS";
static const char epid[] =
	"this is about EPID attestation, which has ended: let the manifest ask for DCAP, by "
	"sgx.remote_attestation = \"dcap\" (Gramine) or without sgx.ra_client_spid (Graphene)";
static const char platform_services[] =
	"this is about Intel's platform services (trusted time, monotonic counters), which are "
	"part of no DCAP quote: update the quoting packages, and restart the service";
static const char let_it_write[] = "aesmd must be able to write /var/opt/aesmd";
static const char update[] =
	"parts of Intel's software do not fit together: update the quoting packages and the "
	"runtime, and restart the service";

static const struct {
	uint32_t number;
	const char *name;
	const char *remedy;
} errors[] = {
	{ 0, "success", "nothing is wrong" },
	{ 1, "unexpected error", "see journalctl -u aesmd; often the platform is not registered" },
	{ 2, "no device", "load the SGX driver, then restart the service" },
	{ 3, "wrong parameter", "runtime and service are of different generations: update both" },
	{ 4, "EPID blob error", epid },
	{ 5, "EPID revoked", epid },
	{ 6, "get license token error",
		"only an old driver needs a launch token: boot Linux 5.11 or later, which has the "
		"driver for DCAP, with a processor that has flexible launch control" },
	{ 7, "session invalid", restart },
	{ 8, "too many sessions", restart },
	{ 9, "PSDA unavailable", platform_services },
	{ 10, "ephemeral session failed", platform_services },
	{ 11, "long-term pairing failed", platform_services },
	{ 12, "network error", ask_pccs },
	{ 13, "network busy", ask_pccs },
	{ 14, "proxy error", "check the proxy in /etc/aesmd.conf and in the quote provider's" },
	{ 15, "file access error", let_it_write },
	{ 16, "provisioning failed", register_platform },
	{ 17, "service stopped", restart },
	{ 18, "service busy", "try again" },
	{ 19, "backend busy", "try again" },
	{ 20, "update available", "firmware or microcode is out of date: update the machine" },
	{ 21, "out of memory", restart },
	{ 22, "message error", update },
	{ 23, "thread error", restart },
	{ 24, "device not available", "enable SGX in the firmware and load the driver" },
	{ 25, "enabling the device failed", "enable SGX in the firmware" },
	{ 26, "PIB invalid signature", epid },
	{ 27, "service not available", install_plugin },
	{ 28, "KDF mismatch", update },
	{ 29, "out of enclave memory",
		"stop other enclaves, or give SGX more memory in the firmware" },
	{ 30, "service unavailable", install_plugin },
	{ 31, "unrecognized platform", register_platform },
	{ 32, "ECDSA key mismatch", restart },
	{ 33, "path name overflow",
		"a path is too long for the service: install the quoting packages where they "
		"belong" },
	{ 34, "error storing key", let_it_write },
	{ 35, "public key mismatch", restart },
	{ 36, "invalid PCE signature scheme", update },
	{ 37, "attestation key blob error", "remove /var/opt/aesmd/data and restart the service" },
	{ 38, "unsupported attestation key", install_plugin },
	{ 39, "unsupported loading policy", update },
	{ 40, "interface unavailable", install_plugin },
	{ 41, "platform library unavailable",
		"install a quote provider library (apt-get install libsgx-dcap-default-qpl)" },
	{ 42, "attestation key not initialised",
		"the service was restarted since the enclave started: start the enclave anew" },
	{ 43, "certification data of the attestation key invalid", ask_pccs },
	{ 44, "no platform certificate", ask_pccs },
	{ 45, "report error",
		"the Quoting Enclave cannot verify a report: restart the service (systemctl "
		"restart aesmd), then start the enclave anew" },
	{ 46, "enclave lost", "the machine has slept: start the enclave anew" },
	{ 47, "invalid report",
		"the enclave's report is not for this Quoting Enclave: start the enclave anew" },
	{ 48, "enclave load error",
		"aesmd cannot load Intel's enclaves: it needs the groups sgx and sgx_prv, and /dev "
		"without noexec" },
	{ 49, "cannot generate QE report", update },
	{ 50, "key certification failed", register_platform },
	{ 51, "configuration unsupported", "update the quoting packages" },
};

#define ERRORS (sizeof(errors) / sizeof(errors[0]))

const char *aesm_error_text(uint32_t number)
{
	for (size_t i = 0; i < ERRORS; i++) {
		if (errors[i].number == number)
			return errors[i].remedy;
	}
	return "see journalctl -u aesmd on this machine";
}

const char *aesm_error_name(uint32_t number)
{
	for (size_t i = 0; i < ERRORS; i++) {
		if (errors[i].number == number)
			return errors[i].name;
	}
	return "error without a name";
}

bool aesm_error_in(const char *message, uint32_t *number)
{
	const char *service = strcasestr(message, "aesm");
	const char *word = service ? strcasestr(service, "error") : NULL;
	if (!word)
		return false;
	word += strlen("error");
	word += strspn(word, ": ");
	char *end;
	unsigned long value = strtoul(word, &end, 10);
	*number = (uint32_t)value;
	return end != word && *word >= '0' && *word <= '9' && value <= UINT16_MAX;
}

static void put_varint(struct buf *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf_put_u8(out, (uint8_t)(value | 0x80));
	buf_put_u8(out, (uint8_t)value);
}

static void put_number(struct buf *out, unsigned field, uint64_t value)
{
	put_varint(out, field << 3 | WIRE_VARINT);
	put_varint(out, value);
}

static void put_bytes(struct buf *out, unsigned field, const struct buf *value)
{
	put_varint(out, field << 3 | WIRE_BYTES);
	put_varint(out, value->size);
	buf_put(out, value->data, value->size);
}

/* Which attestation key is wanted: ECDSA on P-256 of Intel's Quoting Enclave. */
static void put_key_id(struct buf *out)
{
	static const uint8_t signer[32] = { 0x8c, 0x4f, 0x57, 0x75, 0xd7, 0x96, 0x50, 0x3e, 0x96,
		0x13, 0x7f, 0x77, 0xc6, 0x8a, 0x82, 0x9a, 0x00, 0x56, 0xac, 0x8d, 0xed, 0x70, 0x14,
		0x0b, 0x08, 0x1b, 0x09, 0x44, 0x90, 0xc5, 0x7b, 0xff };
	size_t start = out->size;
	buf_put_u16(out, 0);
	buf_put_u16(out, 0);
	buf_put_u16(out, sizeof(signer));
	buf_put(out, signer, sizeof(signer));
	buf_put_zeros(out, 48 - sizeof(signer));
	buf_put_u32(out, 1); /* product ID */
	buf_put_zeros(out, 16 + 64 + 16);
	buf_put_u32(out, ECDSA_P256);
	buf_put_zeros(out, ATT_KEY_ID_SIZE - (out->size - start));
}

static void put_request(struct buf *out)
{
	AUTO(buf_free) struct buf key_id = { 0 };
	AUTO(buf_free) struct buf init = { 0 };
	AUTO(buf_free) struct buf message = { 0 };
	put_key_id(&key_id);
	put_bytes(&init, ATT_KEY_ID, &key_id);
	put_number(&init, WANTS_KEY_ID, 1);
	put_number(&init, KEY_ID_SIZE, 32);
	put_number(&init, TIMEOUT, (uint64_t)TIMEOUT_MS * 1000);
	put_bytes(&message, INIT_QUOTE_EX, &init);
	buf_put_u32(out, (uint32_t)message.size);
	buf_put(out, message.data, message.size);
}

static uint64_t take_varint(struct reader *r)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < VARINT_BYTES_MAX; i++) {
		uint8_t byte = reader_u8(r);
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80))
			return value;
	}
	reader_fail(r);
	return 0;
}

/* The next field: a number, or the reader of its bytes. Other kinds are not in these messages. */
static uint64_t take_field(struct reader *r, uint64_t *number, struct reader *content)
{
	uint64_t key = take_varint(r);
	*number = 0;
	*content = (struct reader){ .bad = true };
	if ((key & 7) == WIRE_VARINT)
		*number = take_varint(r);
	else if ((key & 7) == WIRE_BYTES)
		*content = reader_sub(r, (size_t)take_varint(r));
	else
		reader_fail(r);
	return key >> 3;
}

bool aesm_response_parse(struct bytes response, uint32_t *number, struct error *err)
{
	struct reader r = reader_of(response.data, response.size);
	struct reader inner = { .bad = true };
	struct reader content;
	uint64_t value;
	while (r.left && !r.bad) {
		if (take_field(&r, &value, &content) == INIT_QUOTE_EX)
			inner = content;
	}
	*number = AESM_ERROR_UNKNOWN;
	while (!inner.bad && inner.left) {
		if (take_field(&inner, &value, &content) == ERROR_CODE)
			*number = (uint32_t)value;
	}
	return (!r.bad && !inner.bad) ||
	       error_set(err, ERROR_INVALID, "the quoting service (aesmd) gave no sensible answer");
}

static int connect_to(const char *path, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t size = strlen(path) + 1;
	if (size > sizeof(address.sun_path)) {
		error_set(err, ERROR_INVALID, "the path of the socket %s is too long", path);
		return -1;
	}
	memcpy(address.sun_path, path, size);
	AUTO(auto_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval limit = { .tv_sec = TIMEOUT_MS / 1000 };
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
		connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		error_set(err, ERROR_UNAVAILABLE, "nobody answers at %s: %m", path);
		return -1;
	}
	return take_fd(&fd);
}

static bool receive(int fd, uint8_t *out, size_t size)
{
	while (size) {
		ssize_t got = recv(fd, out, size, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		out += got;
		size -= (size_t)got;
	}
	return true;
}

static bool exchange(int fd, struct buf *response)
{
	AUTO(buf_free) struct buf request = { 0 };
	uint8_t length[4];
	put_request(&request);
	if (send(fd, request.data, request.size, MSG_NOSIGNAL) != (ssize_t)request.size ||
		!receive(fd, length, sizeof(length)))
		return false;
	struct reader r = reader_of(length, sizeof(length));
	uint32_t size = reader_u32(&r);
	return size <= RESPONSE_MAX && receive(fd, buf_extend(response, size), size);
}

bool aesm_try_quoting(const char *socket_path, uint32_t *number, struct error *err)
{
	AUTO(buf_free) struct buf response = { 0 };
	AUTO(auto_close) int fd = connect_to(socket_path, err);
	if (fd < 0)
		return false;
	if (!exchange(fd, &response))
		return error_set(err, ERROR_UNAVAILABLE,
			"the quoting service at %s does not answer requests", socket_path);
	return aesm_response_parse(buf_bytes(&response), number, err);
}
