/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/document.h"

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/memory.h"
#include "manifest/cert_template.h"
#include "manifest/document_marble.h"

const char *document_text(const char *text)
{
	return text ? text : "";
}

/* Package (clause 2.1). */

/* An owner who wrote a list that accepts no platform did not mean any. */
static bool decode_platforms(struct go_json *in, void *value, void *count)
{
	char ***list = value;
	size_t *number = count;
	bool is_list = go_json_next(in) == '[';
	if (!go_json_text_list(in, list, number))
		return false;
	for (size_t i = 0; i < *number; i++) {
		if (!platform_policy_is_platform_id((*list)[i]))
			return go_json_fail(in,
				"\"%.64s\" is no PPID or platform instance ID of 32 hex digits",
				(*list)[i]);
	}
	return !is_list || *number ||
	       go_json_fail(in, "the list accepts no platform: leave it out to accept any");
}

/* The original takes any; who misspelt one shall not look for long why machines are refused. */
static bool decode_statuses(struct go_json *in, void *value, void *count)
{
	char ***list = value;
	size_t *number = count;
	if (!go_json_text_list(in, list, number))
		return false;
	for (size_t i = 0; i < *number; i++) {
		AUTO(buf_free) struct buf message = { 0 };
		if (platform_policy_is_status((*list)[i]))
			continue;
		buf_printf(&message, "\"%.64s\" is no TCB status that can be accepted: there are ",
			(*list)[i]);
		platform_policy_put_statuses(&message);
		go_json_warn(in, buf_text(&message));
	}
	return true;
}

/* A register of a VM. One that no VM can have would refuse them all, long after this was set. */
static bool decode_register(struct go_json *in, void *value, void *unused)
{
	char **text = value;
	uint8_t hash[TD_HASH_SIZE];
	if (!go_json_text(in, value, unused))
		return false;
	return !*text || !**text || hex_decode_exact(hash, sizeof(hash), *text) ||
	       go_json_fail(in, "\"%.128s\" is no value of %d hex digits", *text, 2 * TD_HASH_SIZE);
}

static const struct go_json_field package_fields[] = {
	GO_JSON_FIELD(package_properties, "Debug", go_json_bool, debug),
	GO_JSON_FIELD(package_properties, "UniqueID", go_json_text, unique_id),
	GO_JSON_FIELD(package_properties, "SignerID", go_json_text, signer_id),
	GO_JSON_PAIR(
		package_properties, "ProductID", go_json_optional_uint, product_id, has_product_id),
	GO_JSON_PAIR(package_properties, "SecurityVersion", go_json_optional_uint, security_version,
		has_security_version),
	GO_JSON_FIELD(package_properties, "MRTD", decode_register, mr_td),
	GO_JSON_FIELD(package_properties, "RTMR0", decode_register, rtmr[0]),
	GO_JSON_FIELD(package_properties, "RTMR1", decode_register, rtmr[1]),
	GO_JSON_FIELD(package_properties, "RTMR2", decode_register, rtmr[2]),
	GO_JSON_FIELD(package_properties, "RTMR3", decode_register, rtmr[3]),
	GO_JSON_PAIR(package_properties, "AcceptedTCBStatuses", decode_statuses,
		platform.accepted_tcb_statuses, platform.accepted_tcb_status_count),
	GO_JSON_PAIR(package_properties, "AcceptedAdvisories", go_json_text_list,
		platform.accepted_advisories, platform.accepted_advisory_count),
	GO_JSON_FIELD(package_properties, "MinimumTCBEvaluationDataNumber", go_json_uint,
		platform.minimum_tcb_evaluation_number),
	GO_JSON_PAIR(package_properties, "AcceptedPlatforms", decode_platforms,
		platform.accepted_platforms, platform.accepted_platform_count),
	GO_JSON_END,
};

/* An empty string demands as little as an absent one. */
static void drop_empty(char **text)
{
	if (!*text || **text)
		return;
	free(*text);
	*text = NULL;
}

static bool decode_package(struct go_json *in, void *package, void *unused)
{
	(void)unused;
	struct package_properties *p = package;
	if (!go_json_struct(in, package_fields, p, "quote.PackageProperties"))
		return false;
	drop_empty(&p->unique_id);
	drop_empty(&p->signer_id);
	drop_empty(&p->mr_td);
	for (size_t i = 0; i < TD_RTMRS; i++)
		drop_empty(&p->rtmr[i]);
	return true;
}

void document_package_free(void *package)
{
	package_properties_free(package);
	free(package);
}

static const struct go_json_entries packages = {
	.type = "quote.PackageProperties",
	.size = sizeof(struct package_properties),
	.decode = decode_package,
	.free = document_package_free,
};

/* Infrastructure (clause 2.2). */

struct infrastructure {
	struct buf cpu_svn;
	struct buf root_ca;
	uint16_t qe_svn;
	uint16_t pce_svn;
	bool has_qe_svn;
	bool has_pce_svn;
};

static const struct go_json_field infrastructure_fields[] = {
	GO_JSON_FIELD(infrastructure, "CPUSVN", go_json_bytes, cpu_svn),
	GO_JSON_PAIR(infrastructure, "QESVN", go_json_optional_uint16, qe_svn, has_qe_svn),
	GO_JSON_PAIR(infrastructure, "PCESVN", go_json_optional_uint16, pce_svn, has_pce_svn),
	GO_JSON_FIELD(infrastructure, "RootCA", go_json_bytes, root_ca),
	GO_JSON_END,
};

static void free_infrastructure(void *infrastructure)
{
	struct infrastructure *i = infrastructure;
	buf_free(&i->cpu_svn);
	buf_free(&i->root_ca);
	free(i);
}

static const struct go_json_entries infrastructures = {
	.type = "quote.InfrastructureProperties",
	.size = sizeof(struct infrastructure),
	.fields = infrastructure_fields,
	.free = free_infrastructure,
};

/* Secret (clause 6.1). */

static const struct go_json_field secret_fields[] = {
	GO_JSON_FIELD(document_secret, "Type", go_json_text, type),
	GO_JSON_FIELD(document_secret, "Size", go_json_uint, definition.size),
	GO_JSON_FIELD(document_secret, "Shared", go_json_bool, definition.shared),
	GO_JSON_FIELD(document_secret, "UserDefined", go_json_bool, definition.user_defined),
	GO_JSON_FIELD(document_secret, "Cert", cert_template_decode, definition.template),
	GO_JSON_FIELD(document_secret, "ValidFor", go_json_uint, definition.valid_for),
	GO_JSON_FIELD(document_secret, "Private", go_json_bytes, definition.private_key),
	GO_JSON_FIELD(document_secret, "Public", go_json_bytes, definition.public_key),
	GO_JSON_END,
};

static void free_secret(void *secret)
{
	struct document_secret *s = secret;
	if (s->definition.template)
		cert_template_free(s->definition.template);
	buf_free(&s->definition.private_key);
	buf_free(&s->definition.public_key);
	free(s->type);
	free(s);
}

static const struct go_json_entries secrets = {
	.type = "manifest.Secret",
	.size = sizeof(struct document_secret),
	.fields = secret_fields,
	.free = free_secret,
};

/* TLS tag (clause 2.5). */

static const struct go_json_field tls_entry_fields[] = {
	GO_JSON_FIELD(manifest_tls_entry, "Port", go_json_text, port),
	GO_JSON_FIELD(manifest_tls_entry, "Addr", go_json_text, address),
	GO_JSON_FIELD(manifest_tls_entry, "Cert", go_json_text, certificate),
	GO_JSON_FIELD(manifest_tls_entry, "DisableClientAuth", go_json_bool, disable_client_auth),
	GO_JSON_END,
};

static bool add_tls_entry(struct go_json *in, void *list)
{
	struct manifest_tls_entries *entries = list;
	size_t size = sizeof(*entries->items);
	entries->items = xreallocarray(entries->items, entries->count + 1, size);
	struct manifest_tls_entry *entry = &entries->items[entries->count++];
	*entry = (struct manifest_tls_entry){ 0 };
	return go_json_struct(in, tls_entry_fields, entry, "manifest.TLSTagEntry");
}

static void free_tls_entries(struct manifest_tls_entries *entries)
{
	for (size_t i = 0; i < entries->count; i++) {
		free(entries->items[i].port);
		free(entries->items[i].address);
		free(entries->items[i].certificate);
	}
	free(entries->items);
	*entries = (struct manifest_tls_entries){ 0 };
}

static bool decode_tls_entries(struct go_json *in, void *entries, void *unused)
{
	(void)unused;
	free_tls_entries(entries);
	return go_json_list(in, add_tls_entry, entries, "[]manifest.TLSTagEntry");
}

static const struct go_json_field tls_tag_fields[] = {
	GO_JSON_FIELD(manifest_tls_tag, "Outgoing", decode_tls_entries, outgoing),
	GO_JSON_FIELD(manifest_tls_tag, "Incoming", decode_tls_entries, incoming),
	GO_JSON_END,
};

void document_tls_tag_free(void *tag)
{
	struct manifest_tls_tag *t = tag;
	free_tls_entries(&t->outgoing);
	free_tls_entries(&t->incoming);
	free(t);
}

static const struct go_json_entries tls_tags = {
	.type = "manifest.TLSTag",
	.size = sizeof(struct manifest_tls_tag),
	.fields = tls_tag_fields,
	.free = document_tls_tag_free,
};

/* User and Role (clause 2.6). */

static const struct go_json_field user_fields[] = {
	GO_JSON_FIELD(document_user, "Certificate", go_json_text, certificate),
	GO_JSON_PAIR(document_user, "Roles", go_json_text_list, roles, role_count),
	GO_JSON_END,
};

static void free_user(void *user)
{
	struct document_user *u = user;
	free(u->certificate);
	text_list_free(u->roles, u->role_count);
	free(u);
}

static const struct go_json_entries users = {
	.type = "manifest.User",
	.size = sizeof(struct document_user),
	.fields = user_fields,
	.free = free_user,
};

static const struct go_json_field role_fields[] = {
	GO_JSON_FIELD(document_role, "ResourceType", go_json_text, resource_type),
	GO_JSON_PAIR(document_role, "ResourceNames", go_json_text_list, resource_names,
		resource_name_count),
	GO_JSON_PAIR(document_role, "Actions", go_json_text_list, actions, action_count),
	GO_JSON_END,
};

static void free_role(void *role)
{
	struct document_role *r = role;
	free(r->resource_type);
	text_list_free(r->resource_names, r->resource_name_count);
	text_list_free(r->actions, r->action_count);
	free(r);
}

static const struct go_json_entries roles = {
	.type = "manifest.Role",
	.size = sizeof(struct document_role),
	.fields = role_fields,
	.free = free_role,
};

/* Config (clause 2.7). */

static const struct go_json_field config_fields[] = {
	GO_JSON_FIELD(document_config, "SealMode", go_json_text, seal_mode),
	GO_JSON_PAIR(document_config, "FeatureGates", go_json_text_list, feature_gates,
		feature_gate_count),
	GO_JSON_FIELD(document_config, "UpdateThreshold", go_json_uint, update_threshold),
	GO_JSON_FIELD(document_config, "RecoveryThreshold", go_json_uint, recovery_threshold),
	GO_JSON_FIELD(document_config, "RotateRootSecret", go_json_bool, rotate_root_secret),
	GO_JSON_END,
};

static bool decode_config(struct go_json *in, void *config, void *unused)
{
	(void)unused;
	return go_json_struct(in, config_fields, config, "manifest.Config");
}

/* RecoveryKeys, Admins and Clients: maps of single values. */

static void free_text(void *text)
{
	free(*(char **)text);
	free(text);
}

static void free_bytes(void *bytes)
{
	buf_free(bytes);
	free(bytes);
}

static const struct go_json_entries texts = {
	.type = "string",
	.size = sizeof(char *),
	.decode = go_json_text,
	.free = free_text,
};
static const struct go_json_entries byte_lists = {
	.type = "[]uint8",
	.size = sizeof(struct buf),
	.decode = go_json_bytes,
	.free = free_bytes,
};

/* The whole (clause 2). */

static const struct go_json_field document_fields[] = {
	GO_JSON_MAP(document, "Packages", packages, packages),
	GO_JSON_MAP(document, "Infrastructures", infrastructures, infrastructures),
	GO_JSON_MAP(document, "Marbles", document_marbles, marbles),
	GO_JSON_MAP(document, "Secrets", secrets, secrets),
	GO_JSON_MAP(document, "RecoveryKeys", texts, recovery_keys),
	GO_JSON_MAP(document, "TLS", tls_tags, tls),
	GO_JSON_MAP(document, "Admins", texts, admins),
	GO_JSON_MAP(document, "Clients", byte_lists, clients),
	GO_JSON_MAP(document, "Users", users, users),
	GO_JSON_MAP(document, "Roles", roles, roles),
	GO_JSON_FIELD(document, "Config", decode_config, config),
	GO_JSON_END,
};

static bool decode_document(struct go_json *in, void *document, void *unused)
{
	(void)unused;
	return go_json_struct(in, document_fields, document, "Manifest");
}

static struct strmap *map_of(struct document *document, const struct go_json_field *field)
{
	return (struct strmap *)(void *)((char *)document + field->value);
}

bool document_decode(struct bytes text, struct document *document, struct error *err)
{
	bool decoded = go_json_decode(text, "Manifest", decode_document, document, err);
	for (const struct go_json_field *field = document_fields; field->name; field++) {
		if (field->entries)
			strmap_sort(map_of(document, field), field->entries->free);
	}
	return decoded;
}

void document_free(struct document *document)
{
	for (const struct go_json_field *field = document_fields; field->name; field++) {
		if (field->entries)
			strmap_free(map_of(document, field), field->entries->free);
	}
	struct document_config *config = &document->config;
	free(config->seal_mode);
	text_list_free(config->feature_gates, config->feature_gate_count);
}
