/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/folder.h"

#include "base/file.h"
#include "base/memory.h"
#include "crypto/cert.h"
#include "crypto/key.h"
#include "crypto/pem.h"

#include <errno.h>
#include <string.h>

static const char key_label[] = "PRIVATE KEY";

char *platform_path(const char *folder, const char *name)
{
	return xasprintf("%s/%s", folder, name);
}

bool platform_check(const char *folder, struct error *err)
{
	AUTO(auto_free) char *path = platform_path(folder, PLATFORM_ROOT_CA);
	if (access(path, F_OK) == 0)
		return true;
	if (errno != ENOENT && errno != ENOTDIR)
		return error_errno(err, "cannot read %s", path);
	return error_set(err, ERROR_NOT_FOUND,
		"no platform in %s (%s is missing): make one with `graphene-platform init %s`",
		folder, PLATFORM_ROOT_CA, folder);
}

bool platform_has_tdx(const char *folder)
{
	AUTO(auto_free) char *path = platform_path(folder, PLATFORM_TD_QE_REPORT);
	return access(path, F_OK) == 0;
}

bool platform_load(const char *folder, const char *name, struct buf *out, struct error *err)
{
	AUTO(auto_free) char *path = platform_path(folder, name);
	return file_read(path, PLATFORM_FILE_MAX, out, err);
}

bool platform_load_exact(
	const char *folder, const char *name, uint8_t *out, size_t size, struct error *err)
{
	AUTO(buf_free) struct buf content = { 0 };
	if (!platform_load(folder, name, &content, err))
		return false;
	if (content.size != size)
		return error_set(err, ERROR_INVALID, "%s/%s has %zu bytes instead of %zu", folder,
			name, content.size, size);
	memcpy(out, content.data, size);
	return true;
}

bool platform_save(
	const char *folder, const char *name, struct bytes content, bool secret, struct error *err)
{
	AUTO(auto_free) char *path = platform_path(folder, name);
	return file_replace(path, content.data, content.size, secret ? 0600 : 0644, err);
}

EVP_PKEY *platform_load_key(const char *folder, const char *name, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	AUTO(buf_free) struct buf der = { 0 };
	if (!platform_load(folder, name, &text, err))
		return NULL;
	struct pem_reader reader = pem_reader_of(text.data, text.size);
	char label[PEM_LABEL_MAX];
	if (!pem_next(&reader, label, &der, NULL) || strcmp(label, key_label) != 0) {
		error_set(err, ERROR_INVALID, "%s/%s does not begin with a PEM block \"%s\"",
			folder, name, key_label);
		return NULL;
	}
	EVP_PKEY *key = key_read_private(buf_bytes(&der), err);
	if (!key)
		error_prefix(err, "%s/%s", folder, name);
	return key;
}

bool platform_save_key(const char *folder, const char *name, EVP_PKEY *key, struct error *err)
{
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(buf_free) struct buf text = { 0 };
	if (!key_put_private(key, &der, err))
		return false;
	pem_encode(&text, key_label, buf_bytes(&der));
	return platform_save(folder, name, buf_bytes(&text), true, err);
}

X509 *platform_load_cert(const char *folder, const char *name, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	if (!platform_load(folder, name, &text, err))
		return NULL;
	X509 *cert = cert_read_pem(buf_bytes(&text), err);
	if (!cert)
		error_prefix(err, "%s/%s", folder, name);
	return cert;
}

bool platform_save_cert(const char *folder, const char *name, X509 *cert, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	cert_put_pem(cert, &text);
	return platform_save(folder, name, buf_bytes(&text), false, err);
}
