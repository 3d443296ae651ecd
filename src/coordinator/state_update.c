/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/state_update.h"

#include "base/base64.h"
#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>

#define RAISED  "securityVersions"
#define PENDING "pendingUpdate"

/* A text, because JSON numbers of jansson end at 2^63. */
static json_t *raised_to_json(const struct strmap *raised)
{
	json_t *object = json_object();
	for (size_t i = 0; i < raised->count; i++) {
		const uint64_t *version = raised->entries[i].value;
		json_t *text = json_sprintf("%llu", (unsigned long long)*version);
		if (json_object_set_new(object, raised->entries[i].name, text))
			abort();
	}
	return object;
}

static json_t *pending_to_json(const struct pending_update *pending)
{
	AUTO(buf_free) struct buf manifest = { 0 };
	json_t *users = json_object();
	base64_encode(&manifest, pending->manifest.data, pending->manifest.size);
	for (size_t i = 0; i < pending->users.count; i++) {
		const struct pending_user *user = pending->users.entries[i].value;
		json_t *acknowledged = json_boolean(user->has_acknowledged);
		if (json_object_set_new(users, pending->users.entries[i].name, acknowledged))
			abort();
	}
	return json_pack("{ss% sI so}", "manifestRaw", buf_text(&manifest), manifest.size,
		"missingAcknowledgments", (json_int_t)pending->missing, "requiredUsers", users);
}

void state_put_updates(json_t *state, const struct deployment *deployment)
{
	if (deployment->raised.count &&
		json_object_set_new(state, RAISED, raised_to_json(&deployment->raised)))
		abort();
	if (deployment->pending &&
		json_object_set_new(state, PENDING, pending_to_json(deployment->pending)))
		abort();
}

static bool get_raised(const json_t *object, struct deployment *deployment)
{
	const char *package;
	json_t *value;
	json_object_foreach((json_t *)object, package, value)
	{
		const char *text = json_string_value(value);
		char *end;
		errno = 0;
		uint64_t version = text ? strtoull(text, &end, 10) : 0;
		if (!text || !*text || *end || errno)
			return false;
		deployment_raise(deployment, package, version);
	}
	return true;
}

static struct pending_update *pending_of_json(const json_t *object)
{
	AUTO(auto_pending) struct pending_update *pending = xcalloc(1, sizeof(*pending));
	const json_t *manifest = json_object_get(object, "manifestRaw");
	const json_t *missing = json_object_get(object, "missingAcknowledgments");
	const char *name;
	json_t *acknowledged;
	json_object_foreach(json_object_get(object, "requiredUsers"), name, acknowledged)
	{
		pending_add_user(pending, name, json_is_true(acknowledged));
	}
	pending_sort_users(pending);
	pending->missing = (uint64_t)json_integer_value(missing);
	bool good = json_is_integer(missing) && json_integer_value(missing) > 0 &&
		    json_is_string(manifest) &&
		    base64_decode(&pending->manifest, json_string_value(manifest),
			    json_string_length(manifest));
	return good ? TAKE(pending) : NULL;
}

bool state_get_updates(const json_t *state, struct deployment *deployment, struct error *err)
{
	const json_t *pending = json_object_get(state, PENDING);
	if (!get_raised(json_object_get(state, RAISED), deployment))
		return error_set(err, ERROR_INTERNAL, "sealed state has a broken SecurityVersion");
	if (!pending)
		return true;
	deployment->pending = pending_of_json(pending);
	return deployment->pending ||
	       error_set(err, ERROR_INTERNAL, "sealed state has a broken pending update");
}
