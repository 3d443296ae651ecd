/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/template_evaluate.h"

#include <string.h>

static enum template_value_kind member_of_root(const char *name)
{
	if (!strcmp(name, "MarbleRun") || !strcmp(name, "Marblerun"))
		return VALUE_RESERVED;
	if (!strcmp(name, "Secrets"))
		return VALUE_SECRETS;
	return !strcmp(name, "Previous") ? VALUE_PREVIOUS : VALUE_MISSING;
}

static const struct secret *reserved_secret(const struct template_data *data, const char *name)
{
	if (!strcmp(name, "RootCA"))
		return data->root_ca;
	if (!strcmp(name, "MarbleCert"))
		return data->marble_cert;
	if (!strcmp(name, "SealKey"))
		return data->seal_key;
	if (!strcmp(name, "CoordinatorRoot"))
		return data->coordinator_root;
	return strcmp(name, "CoordinatorIntermediate") ? NULL : data->coordinator_intermediate;
}

static bool member_of_secret(
	const struct secret *secret, const char *name, struct template_value *result)
{
	const char *type = secret_type_name(secret->type);
	const struct {
		const char *name;
		struct template_value value;
	} members[] = {
		{ "Type", { .kind = VALUE_STRING, .bytes = bytes_of_text(type) } },
		{ "Size", { .kind = VALUE_UINT, .natural = secret->size } },
		{ "Shared", { .kind = VALUE_BOOL, .truth = secret->shared } },
		{ "UserDefined", { .kind = VALUE_BOOL, .truth = secret->user_defined } },
		{ "Cert", { .kind = VALUE_CERTIFICATE, .bytes = buf_bytes(&secret->cert) } },
		{ "ValidFor", { .kind = VALUE_UINT, .natural = secret->valid_for } },
		{ "Private",
			{ .kind = VALUE_PRIVATE_KEY, .bytes = buf_bytes(&secret->private_key) } },
		{ "Public", { .kind = VALUE_PUBLIC_KEY, .bytes = buf_bytes(&secret->public_key) } },
	};
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		if (strcmp(members[i].name, name) != 0)
			continue;
		*result = members[i].value;
		return true;
	}
	return false;
}

/* Members of everything but .Secrets. False if there is none of this name. */
static bool member_of_struct(const struct execution *x, const struct template_value *receiver,
	const char *name, struct template_value *result)
{
	switch (receiver->kind) {
	case VALUE_ROOT:
		*result = (struct template_value){ .kind = member_of_root(name) };
		return result->kind != VALUE_MISSING;
	case VALUE_PREVIOUS:
		*result = (struct template_value){ .kind = VALUE_SECRETS, .is_previous = true };
		return !strcmp(name, "Secrets");
	case VALUE_RESERVED:
		*result = (struct template_value){ .kind = VALUE_SECRET,
			.secret = reserved_secret(x->data, name) };
		return result->secret != NULL;
	case VALUE_SECRET:
		return member_of_secret(receiver->secret, name, result);
	default:
		return false;
	}
}

static bool evaluate_member(
	struct execution *x, struct template_value *value, const char *name, bool has_arguments)
{
	struct template_value result;
	if (value->kind == VALUE_MISSING)
		return true;
	if (value->kind == VALUE_SECRETS) {
		if (has_arguments)
			return execution_fail(x, "%s is not a method but has arguments", name);
		return template_function_find_secret(x->data, value, name, value, x->err) ||
		       execution_fail_here(x);
	}
	if (!member_of_struct(x, value, name, &result))
		return execution_fail(
			x, "can't evaluate field %s in type %s", name, template_value_type(value));
	if (has_arguments)
		return execution_fail(
			x, "%s has arguments but cannot be invoked as function", name);
	*value = result;
	return true;
}

bool template_follow_names(struct execution *x, const struct template_node *node, const char *name,
	bool has_arguments, struct template_value *value)
{
	const char *following;
	for (; name; name = following) {
		following = template_node_name(node, name);
		if (!evaluate_member(x, value, name, has_arguments && !following))
			return false;
	}
	return true;
}
