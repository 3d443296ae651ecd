/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/check_state.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/memory.h"
#include "coordinator/deployment.h"
#include "coordinator/journal.h"
#include "coordinator/recovery_secrets.h"
#include "coordinator/seal_keys.h"
#include "coordinator/update_log.h"

#include <inttypes.h>
#include <string.h>

#define SEALED_MAX   (256U << 20)
#define KEY_FILE_MAX 4096

struct check {
	const char *folder;
	const struct seal_keys *keys; /* NULL outside of an enclave */
	struct buf data_file;
	struct buf key_file;
	struct sealed_data data;
	struct sealing sealing;
	struct buf *out;
};

static bool say_error(struct buf *out, const char *what, const struct error *err)
{
	buf_printf(out, "%-12s%s\n", what, err->message);
	return false;
}

static bool read_one(const struct check *check, const char *name, size_t max, struct buf *content)
{
	struct error err = { 0 };
	AUTO(auto_free) char *path = xasprintf("%s/%s", check->folder, name);
	return file_read(path, max, content, &err) || say_error(check->out, name, &err);
}

static void describe_recovery(const struct check *check)
{
	struct strmap hashes = { 0 };
	bool has_none;
	struct error err = { 0 };
	if (!recovery_data_read(check->data.recovery, &hashes, &has_none, &err))
		say_error(check->out, "recovery", &err);
	else if (!check->data.recovery.size)
		buf_printf(check->out, "%-12sits data are lost\n", "recovery");
	else if (has_none)
		buf_printf(check->out, "%-12sone part was handed out, or none\n", "recovery");
	else
		buf_printf(
			check->out, "%-12s%zu parts were handed out\n", "recovery", hashes.count);
	strmap_free(&hashes, NULL);
}

static bool describe_data(struct check *check)
{
	struct error err = { 0 };
	if (!sealed_data_read(buf_bytes(&check->data_file), &check->data, &err))
		return say_error(check->out, "sealed_data", &err);
	buf_printf(check->out, "%-12sformat %u, %zu bytes", "sealed_data", check->data.version,
		check->data_file.size);
	if (check->data.sequence)
		buf_printf(check->out, ", save number %" PRIu64, check->data.sequence);
	buf_put_u8(check->out, '\n');
	describe_recovery(check);
	return true;
}

static void describe_key(const struct check *check)
{
	static const char *const kinds[] = {
		[SEALED_KEY_PLAIN] = "in plain text, as outside of enclaves: it protects nothing",
		[SEALED_KEY_PRODUCT] =
			"sealed for enclaves of this signer and product (ProductKey)",
		[SEALED_KEY_UNIQUE] = "sealed for exactly one enclave (UniqueKey)",
		[SEALED_KEY_UNKNOWN] = "none that a Coordinator wrote",
	};
	buf_printf(check->out, "%-12s%s, %zu bytes\n", "sealed_key",
		kinds[sealed_key_kind(buf_bytes(&check->key_file))], check->key_file.size);
}

static void ignore_entry(void *context, const char *name, uint64_t value)
{
	(void)context, (void)name, (void)value;
}

static bool describe_counters(const struct check *check, const struct deployment *deployment)
{
	const struct counters_config config = {
		.folder = check->folder,
		.id = deployment->id,
		.key = deployment->counter_key,
		.may_be_old = deployment->has_old_counters,
	};
	struct error err = { 0 };
	struct journal *journal = journal_open(&config, ignore_entry, NULL, &err);
	if (!journal)
		return say_error(check->out, "counters", &err);
	buf_printf(check->out, "%-12sgood, %" PRIu64 " records\n", "counters",
		journal_records(journal));
	journal_close(journal);
	return true;
}

static bool describe_deployment(const struct check *check, const struct buf *state)
{
	char id[2 * DEPLOYMENT_ID_SIZE + 1];
	char fingerprint[FINGERPRINT_SIZE];
	struct error err = { 0 };
	AUTO(auto_deployment)
	struct deployment *deployment = deployment_decode(buf_bytes(state), &check->sealing, &err);
	if (!deployment)
		return say_error(check->out, "state", &err);
	hex_format(id, deployment->id, sizeof(deployment->id));
	fingerprint_of(buf_bytes(&deployment->manifest_text), fingerprint);
	buf_printf(check->out, "%-12s%s\n%-12s%s\n%-12s%s\n", "deployment", id, "manifest",
		fingerprint, "witness",
		deployment->is_witnessed ? "needed (EDG_COORDINATOR_WITNESS)" : "none so far");
	return describe_counters(check, deployment);
}

static bool open_state(struct check *check)
{
	struct error err = { 0 };
	AUTO(buf_free) struct buf state = { 0 };
	if (!sealed_key_open(buf_bytes(&check->key_file), buf_bytes(&check->data_file), check->keys,
		    check->sealing.data_key, &err) ||
		!sealed_data_open(&check->data, check->sealing.data_key, &state, &err)) {
		buf_printf(check->out, "%-12sno: %s\n", "opens here", err.message);
		return false;
	}
	buf_printf(check->out, "%-12syes\n", "opens here");
	return describe_deployment(check, &state);
}

static void mention_old(const struct check *check)
{
	AUTO(auto_free) char *path = xasprintf("%s/sealed_data.old", check->folder);
	if (!access(path, F_OK))
		buf_printf(check->out,
			"sealed_data.old is there: a save did not end, and the next start puts in "
			"order what it left\n");
}

static bool check_files(struct check *check)
{
	bool has_data = read_one(check, "sealed_data", SEALED_MAX, &check->data_file) &&
			describe_data(check);
	bool has_key = read_one(check, "sealed_key", KEY_FILE_MAX, &check->key_file);
	if (has_key)
		describe_key(check);
	mention_old(check);
	return has_data && has_key && open_state(check);
}

bool check_state(const char *folder, const char *attestation_folder, struct buf *out)
{
	struct seal_keys keys;
	struct error err = { 0 };
	if (attestation_folder && !seal_keys_get(attestation_folder, &keys, &err))
		return say_error(out, "seal keys", &err);
	struct check check = {
		.folder = folder, .keys = attestation_folder ? &keys : NULL, .out = out
	};
	bool is_usable = check_files(&check);
	buf_free(&check.data_file);
	buf_free(&check.key_file);
	sealing_free(&check.sealing);
	memory_wipe(&keys, sizeof(keys));
	return is_usable;
}
