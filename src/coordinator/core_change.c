/* SPDX-License-Identifier: Apache-2.0 */
/* What changes the deployment: a manifest is set, users change something. */
#include "coordinator/core_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "coordinator/witness.h"

bool core_fail_sealing(const struct error *reason, struct error *err)
{
	return error_set(err, ERROR_INTERNAL, "sealing state: %s", reason->message);
}

static bool is_sealed(const struct deployment *deployment)
{
	return deployment->manifest && deployment->manifest->config.seal_mode != SEAL_DISABLED;
}

static bool seal(
	struct core *core, const struct deployment *next, uint64_t *sequence, struct error *err)
{
	AUTO(buf_free) struct buf state = { 0 };
	return deployment_encode(next, &state, err) &&
	       store_save(core->store, buf_bytes(&state), &next->sealing,
		       next->manifest->config.seal_mode, sequence, err);
}

/* What was saved last must not stay in force. */
static void put_back(struct core *core)
{
	uint64_t sequence;
	if (is_sealed(core->current))
		(void)seal(core, core->current, &sequence, NULL);
}

bool core_save(struct core *core, struct deployment *next, struct error *err)
{
	uint64_t sequence;
	bool done;
	if (!is_sealed(next)) {
		done = store_forget(core->store, err);
	} else {
		next->is_witnessed |= core->witness != NULL;
		if (!seal(core, next, &sequence, err))
			return false;
		done = witness_note_save(core->witness, next->id, sequence, err);
	}
	if (!done)
		put_back(core);
	return done;
}

/* Its counters first: a state without them would not load. */
static bool seal_first(
	struct core *core, struct deployment *next, struct counters **counters, struct error *err)
{
	struct error reason = { 0 };
	const struct counters_config config = core_counters_config(core, next);
	*counters = counters_create(&config, &reason);
	if (!*counters || !witness_expect(core->witness, next->id, &reason) ||
		!core_save(core, next, &reason)) {
		counters_close(*counters);
		return core_fail_sealing(&reason, err);
	}
	counters_remove_others(&config);
	return true;
}

bool core_set_manifest(struct core *core, struct bytes manifest, struct strmap *recovery_secrets,
	struct error *err)
{
	pthread_mutex_lock(&core->writing);
	struct counters *counters = NULL;
	AUTO(auto_deployment) struct deployment *current = core_deployment(core);
	AUTO(auto_deployment) struct deployment *next = NULL;
	bool set = false;
	if (current->state == STATE_ACCEPTING_MARBLES)
		error_set(err, ERROR_STATE, "server is not in expected state");
	else
		next = deployment_with_manifest(
			current, manifest, clock_now(), recovery_secrets, err);
	if (next && seal_first(core, next, &counters, err)) {
		core_publish(core, TAKE(next), counters);
		core_forget_recovery(core);
		set = true;
	}
	pthread_mutex_unlock(&core->writing);
	return set;
}

/* The same user in the present deployment; NULL if it does not have the user any more. */
static const struct manifest_user *find_user_again(
	const struct deployment *current, const struct manifest_user *user, struct error *err)
{
	const struct manifest_user *found =
		current->manifest
			? user_find(&current->manifest->users, buf_bytes(&user->certificate))
			: NULL;
	if (!found)
		error_set(err, ERROR_UNAUTHENTICATED,
			"unauthorized user: client certificate did not match any MarbleRun users");
	return found;
}

/* The counters are on disk as long as a state is that needs them. */
static bool seal_next(struct core *core, struct deployment *next, struct error *err)
{
	struct counters *counters = core_counters(core);
	return (!is_sealed(next) || counters_keep_on_disk(counters, true, err)) &&
	       core_save(core, next, err) &&
	       (is_sealed(next) || counters_keep_on_disk(counters, false, err));
}

static bool change_and_seal(
	struct core *core, change_function *make, struct change *change, struct error *err)
{
	AUTO(auto_deployment) struct deployment *current = core_deployment(core);
	AUTO(auto_deployment) struct deployment *next = NULL;
	change->user = find_user_again(current, change->user, err);
	if (!change->user)
		return false;
	change->curve_bits = core->config.pki.curve_bits;
	change->now = clock_now();
	bool made = make(current, change, &next, err);
	struct error reason = { 0 };
	if (next && !seal_next(core, next, &reason))
		return core_fail_sealing(&reason, err);
	if (next)
		core_publish(core, TAKE(next), core_counters(core));
	return made;
}

bool core_change(struct core *core, change_function *make, struct change *change, struct error *err)
{
	pthread_mutex_lock(&core->writing);
	bool made = change_and_seal(core, make, change, err);
	pthread_mutex_unlock(&core->writing);
	return made;
}
