/* SPDX-License-Identifier: Apache-2.0 */
#include "pccs/open.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "pccs/network.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static bool is_folder(const char *path)
{
	struct stat info;
	return path && stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool read_qcnl(struct qcnl *qcnl, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	const char *path = getenv("QCNL_CONF_PATH");
	if (!path || !*path)
		path = QCNL_DEFAULT_PATH;
	struct error reason = { 0 };
	if (!file_read(path, QCNL_MAX, &text, &reason))
		return error_set(err, reason.kind, "%s", reason.message);
	return qcnl_parse(buf_bytes(&text), qcnl, err) || error_prefix(err, "%s", path);
}

static bool find_service(const struct pccs_options *options, struct qcnl *qcnl, struct error *err)
{
	if (options->collateral) {
		*qcnl = qcnl_of_service(options->collateral);
	} else if (!read_qcnl(qcnl, err)) {
		if (err && err->kind == ERROR_NOT_FOUND)
			error_prefix(err, "no collateral to verify quotes with: name a folder or a "
					  "service (PCCS) with --collateral");
		return false;
	}
	const char *secure = options->secure_cert;
	if (secure && strcasecmp(secure, "true") != 0 && strcasecmp(secure, "false") != 0) {
		qcnl_free(qcnl);
		return error_set(err, ERROR_INVALID,
			"\"%s\" is neither TRUE nor FALSE: must the collateral service's "
			"certificate be right?",
			secure);
	}
	if (secure)
		qcnl->is_secure = !strcasecmp(secure, "true");
	return true;
}

struct collateral_source *pccs_source_open(
	const struct pccs_options *options, const char **folder, struct error *err)
{
	static const char scheme[] = "https://";
	const char *given = options->collateral;
	*folder = NULL;
	if (given && strncmp(given, scheme, strlen(scheme)) != 0)
		*folder = given;
	else if (!given && is_folder(options->default_folder))
		*folder = options->default_folder;
	struct network_config config = {
		.ca_file = options->ca_file,
		.cache_folder = options->cache_folder,
		.refreshes_in_background = options->refreshes_in_background,
	};
	if (*folder || !find_service(options, &config.service, err))
		return NULL;
	return network_source_open(&config, err);
}

bool pccs_service_find(
	const struct pccs_options *options, struct pccs_service *service, struct error *err)
{
	struct qcnl qcnl = { 0 };
	return find_service(options, &qcnl, err) &&
	       pccs_service_open(service, &qcnl, options->ca_file, err);
}

struct dcap_verifier *pccs_verifier_new(const struct pccs_options *options, struct error *err)
{
	struct dcap_verifier_config config = { .trust_root_file = options->trust_root_file };
	config.source = pccs_source_open(options, &config.collateral_folder, err);
	if (!config.source && !config.collateral_folder)
		return NULL;
	return dcap_verifier_new(&config, err);
}
