/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of spec manifest.md clause 3, by their numbers there and in their order. */
#include "manifest/document.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"
#include "manifest/cert_template.h"

#include <string.h>
#include <strings.h>

static bool is_set(const char *text)
{
	return text && *text;
}

static void free_names(struct strmap *names)
{
	strmap_free(names, NULL);
}

/* Rule 3. `used` gets the names of the packages that a Marble refers to. */
static bool check_marble_packages(
	const struct document *document, struct strmap *used, struct error *err)
{
	for (size_t i = 0; i < document->marbles.count; i++) {
		const struct manifest_marble *marble = document->marbles.entries[i].value;
		if (!strmap_get(&document->packages, marble->package))
			return error_set(err, ERROR_INVALID,
				"manifest does not contain marble package %s", marble->package);
		strmap_add(used, marble->package, NULL);
	}
	strmap_sort(used, NULL);
	return true;
}

/* Rule 5: what identifies a package that is not identified by UniqueID. */
static const char *missing_property(const struct package_properties *package)
{
	if (!package->signer_id)
		return "SignerID";
	if (!package->has_product_id)
		return "ProductID";
	return package->has_security_version ? NULL : "SecurityVersion";
}

/*
 * A package that is a confidential VM: it is identified by MRTD, without which its registers could
 * have been filled by anybody, and by nothing that only enclaves have.
 */
static bool check_vm(const char *name, const struct package_properties *p, struct error *err)
{
	if (p->unique_id || p->signer_id || p->has_product_id || p->has_security_version)
		return error_set(err, ERROR_INVALID,
			"manifest specifies both MRTD/RTMR0 to RTMR3 *and* "
			"UniqueID/SignerID/ProductID/SecurityVersion in package %s",
			name);
	return p->mr_td ||
	       error_set(err, ERROR_INVALID, "manifest misses value for MRTD in package %s", name);
}

/* Rules 4 and 5; packages for debugging are only warned about. */
static bool check_package(
	const char *name, const struct package_properties *package, struct error *err)
{
	if (package_properties_name_vm(package))
		return check_vm(name, package, err);
	bool has_others =
		package->signer_id || package->has_product_id || package->has_security_version;
	const char *missing = package->unique_id ? NULL : missing_property(package);
	struct error found = { 0 };
	if (package->unique_id && has_others)
		error_set(&found, ERROR_INVALID,
			"manifest specifies both UniqueID *and* "
			"SignerID/ProductID/SecurityVersion in package %s",
			name);
	else if (missing)
		error_set(&found, ERROR_INVALID, "manifest misses value for %s in package %s",
			missing, name);
	else
		return true;
	if (!package->debug)
		return error_set(err, found.kind, "%s", found.message);
	log_warn(found.message);
	return true;
}

static bool check_packages(const struct document *document, struct error *err)
{
	AUTO(free_names) struct strmap used = { 0 };
	if (!check_marble_packages(document, &used, err))
		return false;
	for (size_t i = 0; i < used.count; i++) {
		const char *name = used.entries[i].name;
		if (!check_package(name, strmap_get(&document->packages, name), err))
			return false;
	}
	return true;
}

/* Rule 6. */
static bool check_marble_tags(const struct document *document, struct error *err)
{
	for (size_t i = 0; i < document->marbles.count; i++) {
		const struct manifest_marble *marble = document->marbles.entries[i].value;
		for (size_t j = 0; j < marble->tls_tag_count; j++) {
			if (!strmap_get(&document->tls, marble->tls_tags[j]))
				return error_set(err, ERROR_INVALID,
					"manifest misses TLS entry for %s", marble->tls_tags[j]);
		}
	}
	return true;
}

/* Rules 7 to 10. */
static bool check_incoming(const struct document *document, const char *tag,
	const struct manifest_tls_entry *entry, struct error *err)
{
	const char *certificate = entry->certificate;
	if (!is_set(entry->port))
		return error_set(
			err, ERROR_INVALID, "manifest misses Port in TLS.Incoming.%s", tag);
	if (is_set(certificate) && !strmap_get(&document->secrets, certificate))
		return error_set(err, ERROR_INVALID,
			"TLS.Incoming.%s references undefined secret %s", tag, certificate);
	if (is_set(certificate) && !entry->disable_client_auth)
		return error_set(err, ERROR_INVALID,
			"TLS.Incoming.%s defines Cert but does not disable client authentication",
			tag);
	if (!is_set(certificate) && entry->disable_client_auth)
		return error_set(
			err, ERROR_INVALID, "TLS.Incoming.%s disables client authentication", tag);
	return true;
}

/* Rule 11. */
static bool check_outgoing(
	const char *tag, const struct manifest_tls_entry *entry, struct error *err)
{
	const char *missing = !is_set(entry->address) ? "Addr"
			      : !is_set(entry->port)  ? "Port"
						      : NULL;
	return !missing ||
	       error_set(err, ERROR_INVALID, "manifest misses %s in TLS.Outgoing.%s", missing, tag);
}

static bool check_tls(const struct document *document, struct error *err)
{
	for (size_t i = 0; i < document->tls.count; i++) {
		const char *name = document->tls.entries[i].name;
		const struct manifest_tls_tag *tag = document->tls.entries[i].value;
		for (size_t j = 0; j < tag->incoming.count; j++) {
			if (!check_incoming(document, name, &tag->incoming.items[j], err))
				return false;
		}
		for (size_t j = 0; j < tag->outgoing.count; j++) {
			if (!check_outgoing(name, &tag->outgoing.items[j], err))
				return false;
		}
	}
	return true;
}

/* Rules 12 and 13. */
static bool check_user(const struct document *document, const char *name,
	const struct document_user *user, struct error *err)
{
	if (!is_set(user->certificate))
		return error_set(err, ERROR_INVALID,
			"manifest does not contain a certificate for user %s", name);
	for (size_t i = 0; i < user->role_count; i++) {
		if (!strmap_get(&document->roles, user->roles[i]))
			return error_set(err, ERROR_INVALID,
				"manifest specifies role %s for user %s, but role does not exist",
				user->roles[i], name);
	}
	return true;
}

/* Rule 14. */
static bool check_certificates_differ(const struct strmap *users, struct error *err)
{
	AUTO(free_names) struct strmap owners = { 0 }; /* certificate to the last user who has it */
	for (size_t i = 0; i < users->count; i++) {
		const struct document_user *user = users->entries[i].value;
		strmap_add(&owners, user->certificate, users->entries[i].name);
	}
	strmap_sort(&owners, NULL);
	for (size_t i = 0; i < users->count; i++) {
		const struct document_user *user = users->entries[i].value;
		const char *owner = strmap_get(&owners, user->certificate);
		if (strcmp(owner, users->entries[i].name) != 0)
			return error_set(err, ERROR_INVALID,
				"manifest contains the same certificate for users %s and %s",
				users->entries[i].name, owner);
	}
	return true;
}

static bool check_users(const struct document *document, struct error *err)
{
	for (size_t i = 0; i < document->users.count; i++) {
		const struct strmap_entry *user = &document->users.entries[i];
		if (!check_user(document, user->name, user->value, err))
			return false;
	}
	return check_certificates_differ(&document->users, err);
}

static bool check_names_exist(const char *name, const struct document_role *role,
	const struct strmap *resources, struct error *err)
{
	for (size_t i = 0; i < role->resource_name_count; i++) {
		if (!strmap_get(resources, role->resource_names[i]))
			return error_set(err, ERROR_INVALID,
				"role %s: resource %s of type %s is not defined in manifest", name,
				role->resource_names[i], role->resource_type);
	}
	return true;
}

static bool fail_action(
	const char *name, const struct document_role *role, const char *action, struct error *err)
{
	return error_set(err, ERROR_INVALID, "unknown action: %s for type %s in role: %s", action,
		role->resource_type, name);
}

/* Rule 16 for roles whose resource type has one action only. */
static bool check_only_action(
	const char *name, const struct document_role *role, const char *action, struct error *err)
{
	for (size_t i = 0; i < role->action_count; i++) {
		if (strcasecmp(role->actions[i], action) != 0)
			return fail_action(name, role, role->actions[i], err);
	}
	return true;
}

/* Rules 18 and 19. */
static bool check_secret_permission(const char *name, const char *action, const char *secret_name,
	const struct secret *secret, struct error *err)
{
	if (!strcasecmp(action, "WriteSecret") && !secret->user_defined)
		return error_set(err, ERROR_INVALID,
			"manifest specifies write permission for role %s and secret %s, but secret "
			"is not user-defined",
			name, secret_name);
	if (!strcasecmp(action, "ReadSecret") && !secret->shared && !secret->user_defined)
		return error_set(err, ERROR_INVALID,
			"manifest specifies read permission for role %s and per-marble-unique "
			"secret %s",
			name, secret_name);
	return true;
}

/* Rules 16 to 19. */
static bool check_secrets_role(const struct document *document, const char *name,
	const struct document_role *role, struct error *err)
{
	if (!check_names_exist(name, role, &document->secrets, err))
		return false;
	for (size_t i = 0; i < role->action_count; i++) {
		const char *action = role->actions[i];
		if (strcasecmp(action, "ReadSecret") != 0 && strcasecmp(action, "WriteSecret") != 0)
			return fail_action(name, role, action, err);
		for (size_t j = 0; j < role->resource_name_count; j++) {
			const char *secret_name = role->resource_names[j];
			const struct document_secret *secret =
				strmap_get(&document->secrets, secret_name);
			if (!check_secret_permission(
				    name, action, secret_name, &secret->definition, err))
				return false;
		}
	}
	return true;
}

/* Rules 15 to 21. */
static bool check_role(const struct document *document, const char *name,
	const struct document_role *role, struct error *err)
{
	const char *type = document_text(role->resource_type);
	if (!strcmp(type, "Packages"))
		return check_names_exist(name, role, &document->packages, err) &&
		       check_only_action(name, role, "UpdateSecurityVersion", err);
	if (!strcmp(type, "Secrets"))
		return check_secrets_role(document, name, role, err);
	if (strcmp(type, "Manifest") != 0)
		return error_set(err, ERROR_INVALID, "unrecognized resource type: %s for role: %s",
			type, name);
	if (role->resource_name_count)
		return error_set(err, ERROR_INVALID,
			"role %s: resource names are not allowed for type Manifest", name);
	return check_only_action(name, role, "UpdateManifest", err);
}

static bool check_roles(const struct document *document, struct error *err)
{
	for (size_t i = 0; i < document->roles.count; i++) {
		const struct strmap_entry *role = &document->roles.entries[i];
		if (!check_role(document, role->name, role->value, err))
			return false;
	}
	return true;
}

/* Rules 22 and 23. */
static bool check_secret(const char *name, const struct document_secret *secret, struct error *err)
{
	const struct secret *definition = &secret->definition;
	enum secret_type type;
	if (!secret_type_parse(document_text(secret->type), &type))
		return error_set(err, ERROR_INVALID, "unknown type: %s for secret: %s",
			document_text(secret->type), name);
	if (secret_type_is_certificate(type) && definition->valid_for && definition->template &&
		definition->template->has_not_after)
		return error_set(err, ERROR_INVALID,
			"ambiguous certificate validity duration for secret: %s, both NotAfter and "
			"ValidFor are specified",
			name);
	return true;
}

static bool check_secrets(const struct document *document, struct error *err)
{
	for (size_t i = 0; i < document->secrets.count; i++) {
		const struct strmap_entry *secret = &document->secrets.entries[i];
		if (!check_secret(secret->name, secret->value, err))
			return false;
	}
	return true;
}

static bool can_update_manifest(const struct document *document, const struct document_user *user)
{
	for (size_t i = 0; i < user->role_count; i++) {
		const struct document_role *role = strmap_get(&document->roles, user->roles[i]);
		if (!strcmp(role->resource_type, "Manifest") && role->action_count)
			return true;
	}
	return false;
}

/* Rule 24. */
static bool check_update_threshold(const struct document *document, struct error *err)
{
	uint64_t count = 0;
	uint64_t threshold = document->config.update_threshold;
	for (size_t i = 0; i < document->users.count; i++)
		count += can_update_manifest(document, document->users.entries[i].value);
	return count >= threshold ||
	       error_set(err, ERROR_INVALID,
		       "not enough users with manifest update permissions (%llu) to meet the "
		       "threshold of %llu",
		       (unsigned long long)count, (unsigned long long)threshold);
}

/* Rule 27. */
static bool check_azure_environment(struct error *err)
{
	static const char *const always[] = { "EDG_MAA_URL", "EDG_AZURE_HSM_VAULT_URL",
		"EDG_AZURE_HSM_KEY_NAME", "EDG_AZURE_CLIENT_ID", "EDG_AZURE_TENANT_ID" };
	static const char *const without_secret[] = { "EDG_AZURE_AUTHORITY_HOST",
		"EDG_AZURE_FEDERATED_TOKEN_FILE" };
	AUTO(buf_free) struct buf missing = { 0 };
	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++) {
		if (!is_set(getenv(always[i])))
			buf_printf(&missing, " %s", always[i]);
	}
	for (size_t i = 0; i < 2 && !is_set(getenv("EDG_AZURE_CLIENT_SECRET")); i++) {
		if (!is_set(getenv(without_secret[i])))
			buf_printf(&missing, " %s", without_secret[i]);
	}
	return !missing.size ||
	       error_set(err, ERROR_INVALID,
		       "manifest enables sealing with Azure HSM key, but required environment "
		       "variables are not set: [%s]",
		       buf_text(&missing) + 1);
}

/* Rules 25 to 29. */
static bool check_config(
	const struct document_config *config, size_t recovery_keys, struct error *err)
{
	const char *mode = document_text(config->seal_mode);
	uint64_t threshold = config->recovery_threshold;
	bool azure = false;
	if (*mode && strcmp(mode, "ProductKey") && strcmp(mode, "UniqueKey") &&
		strcmp(mode, "Disabled"))
		return error_set(err, ERROR_INVALID, "unknown seal mode: %s", mode);
	for (size_t i = 0; i < config->feature_gate_count; i++) {
		const char *gate = config->feature_gates[i];
		bool is_azure = !strcasecmp(gate, "AzureHSMSealing");
		azure |= is_azure;
		if (!is_azure && strcasecmp(gate, "SignQuoteEndpoint") != 0 &&
			strcasecmp(gate, "MonotonicCounter") != 0)
			return error_set(err, ERROR_INVALID, "unknown feature gate: %s", gate);
	}
	if (azure && !check_azure_environment(err))
		return false;
	if (threshold > recovery_keys)
		return error_set(err, ERROR_INVALID,
			"not enough recovery keys (%zu) defined to meet the recovery threshold of "
			"%llu",
			recovery_keys, (unsigned long long)threshold);
	return threshold != 1 ||
	       error_set(err, ERROR_INVALID,
		       "invalid recovery threshold: if set, threshold must be at least 2");
}

bool document_check(const struct document *document, struct error *err)
{
	if (!document->packages.count)
		return error_set(err, ERROR_INVALID, "no allowed packages defined");
	if (!document->marbles.count)
		return error_set(err, ERROR_INVALID, "no allowed marbles defined");
	return check_packages(document, err) && check_marble_tags(document, err) &&
	       check_tls(document, err) && check_users(document, err) &&
	       check_roles(document, err) && check_secrets(document, err) &&
	       check_update_threshold(document, err) &&
	       check_config(&document->config, document->recovery_keys.count, err);
}
