/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/user.h"

#include "base/memory.h"
#include "crypto/cert.h"
#include "crypto/pem.h"
#include "manifest/document.h"

#include <string.h>
#include <strings.h>

/* No role of the manifest can have this name, which is no UTF-8. */
#define ADMIN_ROLE "\xff"

static const struct {
	const char *name;
	enum user_action action;
} actions[] = {
	{ "UpdateSecurityVersion", USER_UPDATE_SECURITY_VERSION },
	{ "ReadSecret", USER_READ_SECRET },
	{ "WriteSecret", USER_WRITE_SECRET },
	{ "UpdateManifest", USER_UPDATE_MANIFEST },
};

const struct manifest_user *user_find(const struct strmap *users, struct bytes certificate)
{
	for (size_t i = 0; i < users->count; i++) {
		const struct manifest_user *user = users->entries[i].value;
		if (bytes_equal(buf_bytes(&user->certificate), certificate))
			return user;
	}
	return NULL;
}

static bool role_allows(
	const struct manifest_role *role, enum user_action action, const char *resource)
{
	if (!(role->actions & 1U << action))
		return false;
	if (action == USER_UPDATE_MANIFEST)
		return true;
	return resource ? strmap_get(&role->resources, resource) != NULL
			: role->resources.count > 0;
}

bool user_may(const struct manifest_user *user, enum user_action action, const char *resource)
{
	for (size_t i = 0; i < user->role_count; i++) {
		if (role_allows(user->roles[i], action, resource))
			return true;
	}
	return false;
}

/* Roles */

static void free_role(void *value)
{
	struct manifest_role *role = value;
	strmap_free(&role->resources, NULL);
	free(role);
}

static struct manifest_role *read_role(const struct document_role *from)
{
	struct manifest_role *role = xcalloc(1, sizeof(*role));
	for (size_t i = 0; i < from->action_count; i++) {
		for (size_t j = 0; j < sizeof(actions) / sizeof(*actions); j++) {
			if (!strcasecmp(from->actions[i], actions[j].name))
				role->actions |= 1U << actions[j].action;
		}
	}
	for (size_t i = 0; i < from->resource_name_count; i++)
		strmap_add(&role->resources, from->resource_names[i], role);
	strmap_sort(&role->resources, NULL);
	return role;
}

static struct manifest_role *make_admin_role(const struct strmap *packages)
{
	struct manifest_role *role = xcalloc(1, sizeof(*role));
	role->actions = 1U << USER_UPDATE_SECURITY_VERSION;
	for (size_t i = 0; i < packages->count; i++)
		strmap_add(&role->resources, packages->entries[i].name, role);
	strmap_sort(&role->resources, NULL);
	return role;
}

static void read_roles(const struct document *document, struct strmap *roles)
{
	for (size_t i = 0; i < document->roles.count; i++) {
		const struct strmap_entry *entry = &document->roles.entries[i];
		strmap_add(roles, entry->name, read_role(entry->value));
	}
	if (document->admins.count)
		strmap_add(roles, ADMIN_ROLE, make_admin_role(&document->packages));
	strmap_sort(roles, free_role);
}

/* Users */

static void free_user(void *value)
{
	struct manifest_user *user = value;
	buf_free(&user->certificate);
	free(user->roles);
	free(user);
}

/* The first PEM block counts, whatever its label. */
static bool read_certificate(const char *name, const char *pem, struct buf *der, struct error *err)
{
	char label[PEM_LABEL_MAX];
	struct pem_reader reader = pem_reader_of(pem, strlen(pem));
	if (!pem_next(&reader, label, der, NULL))
		return error_set(
			err, ERROR_INVALID, "received invalid certificate for user %s", name);
	AUTO(auto_x509) X509 *certificate = cert_read(buf_bytes(der), err);
	return certificate || error_prefix(err, "user %s", name);
}

/* Adds a user without roles, who has room for some; NULL if the certificate is none. */
static struct manifest_user *add_user(struct strmap *users, const char *name, const char *pem,
	size_t role_count, struct error *err)
{
	struct manifest_user *user = xcalloc(1, sizeof(*user));
	strmap_add(users, name, user);
	user->roles = xcalloc(role_count, sizeof(*user->roles));
	return read_certificate(name, pem, &user->certificate, err) ? user : NULL;
}

static bool read_users(const struct document *document, const struct strmap *roles,
	struct strmap *users, struct error *err)
{
	for (size_t i = 0; i < document->users.count; i++) {
		const struct strmap_entry *entry = &document->users.entries[i];
		const struct document_user *from = entry->value;
		struct manifest_user *user =
			add_user(users, entry->name, from->certificate, from->role_count, err);
		if (!user)
			return false;
		for (; user->role_count < from->role_count; user->role_count++)
			user->roles[user->role_count] =
				strmap_get(roles, from->roles[user->role_count]);
	}
	return true;
}

static bool read_admins(const struct document *document, const struct strmap *roles,
	struct strmap *users, struct error *err)
{
	for (size_t i = 0; i < document->admins.count; i++) {
		const struct strmap_entry *entry = &document->admins.entries[i];
		if (strmap_get(&document->users, entry->name))
			continue;
		const char *pem = document_text(*(char *const *)entry->value);
		struct manifest_user *admin = add_user(users, entry->name, pem, 1, err);
		if (!admin)
			return false;
		admin->roles[admin->role_count++] = strmap_get(roles, ADMIN_ROLE);
	}
	return true;
}

bool users_read(const struct document *document, struct strmap *roles, struct strmap *users,
	struct error *err)
{
	read_roles(document, roles);
	bool good =
		read_users(document, roles, users, err) && read_admins(document, roles, users, err);
	strmap_sort(users, free_user);
	for (size_t i = 0; i < users->count; i++) {
		struct manifest_user *user = users->entries[i].value;
		user->name = users->entries[i].name;
	}
	return good || error_prefix(err, "generating users from manifest");
}

void users_free(struct strmap *roles, struct strmap *users)
{
	strmap_free(users, free_user);
	strmap_free(roles, free_role);
}
