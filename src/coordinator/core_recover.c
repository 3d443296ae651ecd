/* SPDX-License-Identifier: Apache-2.0 */
/* From recovery mode back to the state that was sealed (spec client-api.md clause 7). */
#include "coordinator/core_private.h"

#include "base/log.h"
#include "base/memory.h"
#include "coordinator/recovery.h"
#include "crypto/key.h"
#include "crypto/rsa.h"

#define RECOVERY_KEY_BITS 4096

void core_forget_recovery(struct core *core)
{
	recovery_free(core->recovery);
	EVP_PKEY_free(core->recovery_key);
	core->recovery = NULL;
	core->recovery_key = NULL;
}

/* The state that the parts opened, if those who gave them are those whom it names. */
static struct deployment *restore(const struct recovery_result *result, struct error *err)
{
	AUTO(auto_deployment)
	struct deployment *next =
		deployment_decode(buf_bytes(&result->state), &result->sealing, err);
	if (!next) {
		error_prefix(err, "loading sealed state");
		return NULL;
	}
	return recovery_check_signatures(next->manifest, result->parts, result->count, err)
		       ? TAKE(next)
		       : NULL;
}

static bool open_counters(struct core *core, struct deployment *next,
	const struct recovery_result *result, struct counters **counters, struct error *err)
{
	const struct counters_config config = core_counters_config(core, next);
	*counters = counters_open(&config, err);
	next->has_old_counters = false;
	store_continue(core->store, result->sequence);
	return *counters && core_ask_witness(core, next, *counters, result->sequence, err);
}

static bool put_in_force(struct core *core, const struct recovery_result *result, struct error *err)
{
	AUTO(auto_deployment) struct deployment *next = restore(result, err);
	if (!next)
		return false;
	if (!core_make_quote(core, next, (struct bytes){ "", 0 }, &next->quote, err))
		return error_prefix(err, "generating quote failed");
	struct counters *counters = NULL;
	if (!open_counters(core, next, result, &counters, err) || !core_save(core, next, err)) {
		counters_close(counters);
		return false;
	}
	core_publish(core, TAKE(next), counters);
	return true;
}

static bool add_part(struct core *core, struct bytes secret, struct bytes signature,
	size_t *remaining, struct error *err)
{
	AUTO(recovery_result_free) struct recovery_result result = { 0 };
	if (!recovery_add(core->recovery, secret, signature, &result, err))
		return false;
	*remaining = result.remaining;
	if (result.remaining)
		return true;
	if (!put_in_force(core, &result, err)) {
		recovery_restart(core->recovery);
		return false;
	}
	log_info("The sealed state is recovered");
	core_forget_recovery(core);
	return true;
}

static bool check_state(struct core *core, struct error *err)
{
	return core->recovery || error_set(err, ERROR_STATE, "server is not in expected state");
}

bool core_recover(struct core *core, struct bytes secret, struct bytes signature, size_t *remaining,
	struct error *err)
{
	pthread_mutex_lock(&core->writing);
	bool done = check_state(core, err) && (add_part(core, secret, signature, remaining, err) ||
						      error_prefix(err, "setting recovery key"));
	pthread_mutex_unlock(&core->writing);
	return done;
}

bool core_decrypt_secret(
	struct core *core, struct bytes encrypted, struct buf *secret, struct error *err)
{
	pthread_mutex_lock(&core->writing);
	bool done = core->recovery_key
			    ? rsa_decrypt(core->recovery_key, encrypted, secret, err)
			    : error_set(err, ERROR_STATE, "ephemeral secret key not set");
	pthread_mutex_unlock(&core->writing);
	return done || error_prefix(err, "failed to decrypt recovery secret");
}

/* Appends the public half of the key, which becomes `made` unless there is one; of none, nothing.
 */
static bool put_recovery_key(struct core *core, EVP_PKEY **made, struct buf *der, struct error *err)
{
	pthread_mutex_lock(&core->writing);
	bool done = check_state(core, err);
	if (done && !core->recovery_key)
		core->recovery_key = TAKE(*made);
	if (done && core->recovery_key)
		done = key_put_public(core->recovery_key, der, err);
	pthread_mutex_unlock(&core->writing);
	return done;
}

/* Nobody waits while the key is made; of those who ask for it meanwhile, all get the first. */
bool core_get_recovery_key(struct core *core, struct buf *der, struct error *err)
{
	AUTO(auto_pkey) EVP_PKEY *made = NULL;
	size_t before = der->size;
	if (!put_recovery_key(core, &made, der, err))
		return false;
	if (der->size > before)
		return true;
	made = key_generate_rsa(RECOVERY_KEY_BITS, err);
	return made && put_recovery_key(core, &made, der, err);
}
